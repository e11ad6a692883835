package dev.cairn;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Control;
import dev.cairn.machine.Machine;
import dev.cairn.policy.CheckpointPolicy;
import dev.cairn.ranks.Ranks;
import dev.cairn.run.SaveTimes;
import dev.cairn.run.Signals;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Tells the trainer after each step whether to save now and whether to stop: at the same step on
 * every rank, whichever of them was signalled and whatever each one measures.
 *
 * <pre>{@code
 * checkpointer.reserveSnapshot(model, state);
 * try (Schedule schedule = checkpointer.schedule(policy).stopOnSignals("TERM", "USR1")) {
 *   for (step++; step <= lastStep; step++) {
 *     train(step);
 *     StepDecision decision = schedule.stepDone(step);
 *     if (decision.save()) {
 *       checkpointer.saveAsync(step, model, files, state);
 *     }
 *     if (decision.stop()) {
 *       break;
 *     }
 *   }
 * }
 * checkpointer.saveLast(Math.min(step, lastStep), model, files, state);
 * }</pre>
 *
 * <p>Steps cost no communication. When a save or a stop is due, ranks agree on the next step that
 * none of them has passed, over the control channel; none waits for another one's training.
 */
public final class Schedule implements AutoCloseable {
  private static final Logger LOG = System.getLogger(Schedule.class.getName());
  private static final int STOP = 0;
  private static final int SAVE = 1;

  private final Ranks ranks;
  private final SaveTimes times;
  private final Optional<CheckpointPolicy> policy;
  private Optional<Signals> signals = Optional.empty();
  private long stepStart = System.nanoTime();
  private boolean saveIsCalled;
  private boolean isStopped;

  Schedule(Ranks ranks, SaveTimes times, Optional<CheckpointPolicy> policy) {
    this.ranks = ranks;
    this.times = times;
    this.policy = policy;
    policy.ifPresent(present -> times.want());
  }

  /**
   * Stops training when this process gets one of these signals, which replace those of an earlier
   * call; enough on one rank. Handlers that the program has set are called too.
   *
   * <p>Until {@link #close}, a signal that would end the process does so only
   *
   * <ul>
   *   <li>when it comes again more than five seconds after the first one: sooner, it is the same
   *       request, as Slurm sends TERM, CONT and TERM within milliseconds at a job's time limit;
   *   <li>when the ranks cannot agree on a step any more, because one has died or left: at once if
   *       that was known before, otherwise after five more seconds. In these a trainer that hears
   *       of it from {@link #stepDone} can close this and end by itself.
   * </ul>
   *
   * @param names without SIG: {@code TERM} of Kubernetes and Slurm, {@code USR1} of {@code sbatch
   *     --signal}
   * @return this
   * @throws IllegalArgumentException if there is no such signal, or the JVM needs it itself
   */
  public Schedule stopOnSignals(String... names) {
    Signals watched = Signals.watch(List.of(names), this::isStopRequested, Machine.local());
    signals.ifPresent(Signals::close);
    signals = Optional.of(watched);
    control().onFailure(failure -> giveUpIfUnusable(watched));
    return this;
  }

  /**
   * Passes a signal on to the other ranks; returns false if they cannot agree on a step any more.
   */
  private boolean isStopRequested() {
    String reason;
    try {
      requestStop();
      reason = control().unusable().map(CommunicationException::getMessage).orElse("");
    } catch (IllegalStateException closed) {
      reason = closed.getMessage();
    }
    if (reason.isEmpty()) {
      LOG.log(Level.INFO, "signal received: training stops at a step that the ranks agree on");
    } else {
      LOG.log(Level.WARNING, "signal received, but ranks cannot agree on a step: {0}", reason);
    }
    return reason.isEmpty();
  }

  private void giveUpIfUnusable(Signals watched) {
    if (control().unusable().isPresent()) { // And not only one operation cancelled.
      watched.giveUp();
    }
  }

  /** Asks all ranks to save and stop after a step to come. One rank is enough; any thread. */
  public void requestStop() {
    control().callMeeting(STOP);
  }

  /** Asks all ranks to save after a step to come. One rank is enough; any thread. */
  public void requestSave() {
    control().callMeeting(SAVE);
  }

  /**
   * Takes note that this rank has done a step, and returns what all ranks do now. Every rank calls
   * it after every step; not collective.
   *
   * @param step its number, which grows from call to call
   * @return whether to save and whether to stop now; the same on every rank
   * @throws CommunicationException at the first step after it is known that a rank has died or
   *     hangs; no later step can be saved
   * @throws IllegalArgumentException if steps go back
   */
  public StepDecision stepDone(long step) throws CommunicationException {
    policy.ifPresent(this::ask);
    Set<Integer> due = control().endStep(step);
    boolean stops = due.contains(STOP) && !isStopped;
    if (due.contains(SAVE) || stops) {
      saveIsCalled = false;
    }
    isStopped |= stops;
    stepStart = System.nanoTime();
    return new StepDecision(due.contains(SAVE) || stops, isStopped);
  }

  /** Ranks measure different times: only rank 0's policy counts. */
  private void ask(CheckpointPolicy present) {
    long stallNanos = times.takeStallNanos();
    times.tell(present);
    present.stepTook(Math.max(0, System.nanoTime() - stepStart - stallNanos));
    if (ranks.isWriter() && !saveIsCalled && present.shouldSave()) {
      saveIsCalled = true;
      requestSave();
    }
  }

  private Control control() {
    return ranks.communicator().control();
  }

  /**
   * Puts the signal handlers back that were there before; five seconds later if training has
   * stopped, as the same signal may still be on its way to this rank.
   */
  @Override
  public void close() {
    signals.ifPresent(watched -> watched.close(isStopped));
    signals = Optional.empty();
  }
}
