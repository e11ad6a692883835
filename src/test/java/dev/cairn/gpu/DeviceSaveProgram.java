package dev.cairn.gpu;

import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Check;
import dev.cairn.device.Cuda;
import dev.cairn.device.Device;
import dev.cairn.device.Emulation;
import dev.cairn.hf.ModelFiles;
import dev.cairn.kernels.DeviceKernels;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/**
 * Saves of ranks that are threads: well, on whatever GPUs there are; under the emulation, with
 * mistakes and failures, too.
 */
final class DeviceSaveProgram {
  private static final Optional<DType> BF16 = Optional.of(DType.BF16);
  private static final int ROUNDS_OF_A_MISTAKE = 12;
  private static final int FAILURE = 719;

  private final Path folder;
  private int saves;

  private DeviceSaveProgram(Path folder) {
    this.folder = folder;
  }

  /** The arguments are what to do, and a folder of its own. */
  public static void main(String[] arguments) throws Exception {
    Emulation.load();
    DeviceSaveProgram program = new DeviceSaveProgram(Path.of(arguments[1]));
    switch (arguments[0]) {
      case "saves" -> program.savesAreRight();
      case "mistakes" -> program.mistakesShow();
      case "failures" -> program.everyFailureIsToldToAll();
      case "host-read" -> program.hostReadsDeviceMemory();
      default -> throw new IllegalArgumentException(arguments[0]);
    }
    Check.nothingIsLeft("at the end");
    System.out.println("done");
  }

  private Path nextTarget() {
    return folder.resolve("model-" + saves++);
  }

  private void savesAreRight() throws Exception {
    for (int worldSize = 1; worldSize <= 4; worldSize++) {
      for (SaveMode mode : List.of(SaveMode.PARALLEL, SaveMode.GATHER)) {
        for (Optional<DType> dtype :
            List.of(BF16, Optional.of(DType.F16), Optional.<DType>empty())) {
          Check.equal(Optional.empty(), save(worldSize, mode, dtype), "wrong file");
        }
      }
    }
    Check.equal(Optional.empty(), saveSnapshots(3), "wrong file of a snapshot");
    partitionsThatAreNotThereAreRefused();
  }

  /** Returns the first wrong file of a save. */
  private Optional<String> save(int worldSize, SaveMode mode, Optional<DType> dtype)
      throws Exception {
    Path target = nextTarget();
    SaveOptions options = DeviceSaves.options(mode, dtype).build();
    for (Group.Result<SaveReport> result :
        Group.run(worldSize, ranks -> DeviceSaves.save(ranks, options, target))) {
      if (result.failure() != null) {
        throw new AssertionError(mode + " of " + worldSize, result.failure());
      }
    }
    return DeviceSaves.wrongFile(target, worldSize, dtype);
  }

  /** Returns the first wrong file of two saves of the moment of their calls. */
  private Optional<String> saveSnapshots(int worldSize) throws Exception {
    Path run = nextTarget();
    SaveOptions options = DeviceSaves.options(SaveMode.PARALLEL, BF16).build();
    Group.values(worldSize, ranks -> saveAsync(ranks, options, run));
    for (int step = 0; step < 2; step++) {
      Path saved = run.resolve("step_" + step);
      Optional<String> wrong = DeviceSaves.wrongFile(saved, worldSize, BF16);
      if (wrong.isPresent()) {
        return wrong;
      }
    }
    return Optional.empty();
  }

  private static boolean saveAsync(Communicator ranks, SaveOptions options, Path run)
      throws Exception {
    ParameterSet host = DeviceSaves.model(ranks.size()).on(ranks.rank(), ranks.size());
    try (Checkpointer checkpointer = Checkpointer.open(ranks, options, RunOptions.in(run))) {
      for (int step = 0; step < 2; step++) {
        try (OnDevice trainer = new OnDevice(DeviceSaves.gpu(ranks), host)) {
          TrainerState state = TrainerState.builder().build();
          checkpointer.saveAsync(step, trainer.parameters(), ModelFiles.none(), state);
          trainer.overwrite();
        }
      }
    }
    return true;
  }

