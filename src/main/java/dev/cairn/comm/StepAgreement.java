package dev.cairn.comm;

import dev.cairn.machine.Machine;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One rank's part in agreeing on steps: which step it is in, what it has promised, what was agreed.
 *
 * <p>A rank is asked on its control thread and answers at once with the step that it is in: it
 * promises not to go beyond the end of that step before it knows what was agreed. The latest of all
 * answers is agreed, which no rank has passed. So no rank ever waits for another one's training,
 * only for control threads, and nothing is exchanged while nobody calls a meeting. Any thread.
 */
final class StepAgreement {
  private static final long UNKNOWN = -1;

  private final Machine machine;
  private final TreeMap<Long, Set<Integer>> topicsByStep = new TreeMap<>();
  private long step = UNKNOWN;
  private long question;
  private long lastStep = Long.MAX_VALUE;

  StepAgreement(Machine machine) {
    this.machine = machine;
  }

  /** Sends an answer to the hub; called without a lock held. */
  interface Answers {
    void answer(long question, long lastStep);
  }

  /** Takes a question; it is answered now, or after the first step if there has been none. */
  void asked(long newQuestion, Answers answers) {
    long answer;
    synchronized (this) {
      if (step == UNKNOWN) {
        question = newQuestion;
        return;
      }
      answer = step + 1;
      lastStep = answer;
    }
    answers.answer(newQuestion, answer);
  }

  /** Takes what was agreed. */
  synchronized void agreed(int topic, long agreedStep) {
    topicsByStep.computeIfAbsent(agreedStep, key -> new TreeSet<>()).add(topic);
    lastStep = Long.MAX_VALUE;
    machine.wake(this);
  }

  /** Takes note of a step that is done, and answers a question that came before the first one. */
  void done(long doneStep, Answers answers) {
    long open;
    synchronized (this) {
      if (doneStep <= step || doneStep < 0) {
        throw new IllegalArgumentException(
            "steps go back: step=%d, expected more than %d".formatted(doneStep, step));
      }
      step = doneStep;
      open = question;
      question = 0;
      if (open != 0) {
        lastStep = doneStep;
      }
    }
    if (open != 0) {
      answers.answer(open, doneStep);
    }
  }

  /** Returns whether this rank has to wait for what is being agreed. */
  synchronized boolean mustWait() {
    return step >= lastStep;
  }

  /** Waits until something may have changed; {@code failures} that come later wake this. */
  synchronized void await(long waitMillis, FailureState failures)
      throws InterruptedException, CommunicationException {
    if (mustWait()) {
      failures.check();
      machine.await(this, waitMillis);
    }
  }

  synchronized void wake() {
    machine.wake(this);
  }

  /** Returns what ranks meet for at this step; each meeting is returned once. */
  synchronized Set<Integer> due() {
    Set<Integer> topics = new TreeSet<>();
    var due = topicsByStep.headMap(step, true);
    due.values().forEach(topics::addAll);
    due.clear();
    return topics;
  }
}
