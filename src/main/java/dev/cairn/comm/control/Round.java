package dev.cairn.comm.control;

import dev.cairn.comm.channel.Control;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What ranks have brought to the round that is gathered now, and what comes of it. */
final class Round {
  private final Join[] joins;
  private int joined;
  private int firstRank;
  private long resultBytes;
  private List<byte[]> messages;

  Round(int size) {
    joins = new Join[size];
  }

  boolean isEmpty() {
    return joined == 0;
  }

  boolean isComplete() {
    return joined == joins.length;
  }

  boolean has(int rank) {
    return joins[rank] != null;
  }

  /** Returns the rank that came first; there is one. */
  int firstRank() {
    return firstRank;
  }

  Join first() {
    return joins[firstRank];
  }

  /** Takes what a rank brings; of a result that is too large the messages are not kept. */
  void add(int rank, Join join) {
    if (joined++ == 0) {
      firstRank = rank;
    }
    resultBytes += join.message().length + 4L;
    joins[rank] = resultBytes > Control.MAX_RESULT_BYTES ? join.withoutMessage() : join;
  }

  /** Returns the operations that all ranks have begun, or as many as the one that is ahead. */
  long operation() {
    return Arrays.stream(joins).mapToLong(Join::operation).max().orElseThrow();
  }

  /** Returns why a complete round has no result though every rank lives; null if it has one. */
  String refusal() {
    if (!Arrays.stream(joins).allMatch(join -> join.isOfSameCall(joins[0]))) {
      return "ranks are in different calls: " + whoIsWhere();
    }
    if (resultBytes > Control.MAX_RESULT_BYTES) {
      return "results too large: %s of %d ranks, resultBytes=%d, expected at most %d; send bulk by a transport"
          .formatted(first().collective(), joins.length, resultBytes, Control.MAX_RESULT_BYTES);
    }
    return null;
  }

  private String whoIsWhere() {
    boolean callsDiffer = !Arrays.stream(joins).allMatch(j -> j.call().equals(joins[0].call()));
    Map<String, List<Integer>> ranksByCall = new LinkedHashMap<>();
    for (int rank = 0; rank < joins.length; rank++) {
      String call = joins[rank].call().isEmpty() ? "no operation" : joins[rank].call();
      ranksByCall
          .computeIfAbsent(
              callsDiffer ? call : call + " as operation " + joins[rank].operation(),
              key -> new ArrayList<>())
          .add(rank);
    }
    List<String> groups = new ArrayList<>();
    ranksByCall.forEach((call, ranks) -> groups.add(RankNames.listed(ranks) + " in " + call));
    return String.join(", ", groups);
  }

  /** Returns what a rank gets of a complete round that is not refused. */
  List<byte[]> resultFor(int rank) {
    return switch (first().collective()) {
      case ALL_GATHER -> messages();
      case BROADCAST -> List.of(joins[0].message());
      case GATHER -> rank == 0 ? messages() : List.of();
    };
  }

  /** Returns one list for all ranks: it is as long as they are many. */
  private List<byte[]> messages() {
    if (messages == null) {
      messages = Arrays.stream(joins).map(Join::message).toList();
    }
    return messages;
  }
}
