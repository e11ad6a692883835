package dev.cairn.example;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.PendingSave;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.policy.CheckpointPolicy;
import dev.cairn.policy.PolicyOptions;
import dev.cairn.policy.PolicyState;
import java.io.IOException;
import java.util.Optional;

/** Saves a run in the background when its policy says that a save pays. */
final class Saves {
  private static final String POLICY = "policy";

  private final Group group;
  private final Checkpointer checkpointer;
  private final ModelFiles files;
  private final ParameterSet parameters;
  private final TrainerState.Builder state;
  private final CheckpointPolicy policy;
  private final long firstStep;
  private Optional<PendingSave> pending = Optional.empty();
  private long savingSince;
  private long stepBegan;

  /** Goes on from the run's latest checkpoint, if there is one. */
  Saves(
      Group group,
      Checkpointer checkpointer,
      ModelFiles files,
      ZeroThree model,
      PolicyOptions options)
      throws IOException {
    this.group = group;
    this.checkpointer = checkpointer;
    this.files = files;
    this.parameters = model.parameters();
    this.state = model.state();
    Optional<Checkpoint> latest = checkpointer.latest();
    if (latest.isPresent()) {
      Checkpoint checkpoint = latest.get();
      checkpoint.restore(state.build());
      String known = checkpoint.textValue(POLICY).orElseThrow();
      policy = CheckpointPolicy.resume(options, PolicyState.parse(known));
      firstStep = checkpoint.step() + 1;
    } else {
      policy = CheckpointPolicy.start(options);
      firstStep = 1;
    }
    checkpointer.reserveSnapshot(parameters, state.build());
    stepBegan = System.nanoTime();
  }

  /** Returns the first step that is still to be trained. */
  long firstStep() {
    return firstStep;
  }

  /** Returns the seconds of work that a failure now costs in expectation, as far as is known. */
  double expectedLossSeconds() {
    return policy.expectedLossSeconds().orElse(0);
  }

  /** Returns the seconds of work that a failure now costs at most, as far as is known. */
  double largestLossSeconds() {
    return policy.largestLossSeconds().orElse(0);
  }

  /** Takes note of a step; every rank calls it. Returns whether a save has begun. */
  boolean afterStep(long step) throws IOException {
    policy.stepTook(System.nanoTime() - stepBegan);
    if (pending.isPresent() && pending.get().isDone()) {
      pending.get().await();
      policy.saveCommitted(System.nanoTime() - savingSince);
      pending = Optional.empty();
    }
    boolean saves = group.agree(policy.shouldSave());
    if (saves) {
      save(step);
    }
    stepBegan = System.nanoTime();
    return saves;
  }

  private void save(long step) throws IOException {
    savingSince = System.nanoTime();
    TrainerState now = state.value(POLICY, policy.state().encode()).build();
    pending = Optional.of(checkpointer.saveAsync(step, parameters, files, now));
    policy.saveStalled(pending.get().stallNanos());
  }
}
