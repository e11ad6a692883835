package dev.cairn.comm.control;

import dev.cairn.comm.channel.CommunicationException;
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

  /**
   * Takes note of a step that is done, and waits for what is being agreed if this rank may not go
   * beyond it before; returns what ranks meet for after it.
   *
   * @param line to the hub; used without a lock held
   * @param expireMillis how often a waiting rank calls {@link HubLine#expire}; 0 for never
   * @throws CommunicationException if the channel is broken, or becomes so
   */
  Set<Integer> end(long doneStep, HubLine line, long expireMillis, FailureState failures)
      throws CommunicationException {
    done(doneStep, line);
    boolean interrupted = false;
    try {
      while (mustWait()) {
        try {
          await(expireMillis, failures);
        } catch (InterruptedException e) {
          interrupted = true; // Kept for the caller: what is being agreed is heard.
        }
        line.expire();
      }
      failures.checkBroken(); // Also if nobody calls a meeting: nothing comes of another step.
      return due();
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Takes a question; it is answered now, or after the first step if there has been none. */
  void asked(long newQuestion, HubLine line) {
    long answer;
    synchronized (this) {
      if (step == UNKNOWN) {
        question = newQuestion;
        return;
      }
      answer = step + 1;
      lastStep = answer;
    }
    line.answer(newQuestion, answer);
  }

  /** Takes what was agreed. */
  synchronized void agreed(int topic, long agreedStep) {
    topicsByStep.computeIfAbsent(agreedStep, key -> new TreeSet<>()).add(topic);
    lastStep = Long.MAX_VALUE;
    machine.wake(this);
  }

  /** Answers a question that came before the first step. */
  private void done(long doneStep, HubLine line) {
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
      line.answer(open, doneStep);
    }
  }

  /** Returns whether this rank has to wait for what is being agreed. */
  private synchronized boolean mustWait() {
    return step >= lastStep;
  }

  /** Waits until something may have changed; {@code failures} that come later wake this. */
  private synchronized void await(long waitMillis, FailureState failures)
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
  private synchronized Set<Integer> due() {
    Set<Integer> topics = new TreeSet<>();
    var due = topicsByStep.headMap(step, true);
    due.values().forEach(topics::addAll);
    due.clear();
    return topics;
  }
}
