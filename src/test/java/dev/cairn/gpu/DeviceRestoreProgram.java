package dev.cairn.gpu;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Check;
import dev.cairn.device.Cuda;
import dev.cairn.device.Device;
import dev.cairn.device.Emulation;
import dev.cairn.kernels.DeviceKernels;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.options.CheckpointException;
import dev.cairn.support.Group;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Restores into the memory of GPUs by ranks that are threads: well, on whatever GPUs there are;
 * under the emulation, with mistakes and failures, too.
 */
final class DeviceRestoreProgram {
  private static final Optional<DType> AS_HELD = Optional.empty();
  private static final Optional<DType> BF16 = Optional.of(DType.BF16);
  private static final int LARGEST_GROUP = 3;
  private static final int ROUNDS_OF_A_MISTAKE = 300;
  private static final int ROUNDS_WITHOUT_A_MISTAKE = 12;
  private static final int FAILURE = 719;

  private final Path folder;
  private int runs;

  private DeviceRestoreProgram(Path folder) {
    this.folder = folder;
  }

  /** The arguments are what to do, and a folder of its own. */
  public static void main(String[] arguments) throws Exception {
    Emulation.load();
    DeviceRestoreProgram program = new DeviceRestoreProgram(Path.of(arguments[1]));
    switch (arguments[0]) {
      case "restores" -> program.restoresAreRight();
      case "mistakes" -> program.mistakesShow();
      case "failures" -> program.everyFailureIsToldToAll();
      default -> throw new IllegalArgumentException(arguments[0]);
    }
    Check.nothingIsLeft("at the end");
    System.out.println("done");
  }

  private RunOptions saved(int writers, Optional<DType> dtype) throws Exception {
    RunOptions run = RunOptions.in(folder.resolve("run-" + runs++));
    Group.values(
        writers,
        ranks -> {
          DeviceRestores.save(ranks, run, 0, dtype);
          return true;
        });
    return run;
  }

  private void restoresAreRight() throws Exception {
    for (int writers = 1; writers <= LARGEST_GROUP; writers++) {
      for (Optional<DType> dtype : List.of(BF16, Optional.of(DType.F16), AS_HELD)) {
        RunOptions run = saved(writers, dtype);
        for (int readers = 1; readers <= LARGEST_GROUP; readers++) {
          restoresAreRight(run, readers, dtype, AS_HELD);
        }
        restoresAreRight(run, 2, dtype, BF16);
        restoresAreRight(run, 1, dtype, Optional.of(DType.F32));
      }
    }
    partitionsThatAreNotThereAreRefused(saved(1, AS_HELD));
  }

  private static void restoresAreRight(
      RunOptions run, int readers, Optional<DType> saved, Optional<DType> held) throws Exception {
    for (Optional<String> wrong :
        Group.values(readers, ranks -> DeviceRestores.wrongPartition(ranks, run, saved, held))) {
      Check.equal(Optional.empty(), wrong, "wrong partition of " + readers);
    }
  }

