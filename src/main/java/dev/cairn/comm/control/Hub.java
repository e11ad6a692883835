package dev.cairn.comm.control;

import dev.cairn.comm.channel.Timeouts;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * The middle of the star: gathers one collective round after another and tells every member its
 * result, who cancelled, and who failed. Knows no sockets and no threads; one call at a time.
 *
 * <p>The first failure is final: it is told once to every member, and nothing follows it.
 */
public final class Hub {
  /** What the hub tells one rank; calls return without waiting. */
  public interface Member {
    /** The round is complete, with the messages that are for this rank. */
    void completed(long round, List<byte[]> messages);

    /** The round is over for all ranks without a result; the next one is as good as any. */
    void refused(long round, long operation, String reason);

    /** Another rank or this one cancelled an operation. */
    void cancelled(int rank, long operation, String reason);

    /** A rank closed its communicator in good order: the first one, or rank 0. */
    void left(int rank);

    /** Which step is the rank in? */
    void asked(long question);

    /** Ranks meet at the end of this step. */
    void agreed(int topic, long step);

    /** The channel is broken for good. */
    void failed(int rank, String message);
  }

  private final Member[] members;
  private final Deque<IntConsumer> words = new ArrayDeque<>();
  private final long operationTimeoutNanos;
  private final long[] progress;
  private final long[] progressNanos;
  private final StepQuestions meetings;
  private Round gathering;
  private long round = 1;
  private boolean failed;
  private boolean hasLeft;

  public Hub(Member[] members, Timeouts timeouts) {
    this.members = members.clone();
    this.operationTimeoutNanos = timeouts.operation().toNanos();
    this.gathering = new Round(members.length);
    this.progress = new long[members.length];
    this.progressNanos = new long[members.length];
    this.meetings = new StepQuestions(members.length, this::tellAll, operationTimeoutNanos);
  }

  private void tellAll(Consumer<Member> word) {
    tell(rank -> word.accept(members[rank]));
  }

  /**
   * Tells every rank something, before it tells any rank something else: a rank that cannot be told
   * makes the hub fail meanwhile, and the others hear of that after what they were being told. Rank
   * 0 hears last: its process is the hub's, and may go on to commit, or end, as soon as it knows.
   */
  private void tell(IntConsumer word) {
    words.add(word);
    if (words.size() > 1) {
      return; // told by the loop below, which is on the stack
    }
    while (!words.isEmpty()) {
      IntConsumer next = words.peek();
      for (int rank = members.length - 1; rank >= 0; rank--) {
        next.accept(rank);
      }
      words.remove();
    }
  }

  /** Takes what a rank brings to its next round; completes the round when it is the last one. */
  public synchronized void join(int rank, long rankRound, Join join, long now) {
    if (failed) {
      return;
    }
    if (gathering.isEmpty()) {
      Arrays.fill(progressNanos, now);
    }
    if (rankRound != round || gathering.has(rank) || isOutOfStep(join)) {
      Collective first = gathering.isEmpty() ? join.collective() : gathering.first().collective();
      fail(
          rank,
          "collectives out of step: %s called %s as round %d while rank %d called %s as round %d"
              .formatted(
                  RankNames.name(rank, members.length),
                  join.collective(),
                  rankRound,
                  gathering.firstRank(),
                  first,
                  round));
      return;
    }
    gathering.add(rank, join);
    if (gathering.isComplete()) {
      complete();
    }
  }

  /** Ranks in one call make the same collectives; what differs between calls is for all to hear. */
  private boolean isOutOfStep(Join join) {
    return !gathering.isEmpty()
        && join.isOfSameCall(gathering.first())
        && join.collective() != gathering.first().collective();
  }

  private void complete() {
    Round completed = gathering;
    gathering = new Round(members.length);
    long number = round++;
    String refusal = completed.refusal();
    if (refusal == null) {
      tell(rank -> members[rank].completed(number, completed.resultFor(rank)));
    } else {
      tellAll(member -> member.refused(number, completed.operation(), refusal));
    }
  }

  public synchronized void cancel(int rank, long operation, String reason) {
    if (!failed) {
      tellAll(member -> member.cancelled(rank, operation, reason));
    }
  }

  /**
   * A rank closes its communicator. The others hear of the first one only, after which no
   * collective can succeed, and of rank 0, whose connections end: at the end of a training all of
   * them leave.
   */
  public synchronized void leave(int rank) {
    if (!failed && (!hasLeft || rank == 0)) {
      hasLeft = true;
      tellAll(member -> member.left(rank));
    }
  }

  /** Breaks the channel for good and tells everyone; only the first call has an effect. */
  public synchronized void fail(int rank, String message) {
    if (!failed) {
      failed = true;
      tellAll(member -> member.failed(rank, message));
    }
  }

  /** Takes how far a rank says it has come: while that grows, the others wait for it. */
  public synchronized void progress(int rank, long value, long now) {
    if (progress[rank] != value) {
      progress[rank] = value;
      progressNanos[rank] = now;
    }
  }

  /** A rank calls a meeting of all ranks at the end of a step. */
  public synchronized void callMeeting(int topic) {
    if (!failed) {
      meetings.call(topic);
    }
  }

  /** A rank says which step it will not go beyond. */
  public synchronized void answer(int rank, long question, long lastStep, long now) {
    if (!failed) {
      meetings.answer(rank, question, lastStep, now);
    }
  }

  /** Returns how long until {@link #expire} has something to do, or {@link Long#MAX_VALUE}. */
  public synchronized long remainingNanos(long now) {
    if (failed) {
      return Long.MAX_VALUE;
    }
    long least = meetings.remainingNanos(now);
    for (int rank = 0; !gathering.isEmpty() && rank < members.length; rank++) {
      if (!gathering.has(rank)) {
        least = Math.min(least, progressNanos[rank] + operationTimeoutNanos - now);
      }
    }
    return least;
  }

  /** Fails a round, or a meeting, that has waited too long, naming the ranks that it lacks. */
  public synchronized void expire(long now) {
    List<Integer> silent = meetings.late(now);
    if (!silent.isEmpty()) {
      fail(
          silent.get(0),
          "no step agreed upon: no step of %s has ended, waited %.1f s"
              .formatted(RankNames.missing(silent, members.length), operationTimeoutNanos / 1e9));
    }
    if (gathering.isEmpty() || failed) {
      return;
    }
    List<Integer> missing =
        IntStream.range(0, members.length)
            .filter(r -> !gathering.has(r))
            .filter(r -> now - progressNanos[r] >= operationTimeoutNanos)
            .boxed()
            .toList();
    if (missing.isEmpty()) {
      return;
    }
    fail(
        missing.get(0),
        "%s timed out: missing %s, waited %.1f s, first to join was rank %d"
            .formatted(
                gathering.first().collective(),
                RankNames.missing(missing, members.length),
                operationTimeoutNanos / 1e9,
                gathering.firstRank()));
  }
}
