package dev.cairn;

import dev.cairn.comm.Communicator;
import dev.cairn.device.Check;
import dev.cairn.device.Cuda;
import dev.cairn.device.CudaEvent;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceException;
import dev.cairn.device.DeviceMemory;
import dev.cairn.device.Emulation;
import dev.cairn.device.PinnedMemory;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.tensor.DType;
import java.nio.file.Path;
import java.util.Optional;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;

/**
 * What a trainer must not notice of Cairn in its process: contexts on GPUs that it does not use, an
 * error that its next check finds, threads that spin, a graph that can no longer be captured.
 */
final class GuestProgram {
  private static final Device USED = Device.cuda(1);
  private static final long ONLY_USED = 2;
  private static final Optional<DType> BF16 = Optional.of(DType.BF16);

  private final Path folder;

  private GuestProgram(Path folder) {
    this.folder = folder;
  }

  /** The arguments are what must not be noticed, and a folder of its own. */
  public static void main(String[] arguments) throws Exception {
    Emulation.load();
    GuestProgram program = new GuestProgram(Path.of(arguments[1]));
    switch (arguments[0]) {
      case "contexts" -> program.contextsAreWhereThePartitionsAre();
      case "errors" -> errorsAreNotLeftBehind();
      case "spins" -> program.nobodySpins();
      case "capture" -> program.graphIsCapturedDuringASave();
      default -> throw new IllegalArgumentException(arguments[0]);
    }
    Check.nothingIsLeft("at the end");
    System.out.println("done");
  }

  private void contextsAreWhereThePartitionsAre() throws Exception {
    Check.equal(0L, Emulation.contexts(), "contexts before anything");
    CudaStream stream = CudaStream.create(USED);
    CudaEvent event = CudaEvent.create(USED);
    DeviceMemory memory = DeviceMemory.allocate(USED, 4096);
    PinnedMemory pinned = PinnedMemory.allocate(USED, 4096);
    stream.copyToHost(memory.address(), pinned.address(), 4096);
    event.record(stream);
    event.synchronize();
    Check.equal(USED, Cuda.deviceOf(memory.address()), "owner");
    Check.equal(ONLY_USED, Emulation.contexts(), "contexts after work on one GPU");
    Thread other =
        new Thread(
            () -> {
              pinned.close();
              memory.close();
              event.close();
              stream.close();
            });
    other.start();
    other.join();
    Check.equal(ONLY_USED, Emulation.contexts(), "contexts after another thread freed all");
    for (SaveMode mode : new SaveMode[] {SaveMode.PARALLEL, SaveMode.GATHER}) {
      save(folder.resolve(mode.name()), DeviceSaves.options(mode, BF16).build());
      Check.equal(ONLY_USED, Emulation.contexts(), "contexts after a save, " + mode);
    }
    saveInTheBackground(() -> {});
    Check.equal(ONLY_USED, Emulation.contexts(), "contexts after a save in the background");
  }

  private static void save(Path target, SaveOptions options) throws Exception {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, options);
        OnDevice trainer = new OnDevice(USED, DeviceSaves.model(1).on(0, 1))) {
      checkpointer.save(target, trainer.parameters(), ModelFiles.none());
    }
    Check.equal(Optional.empty(), DeviceSaves.wrongFile(target, 1, BF16), "wrong file");
  }

  private interface Meanwhile {
    void run() throws Exception;
  }

  /** Saves on a disk that is slow enough for something to be done meanwhile. */
  private void saveInTheBackground(Meanwhile meanwhile) throws Exception {
    Path run = folder.resolve("run");
    SaveOptions options = DeviceSaves.options(SaveMode.PARALLEL, BF16).build();
    Disk slow = FaultyDisk.slow(FaultyDisk.Call.WRITE, 20);
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(
                single, options, Optional.of(RunOptions.in(run)), slow, Machine.local());
        OnDevice trainer = new OnDevice(USED, DeviceSaves.model(1).on(0, 1))) {
      PendingSave pending =
          checkpointer.beginSave(
              0, trainer.parameters(), ModelFiles.none(), TrainerState.builder().build());
      meanwhile.run();
      pending.await();
    }
    Check.equal(
        Optional.empty(), DeviceSaves.wrongFile(run.resolve("step_0"), 1, BF16), "wrong file");
  }

  private static void errorsAreNotLeftBehind() {
    try (CudaStream stream = CudaStream.create(USED);
        CudaEvent event = CudaEvent.create(USED);
        DeviceMemory memory = DeviceMemory.allocate(USED, 4096)) {
      for (int copy = 0; copy < 200; copy++) {
        stream.copyOnDevice(memory.address(), memory.address() + 2048, 2048);
      }
      event.record(stream);
      Check.equal(false, event.isDone(), "done at once");
      Check.equal(0, cudart.cudaPeekAtLastError(), "last error after a question");
      Check.fails(DeviceException.class, "cudaMalloc", () -> DeviceMemory.allocate(USED, 1L << 45));
      Check.equal(0, cudart.cudaPeekAtLastError(), "last error after too large an allocation");
      Check.fails(
          DeviceException.class,
          "cudaErrorInvalidValue",
          () -> stream.copyToHost(memory.address(), memory.address(), 1));
      Check.equal(0, cudart.cudaPeekAtLastError(), "last error after a wrong copy");
      event.synchronize();
      cudart.cudaMalloc(new Pointer(), 1L << 45); // a mistake of the trainer's is left to it
      Check.equal(true, event.isDone(), "done");
      Check.equal(
          cudart.cudaErrorMemoryAllocation, cudart.cudaGetLastError(), "the trainer's own error");
    }
  }

  private void nobodySpins() throws Exception {
    save(folder.resolve("model"), DeviceSaves.options(SaveMode.PARALLEL, BF16).build());
    saveInTheBackground(() -> {});
    Check.equal(0, Emulation.spins(), "waits that spin");
  }

  /** In the mode in which CUDA lets no thread make a call that could wait. */
  private void graphIsCapturedDuringASave() throws Exception {
    try (CudaStream stream = CudaStream.create(USED);
        DeviceMemory memory = DeviceMemory.allocate(USED, 64);
        CUgraph_st graph = new CUgraph_st()) {
      CUstream_st captured = new CUstream_st(new Address(stream.handle()));
      int[] ended = {-1};
      saveInTheBackground(
          () -> {
            int mode = cudart.cudaStreamCaptureModeGlobal;
            Check.equal(0, cudart.cudaStreamBeginCapture(captured, mode), "begin of a capture");
            stream.copyOnDevice(memory.address(), memory.address() + 32, 32);
            Thread.sleep(500);
            ended[0] = cudart.cudaStreamEndCapture(captured, graph);
          });
      Check.equal(0, ended[0], "end of a capture");
    }
  }

  private static final class Address extends Pointer {
    Address(long address) {
      super((Pointer) null);
      this.address = address;
    }
  }
}
