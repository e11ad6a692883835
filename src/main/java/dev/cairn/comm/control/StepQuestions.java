package dev.cairn.comm.control;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * The hub's part in agreeing on steps: asks every rank, and tells all of them the latest answer.
 */
final class StepQuestions {
  private static final long NO_ANSWER = -1;

  private final Consumer<Consumer<Hub.Member>> tellAll;
  private final long timeoutNanos;
  private final Set<Integer> topics = new LinkedHashSet<>();
  private final long[] answers;
  private long question;
  private boolean asking;
  private long deadlineNanos = Long.MAX_VALUE;

  /**
   * Creates one for ranks of which none has called a meeting.
   *
   * @param tellAll tells something to every member
   */
  StepQuestions(int size, Consumer<Consumer<Hub.Member>> tellAll, long timeoutNanos) {
    this.tellAll = tellAll;
    this.timeoutNanos = timeoutNanos;
    this.answers = new long[size];
  }

  /** A rank calls a meeting; one on the same topic that is being agreed upon is the same. */
  void call(int topic) {
    topics.add(topic);
    if (!asking) {
      ask();
    }
  }

  private void ask() {
    asking = true;
    long asked = ++question;
    Arrays.fill(answers, NO_ANSWER);
    tellAll.accept(member -> member.asked(asked));
  }

  /** A rank answers. */
  void answer(int rank, long answeredQuestion, long lastStep, long now) {
    if (!asking || answeredQuestion != question || lastStep < 0) {
      return;
    }
    if (missing().size() == answers.length) {
      deadlineNanos = now + timeoutNanos; // From the first answer on a rank may be waiting.
    }
    answers[rank] = lastStep;
    if (missing().isEmpty()) {
      agree();
    }
  }

  private void agree() {
    asking = false;
    deadlineNanos = Long.MAX_VALUE;
    long step = Arrays.stream(answers).max().orElseThrow();
    List<Integer> agreed = List.copyOf(topics);
    topics.clear();
    for (int topic : agreed) {
      tellAll.accept(member -> member.agreed(topic, step));
    }
  }

  private List<Integer> missing() {
    return IntStream.range(0, answers.length)
        .filter(rank -> answers[rank] == NO_ANSWER)
        .boxed()
        .toList();
  }

  /** Returns how long until {@link #late} may name ranks. */
  long remainingNanos(long now) {
    return deadlineNanos == Long.MAX_VALUE ? Long.MAX_VALUE : deadlineNanos - now;
  }

  /** Returns the ranks that have not said which step they are in though others wait; or none. */
  List<Integer> late(long now) {
    return remainingNanos(now) <= 0 ? missing() : List.of();
  }
}
