package dev.cairn.comm;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The middle of the star: gathers one collective round after another and tells every member its
 * result, who cancelled, and who failed. Knows no sockets and no threads; one call at a time.
 *
 * <p>The first failure is final: it is told once to every member, and nothing follows it.
 */
final class Hub {
  /** What the hub tells one rank; calls return without waiting. */
  interface Member {
    /** The round is complete: one message for each rank, or rank 0's only for a broadcast. */
    void completed(long round, List<byte[]> messages);

    /** Another rank or this one cancelled an operation. */
    void cancelled(int rank, long operation, String reason);

    /** A rank closed its communicator in good order. */
    void left(int rank);

    /** The channel is broken for good. */
    void failed(int rank, String message);
  }

  private final Member[] members;
  private final long operationTimeoutNanos;
  private final byte[][] messages;
  private Collective collective;
  private int firstRank;
  private int joined;
  private long round = 1;
  private long deadlineNanos;
  private boolean failed;

  Hub(Member[] members, Timeouts timeouts) {
    this.members = members.clone();
    this.operationTimeoutNanos = timeouts.operation().toNanos();
    this.messages = new byte[members.length][];
  }

  /** Takes a rank's message for its next round; completes the round when it is the last one. */
  synchronized void join(int rank, long rankRound, Collective call, byte[] message, long now) {
    if (failed) {
      return;
    }
    if (joined == 0) {
      collective = call;
      firstRank = rank;
      deadlineNanos = now + operationTimeoutNanos;
    }
    if (rankRound != round || messages[rank] != null || call != collective) {
      fail(
          rank,
          "collectives out of step: %s called %s as round %d while rank %d called %s as round %d"
              .formatted(name(rank), call, rankRound, firstRank, collective, round));
      return;
    }
    messages[rank] = message;
    if (++joined == members.length) {
      complete();
    }
  }

  private void complete() {
    List<byte[]> result =
        collective == Collective.BROADCAST ? List.of(messages[0]) : List.of(messages.clone());
    long bytes = result.stream().mapToLong(m -> m.length + 4L).sum();
    if (bytes > Integer.MAX_VALUE - 64) {
      fail(
          CommunicationException.UNKNOWN_RANK,
          "collective too large: resultBytes=%d, expected at most %d"
              .formatted(bytes, Integer.MAX_VALUE - 64));
      return;
    }
    Arrays.fill(messages, null);
    joined = 0;
    long completed = round++;
    for (Member member : members) {
      member.completed(completed, result);
    }
  }

  synchronized void cancel(int rank, long operation, String reason) {
    if (!failed) {
      for (Member member : members) {
        member.cancelled(rank, operation, reason);
      }
    }
  }

  synchronized void leave(int rank) {
    if (!failed) {
      for (Member member : members) {
        member.left(rank);
      }
    }
  }

  /** Breaks the channel for good and tells everyone; only the first call has an effect. */
  synchronized void fail(int rank, String message) {
    if (!failed) {
      failed = true;
      for (Member member : members) {
        member.failed(rank, message);
      }
    }
  }

  /** Returns how long until {@link #expire} has something to do, or {@link Long#MAX_VALUE}. */
  synchronized long remainingNanos(long now) {
    return joined == 0 || failed ? Long.MAX_VALUE : deadlineNanos - now;
  }

  /** Fails a round that has waited too long, naming the ranks that did not join it. */
  synchronized void expire(long now) {
    if (joined == 0 || failed || now - deadlineNanos < 0) {
      return;
    }
    List<Integer> missing =
        IntStream.range(0, members.length).filter(r -> messages[r] == null).boxed().toList();
    fail(
        missing.get(0),
        "%s timed out: missing %s, waited %.1f s, first to join was rank %d"
            .formatted(
                collective,
                missing(missing, members.length),
                operationTimeoutNanos / 1e9,
                firstRank));
  }

  private String name(int rank) {
    return name(rank, members.length);
  }

  static String name(int rank, int size) {
    return "rank %d of %d".formatted(rank, size);
  }

  static String missing(List<Integer> ranks, int size) {
    String list = ranks.stream().limit(16).map(String::valueOf).collect(Collectors.joining(", "));
    String more = ranks.size() > 16 ? " and %d more".formatted(ranks.size() - 16) : "";
    return "%s %s%s of %d".formatted(ranks.size() == 1 ? "rank" : "ranks", list, more, size);
  }
}
