package dev.cairn.gpu;

import dev.cairn.Checkpointer;
import dev.cairn.Checkpointers;
import dev.cairn.PendingSave;
import dev.cairn.RunOptions;
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
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.FaultyDisk;
import dev.cairn.tensor.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;

/**
 * On whatever GPUs there are, but for what only the emulation counts: what a trainer must not
 * notice of Cairn in its process: contexts on GPUs that it does not use, an error that its next
 * check finds, threads that spin, a graph that can no longer be captured.
 */
final class GuestProgram {
  private static final int COPIES = 200;
  private static final int COPY_BYTES = 2048;

  private static final Optional<DType> BF16 = Optional.of(DType.BF16);

  private final Path folder;
  private final int copyBytes;
  private final Device used = Device.cuda(Cuda.deviceCount() - 1);

  private GuestProgram(Path folder, int copyBytes) {
    this.folder = folder;
    this.copyBytes = copyBytes;
  }

  /**
   * The arguments are what must not be noticed, a folder of its own, and, if it has to be long, how
   * many bytes a copy is that has not ended at once.
   */
  public static void main(String[] arguments) throws Exception {
    Emulation.load();
    int copyBytes = arguments.length > 2 ? Integer.parseInt(arguments[2]) : COPY_BYTES;
    GuestProgram program = new GuestProgram(Path.of(arguments[1]), copyBytes);
    switch (arguments[0]) {
      case "contexts" -> program.contextsAreWhereThePartitionsAre();
      case "errors" -> program.errorsAreNotLeftBehind();
      case "spins" -> program.nobodySpins();
      case "capture" -> program.graphIsCapturedDuringASave();
      case "all" -> { // what hardware shows too
        program.contextsAreWhereThePartitionsAre();
        program.errorsAreNotLeftBehind();
        program.graphIsCapturedDuringASave();
      }
      default -> throw new IllegalArgumentException(arguments[0]);
    }
    Check.nothingIsLeft("at the end");
    System.out.println("done");
  }

  /** Returns which GPUs have a primary context, as the driver says. */
  private static List<Integer> contexts() {
    List<Integer> active = new ArrayList<>();
    for (int index = 0; index < Cuda.deviceCount(); index++) {
      int[] device = {0};
      int[] flags = {0};
      int[] isActive = {0};
      Check.equal(0, cudart.cuDeviceGet(device, index), "cuDeviceGet");
      Check.equal(
          0, cudart.cuDevicePrimaryCtxGetState(device[0], flags, isActive), "state of a context");
      if (isActive[0] != 0) {
        active.add(index);
      }
    }
    return active;
  }

  private void contextsAreWhereThePartitionsAre() throws Exception {
    Check.equal(0, cudart.cuInit(0), "cuInit");
    List<Integer> onlyUsed = List.of(used.index());
    Check.equal(List.of(), contexts(), "contexts before anything");
    CudaStream stream = CudaStream.create(used);
    CudaEvent event = CudaEvent.create(used);
    DeviceMemory memory = DeviceMemory.allocate(used, 4096);
    PinnedMemory pinned = PinnedMemory.allocate(used, 4096);
    stream.copyToHost(memory.address(), pinned.address(), 4096);
    event.record(stream);
    event.synchronize();
    Check.equal(used, Cuda.deviceOf(memory.address()), "owner");
    Check.equal(onlyUsed, contexts(), "contexts after work on one GPU");
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
    Check.equal(onlyUsed, contexts(), "contexts after another thread freed all");
    for (SaveMode mode : new SaveMode[] {SaveMode.PARALLEL, SaveMode.GATHER}) {
      save(folder.resolve(mode.name()), DeviceSaves.options(mode, BF16).build());
      Check.equal(onlyUsed, contexts(), "contexts after a save, " + mode);
    }
    saveInTheBackground(() -> {});
    Check.equal(onlyUsed, contexts(), "contexts after a save in the background");
  }

  private void save(Path target, SaveOptions options) throws Exception {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, options);
        OnDevice trainer = new OnDevice(used, DeviceSaves.model(1).on(0, 1))) {
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
            Checkpointers.open(
                single, options, Optional.of(RunOptions.in(run)), slow, Machine.local());
        OnDevice trainer = new OnDevice(used, DeviceSaves.model(1).on(0, 1))) {
      PendingSave pending =
          checkpointer.beginSave(
              0, trainer.parameters(), ModelFiles.none(), TrainerState.builder().build());
      meanwhile.run();
      pending.await();
    }
    Check.equal(
        Optional.empty(), DeviceSaves.wrongFile(run.resolve("step_0"), 1, BF16), "wrong file");
  }

  private void errorsAreNotLeftBehind() {
    try (CudaStream stream = CudaStream.create(used);
        CudaEvent event = CudaEvent.create(used);
        DeviceMemory memory = DeviceMemory.allocate(used, 2L * copyBytes)) {
      for (int copy = 0; copy < COPIES; copy++) {
        stream.copyOnDevice(memory.address(), memory.address() + copyBytes, copyBytes);
      }
      event.record(stream);
      Check.equal(false, event.isDone(), "done at once");
      Check.equal(0, cudart.cudaPeekAtLastError(), "last error after a question");
      Check.fails(DeviceException.class, "cudaMalloc", () -> DeviceMemory.allocate(used, 1L << 45));
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
    try (CudaStream stream = CudaStream.create(used);
        DeviceMemory memory = DeviceMemory.allocate(used, 64);
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