  private void partitionsThatAreNotThereAreRefused() throws Exception {
    Device gpu = Device.cuda(Cuda.deviceCount() - 1);
    SaveOptions options = DeviceSaves.options(SaveMode.PARALLEL, BF16).build();
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, options);
        OnDevice trainer =
            new OnDevice(
                gpu, new ReferenceModel(1).add("w", DType.F32, Layout.zero3(), 4).on(0, 1))) {
      long there = trainer.parameters().parameters().get(0).partition().address(0);
      refused(checkpointer, Partition.of(there + 2, 12, gpu), "not aligned");
      refused(checkpointer, Partition.of(there, 16, Device.cuda(99)), "cuda:0 to " + gpu);
      refused(checkpointer, Partition.of(64, 16, gpu), "is memory of cpu");
      if (gpu.index() > 0) {
        refused(checkpointer, Partition.of(there, 16, Device.cuda(0)), "is memory of " + gpu);
      }
    }
  }

  private void refused(Checkpointer checkpointer, Partition partition, String why) {
    int elements = (int) (partition.lengthBytes() + 3) / 4;
    Parameter parameter =
        Parameter.of("w", Shape.of(elements), DType.F32, Layout.zero3(), partition);
    Check.fails(
        IllegalArgumentException.class,
        why,
        () ->
            checkpointer.save(
                nextTarget(), ParameterSet.of(List.of(parameter)), ModelFiles.none()));
  }

  /** Each wait of the copy from GPUs is there for a reason: without it, bytes are wrong. */
  private void mistakesShow() throws Exception {
    int afterTrainer = 2; // a save first makes both of its streams wait for the trainer
    mistake("streams do not wait for the trainer", () -> Emulation.skipStreamWaits(0, 1_000_000));
    mistake("casts do not wait for copies", () -> Emulation.skipStreamWaits(afterTrainer, 2));
    mistake("copies do not wait for casts", () -> Emulation.skipStreamWaits(afterTrainer + 1, 2));
    mistake("staging is used again too early", () -> Emulation.skipHostWaits(true));
    Check.equal(0, wrongSaves(this::saveOnce, () -> {}), "wrong saves without a mistake");
    mistake(
        "snapshots do not wait for the trainer",
        this::saveSnapshots,
        () -> Emulation.skipStreamWaits(0, 1_000_000));
    // Copies to memory that is not pinned would have been made all the same.
    mistake(
        "snapshots are used before they are there",
        this::saveSnapshots,
        () -> Emulation.skipHostWaits(true));
    Check.equal(0, wrongSaves(this::saveSnapshots, () -> {}), "wrong snapshots without a mistake");
  }

  private Optional<String> saveOnce() throws Exception {
    return save(1, SaveMode.PARALLEL, BF16);
  }

  private Optional<String> saveSnapshots() throws Exception {
    return saveSnapshots(1);
  }

  private void mistake(String what, Runnable made) throws Exception {
    mistake(what, this::saveOnce, made);
  }

  private static void mistake(String what, Callable<Optional<String>> save, Runnable made)
      throws Exception {
    int wrong = wrongSaves(save, made);
    System.out.println(what + ": wrong=" + wrong);
    Check.equal(true, wrong > 0, "noticed that " + what);
  }

  private static int wrongSaves(Callable<Optional<String>> save, Runnable mistake)
      throws Exception {
    int wrong = 0;
    for (int round = 0; round < ROUNDS_OF_A_MISTAKE && wrong == 0; round++) {
      mistake.run();
      try {
        wrong += save.call().isPresent() ? 1 : 0;
      } finally {
        DeviceRestores.makeNoMistake();
      }
    }
    return wrong;
  }

  /** Fails each call of CUDA's in turn, then each piece of a stream's work. */
  private void everyFailureIsToldToAll() throws Exception {
    DeviceKernels.load(); // not again if that failed once
    for (boolean async : new boolean[] {false, true}) {
      int calls = failures(async, nth -> Emulation.failCall(nth, FAILURE));
      int work = failures(async, nth -> Emulation.failWork(nth, FAILURE));
      System.out.println("async=" + async + ", failures=" + calls + "," + work);
      Check.equal(true, calls > 20 && work > 10, "enough places to fail at");
    }
  }

  private interface Failing {
    void nth(int nth);
  }

  private int failures(boolean async, Failing failing) throws Exception {
    int failures = 0;
    for (int nth = 1; ; nth += 1 + nth / 8) {
      Path run = nextTarget();
      int failed = nth;
      Runnable begin = () -> failing.nth(failed);
      boolean reached = true;
      for (Group.Result<Boolean> result : Group.run(2, ranks -> fails(ranks, async, begin, run))) {
        if (result.failure() != null) {
          throw new AssertionError("failure " + nth, result.failure());
        }
        reached = result.value();
      }
      Check.nothingIsLeft("after failure " + nth);
      if (!reached) {
        Check.equal(
            Optional.empty(), DeviceSaves.wrongFile(run.resolve("step_0"), 2, BF16), "wrong file");
        return failures;
      }
      if (Files.exists(run)) {
        try (Stream<Path> left = Files.list(run)) {
          Check.equal(List.of(), left.toList(), "left after failure " + nth);
        }
      }
      failures++;
    }
  }

  /** Returns whether a save failed, as it must if the failure was reached on any rank. */
  private static boolean fails(Communicator ranks, boolean async, Runnable begin, Path run)
      throws Exception {
    SaveOptions options = DeviceSaves.options(SaveMode.PARALLEL, BF16).build();
    ParameterSet host = DeviceSaves.model(2).on(ranks.rank(), 2);
    TrainerState state = TrainerState.builder().build();
    try (Checkpointer checkpointer = Checkpointer.open(ranks, options, RunOptions.in(run));
        OnDevice trainer = new OnDevice(Device.cuda(0), host)) {
      trainer.await();
      DeviceSaves.together(ranks, begin);
      Throwable failure = null;
      try {
        if (async) {
          checkpointer.saveAsync(0, trainer.parameters(), ModelFiles.none(), state).await();
        } else {
          checkpointer.save(0, trainer.parameters(), ModelFiles.none(), state);
        }
      } catch (CheckpointException e) {
        failure = e;
      }
      ranks.control().allGather(new byte[0]);
      boolean pending = Emulation.failureIsPending();
      DeviceSaves.together(ranks, DeviceSaves::failNoMore);
      Check.equal(!pending, failure != null, "failed");
      if (failure != null) {
        Check.equal(true, failure.getMessage().contains("code=" + FAILURE), failure.getMessage());
      }
      return failure != null;
    }
  }

  /** A partition said to be in host memory that is not: the process must not survive it. */
  private void hostReadsDeviceMemory() throws Exception {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(single, DeviceSaves.options(SaveMode.PARALLEL, BF16).build());
        OnDevice trainer =
            new OnDevice(
                Device.cuda(0),
                new ReferenceModel(1).add("w", DType.F32, Layout.zero3(), 40).on(0, 1))) {
      Parameter given = trainer.parameters().parameters().get(0);
      Partition wrong = Partition.of(given.partition().address(0), 160, Device.cpu());
      Parameter parameter = Parameter.of("w", given.shape(), DType.F32, Layout.zero3(), wrong);
      checkpointer.save(nextTarget(), ParameterSet.of(List.of(parameter)), ModelFiles.none());
    }
  }
}
