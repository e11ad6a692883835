package dev.cairn.simulation;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.Checkpointers;
import dev.cairn.PendingSave;
import dev.cairn.RunDirectory;
import dev.cairn.SingleFile;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.peft.AdapterCheckpointer;
import dev.cairn.peft.LoraConfig;
import dev.cairn.simulation.history.Call;
import dev.cairn.simulation.history.Generation;
import dev.cairn.simulation.history.Model;
import dev.cairn.simulation.history.Outcome;
import dev.cairn.simulation.scheduling.Fiber;
import dev.cairn.simulation.scheduling.Phase;
import dev.cairn.simulation.scheduling.ProcessKilled;
import dev.cairn.simulation.scheduling.SimulatedProcess;
import dev.cairn.simulation.world.SimulatedDisk;
import dev.cairn.simulation.world.SimulatedMachine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What one rank's trainer does: opens the run, makes its calls, closes it. */
final class RankProgram {
  private static final LoraConfig LORA =
      LoraConfig.builder().rank(2).alpha(4).targetModules(List.of("q")).build();

  private final Stage stage;
  private final Generation generation;
  private final SimulatedProcess process;
  private final Communicator communicator;
  private final SimulatedMachine machine;
  private final Disk disk;
  private final Model model;
  private Checkpointer checkpointer;

  RankProgram(
      Stage stage,
      Generation generation,
      SimulatedProcess process,
      Communicator communicator,
      ByteBuffer memory) {
    this.stage = stage;
    this.generation = generation;
    this.process = process;
    this.communicator = communicator;
    this.machine = new SimulatedMachine(stage.world(), process);
    this.disk = new SimulatedDisk(stage.world(), process);
    this.model = new Model(memory, communicator.rank(), communicator.size());
  }

  private int rank() {
    return communicator.rank();
  }

  /** Runs to its end, or until its process dies. */
  void run() {
    Fiber fiber = Fiber.current();
    fiber.begin(-1, Phase.OPEN);
    checkpointer =
        Checkpointers.open(
            communicator,
            generation.setup().saveOptions(),
            Optional.of(generation.setup().runOptions(stage.world().run())),
            disk,
            machine);
    stage.opened(checkpointer);
    checkpointer.onProgress((phase, done, total) -> enter(phase.name()));
    for (Call call : generation.calls().get(rank())) {
      if (!make(call) && !generation.goesOn()) {
        break;
      }
    }
    close();
  }

  private static void enter(String phase) {
    Fiber.current().enter(Phase.valueOf(phase));
  }

  private void close() {
    Fiber.current().enter(Phase.CLOSE);
    try {
      checkpointer.close();
    } catch (IOException | RuntimeException e) {
      stage.trace(process + " close: " + e);
    }
    communicator.close();
  }

  /** Makes a call; returns whether it did not fail. */
  private boolean make(Call call) {
    Fiber fiber = Fiber.current();
    fiber.begin(call.slot(), Phase.IDLE);
    stage.began(process, call);
    Outcome outcome;
    try {
      outcome = perform(call);
    } catch (ProcessKilled e) {
      throw e;
    } catch (IOException | RuntimeException | Error e) {
      process.check();
      outcome = stage.failed(e);
    }
    process.check();
    fiber.enter(Phase.IDLE);
    stage.told(process, call, outcome);
    return !outcome.isFailure();
  }