  private static void partitionsThatAreNotThereAreRefused(RunOptions run) throws Exception {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(single, DeviceRestores.options(AS_HELD), run)) {
      Checkpoint latest = checkpointer.latest().orElseThrow();
      Device gpu = Device.cuda(Cuda.deviceCount() - 1);
      Parameter parameter =
          Parameter.of(
              "large.bias",
              Shape.of(4999),
              DType.F16,
              Layout.zero3(),
              Partition.of(64, 2 * 4999, gpu));
      Check.fails(
          IllegalArgumentException.class,
          "partition cannot be used: tensor=large.bias, device=%s; address=0x40, lengthBytes=9998 is memory of cpu"
              .formatted(gpu),
          () -> latest.restore(ParameterSet.of(List.of(parameter))));
    }
  }

  /** Each wait is there for a reason: without it, bytes are wrong. */
  private void mistakesShow() throws Exception {
    int trainer = 1; // a restore first makes its two streams wait for the trainer, copies last
    int afterTrainer = 2;
    mistake("copies do not wait for the trainer", () -> Emulation.skipStreamWaits(trainer, 1000));
    mistake(
        "copies into slots do not wait for casts",
        () -> Emulation.skipStreamWaits(afterTrainer, 2));
    mistake("casts do not wait for copies", () -> Emulation.skipStreamWaits(afterTrainer + 1, 2));
    mistake("staging is read into again too early", () -> Emulation.skipHostWaits(true));
    mistake("restore returns too early", () -> Emulation.skipHostWaits(true));
    Check.equal(0, wrongRestores(() -> {}, ROUNDS_WITHOUT_A_MISTAKE), "wrong without a mistake");
  }

  private void mistake(String what, Runnable made) throws Exception {
    int wrong = wrongRestores(made, ROUNDS_OF_A_MISTAKE);
    System.out.println(what + ": wrong=" + wrong);
    Check.equal(1, wrong, "noticed that " + what);
  }

  /** Returns 1 as soon as a round is wrong. */
  private int wrongRestores(Runnable mistake, int rounds) throws Exception {
    RunOptions run = saved(1, BF16);
    int wrong = 0;
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, DeviceRestores.options(BF16), run)) {
      ParameterSet right = DeviceRestores.poison(single, BF16, AS_HELD);
      Checkpoint latest = checkpointer.latest().orElseThrow();
      latest.restore(right);
      for (int round = 0; round < rounds && wrong == 0; round++) {
        ParameterSet poison = DeviceRestores.poison(single, BF16, AS_HELD);
        try (OnDevice trainer = new OnDevice(Device.cuda(0), poison)) {
          trainer.beBusy(1 + round);
          trainer.overwrite();
          mistake.run();
          latest.restore(trainer.parameters());
          DeviceRestores.makeNoMistake();
          wrong += DeviceRestores.firstDifference(right, trainer.download()).isPresent() ? 1 : 0;
        }
      }
    }
    return wrong;
  }

  /** Fails each call of CUDA's in turn, then each piece of a stream's work. */
  private void everyFailureIsToldToAll() throws Exception {
    DeviceKernels.load(); // not again if that failed once
    RunOptions run = saved(1, BF16);
    int calls = failures(run, nth -> Emulation.failCall(nth, FAILURE));
    int work = failures(run, nth -> Emulation.failWork(nth, FAILURE));
    System.out.println("failures=" + calls + "," + work);
    Check.equal(true, calls > 20 && work > 10, "enough places to fail at");
  }

  private interface Failing {
    void nth(int nth);
  }

  private static int failures(RunOptions run, Failing failing) throws Exception {
    int failures = 0;
    for (int nth = 1; ; nth += 1 + nth / 8) {
      int failed = nth;
      boolean reached = true;
      for (boolean rankReached :
          Group.values(2, ranks -> fails(ranks, run, () -> failing.nth(failed)))) {
        reached = rankReached;
      }
      Check.nothingIsLeft("after failure " + nth);
      if (!reached) {
        return failures;
      }
      failures++;
    }
  }

  /** Returns whether a restore failed, as it must if the failure was reached on any rank. */
  private static boolean fails(Communicator ranks, RunOptions run, Runnable begin)
      throws Exception {
    ParameterSet right = DeviceRestores.poison(ranks, BF16, AS_HELD);
    ParameterSet poison = DeviceRestores.poison(ranks, BF16, AS_HELD);
    try (Checkpointer checkpointer = Checkpointer.open(ranks, DeviceRestores.options(BF16), run);
        OnDevice trainer = new OnDevice(Device.cuda(0), poison)) {
      Checkpoint latest = checkpointer.latest().orElseThrow();
      latest.restore(right);
      trainer.await();
      DeviceSaves.together(ranks, begin);
      Throwable failure = null;
      try {
        latest.restore(trainer.parameters());
      } catch (CheckpointException e) {
        failure = e;
      }
      ranks.control().allGather(new byte[0]);
      boolean pending = Emulation.failureIsPending();
      DeviceSaves.together(ranks, DeviceSaves::failNoMore);
      Check.equal(!pending, failure != null, "failed");
      if (failure == null) {
        Optional<String> wrong = DeviceRestores.firstDifference(right, trainer.download());
        Check.equal(Optional.empty(), wrong, "wrong partition");
        return false;
      }
      Check.equal(true, failure.getMessage().contains("code=" + FAILURE), failure.getMessage());
      return true;
    }
  }
}