  private Outcome perform(Call call) throws IOException {
    return switch (call.kind()) {
      case SAVE -> {
        checkpointer.save(call.step(), weights(call), ModelFiles.none(), state(call));
        yield Outcome.of(Outcome.Result.COMMITTED);
      }
      case SAVE_LAST -> {
        checkpointer.saveLast(call.step(), weights(call), ModelFiles.none(), state(call));
        yield Outcome.of(Outcome.Result.COMMITTED);
      }
      case SAVE_ASYNC ->
          pending(
              call,
              checkpointer.saveAsync(call.step(), weights(call), ModelFiles.none(), state(call)));
      case BEGIN_SAVE ->
          pending(
              call,
              checkpointer.beginSave(call.step(), weights(call), ModelFiles.none(), state(call)));
      case SAVE_FOLDER -> {
        checkpointer.save(
            stage.world().run().resolveSibling("folder-" + call.step()),
            weights(call),
            ModelFiles.none());
        yield Outcome.of(Outcome.Result.COMMITTED);
      }
      case SINGLE_FILE -> saveSingle(call);
      case ADAPTER -> {
        ParameterSet adapter = model.fresh().of(Model.ADAPTER, call.stamp(), call.isWrong());
        new AdapterCheckpointer(checkpointer, LORA)
            .save(call.step(), adapter, model.state(call.stamp()));
        yield Outcome.of(Outcome.Result.COMMITTED);
      }
      case LATEST ->
          latest()
              .map(found -> Outcome.found(found.step()))
              .orElse(Outcome.of(Outcome.Result.NOTHING_FOUND));
      case RESTORE -> restore();
      case RESERVE -> {
        Fiber.current().enter(Phase.OPEN);
        checkpointer.reserveSnapshot(weights(call), state(call));
        yield Outcome.of(Outcome.Result.DONE);
      }
      case PRUNE -> prune();
    };
  }

  private ParameterSet weights(Call call) {
    return model.fresh().of(Model.WEIGHTS, call.stamp(), call.isWrong());
  }

  private TrainerState state(Call call) {
    return model.state(call.stamp());
  }

  private Outcome saveSingle(Call call) throws IOException {
    ParameterSet single = model.fresh().of(Model.SINGLE, call.stamp(), call.isWrong());
    SingleFile.save(
        checkpointer,
        call.step(),
        () -> new SingleFile("one", single, ModelFiles.none(), Optional.empty()),
        state(call));
    return Outcome.of(Outcome.Result.COMMITTED);
  }

  private Outcome pending(Call call, PendingSave pending) throws IOException {
    pending.snapshotDone();
    if (call.awaits()) {
      pending.await();
      return Outcome.of(Outcome.Result.COMMITTED);
    }
    return Outcome.of(Outcome.Result.BEGUN);
  }

  private Optional<Checkpoint> latest() throws IOException {
    Fiber.current().enter(Phase.LATEST);
    return checkpointer.latest();
  }

  private Outcome restore() throws IOException {
    Optional<Checkpoint> found = latest();
    if (found.isEmpty()) {
      return Outcome.of(Outcome.Result.NOTHING_FOUND);
    }
    Fiber.current().enter(Phase.RESTORE);
    long step = found.get().step();
    List<Model.Tensor> tensors = Model.ofStep(step);
    ParameterSet set = model.fresh().of(tensors, 0, false);
    TrainerState state = model.state(0);
    if (tensors == Model.ADAPTER) {
      new AdapterCheckpointer(checkpointer, LORA).restore(found.get(), set, state);
    } else {
      found.get().restore(set, state);
    }
    Set<Integer> stamps = model.stamps(tensors);
    return stamps.size() <= 1
        ? new Outcome(Outcome.Result.RESTORED, step, stamp(stamps), false, "")
        : new Outcome(Outcome.Result.MIXED, step, -1, false, "stamps " + stamps);
  }

  /** A rank may hold no element at all. */
  private static int stamp(Set<Integer> stamps) {
    return stamps.isEmpty() ? -1 : stamps.iterator().next();
  }

  private Outcome prune() throws IOException {
    if (rank() == 0) {
      Fiber.current().enter(Phase.PRUNE);
      stage.pruned(2, 0);
      RunDirectory directory = Checkpointers.directory(stage.world().run(), disk, machine);
      directory.delete(directory.surplus(2, 0));
    }
    return Outcome.of(Outcome.Result.DONE);
  }
}
