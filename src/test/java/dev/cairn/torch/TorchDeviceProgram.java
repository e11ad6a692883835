package dev.cairn.torch;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Check;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.Emulation;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/** Saves CUDA tensors and compares with saves of the same tensors in host memory. */
final class TorchDeviceProgram {
  private static final Device GPU = Device.cuda(1);
  private static final int ROUNDS_OF_A_MISTAKE = 12;

  private final Path folder;
  private final Tensor wide = random(torch.ScalarType.Float, 37, 129);
  private final Tensor narrow = random(torch.ScalarType.BFloat16, 4999);
  private final Tensor scalar = random(torch.ScalarType.Double);
  private int saves;

  private TorchDeviceProgram(Path folder) {
    this.folder = folder;
  }

  /** The argument is a folder of its own. */
  public static void main(String[] arguments) throws Exception {
    Emulation.load();
    System.clearProperty("java.library.path");
    Emulation.loadAlone(() -> Loader.load(torch.class));
    TorchDeviceProgram program = new TorchDeviceProgram(Path.of(arguments[0]));
    streamsKeepTheirNames();
    byte[] expected = program.savedFromHost();
    program.savesAreRight(expected);
    program.otherStreamThanTheCurrentOneShows(expected);
    program.tensorsOfAnotherGpuAreRefused();
    Check.nothingIsLeft("at the end");
    System.out.println("done");
  }

  private static Tensor random(torch.ScalarType type, long... shape) {
    return torch.randn(shape, new TensorOptions(torch.ScalarType.Float)).to(type);
  }

  private static void streamsKeepTheirNames() {
    Check.equal(0L, CurrentStream.borrowed(GPU, null).handle(), "the default stream");
    try (CudaStream trainers = CudaStream.create(GPU)) {
      CUstream_st handle = new CUstream_st(new CudaTensors.Address(trainers.handle()));
      try (CudaStream borrowed = CurrentStream.borrowed(GPU, handle)) {
        Check.equal(trainers.handle(), borrowed.handle(), "handle");
        Check.equal(GPU, borrowed.device(), "device");
      }
      trainers.synchronize(); // not destroyed by the one that borrowed it
    }
  }

  private byte[] save(ParameterSet parameters) throws Exception {
    Path target = folder.resolve("model-" + saves++);
    SaveOptions options =
        SaveOptions.builder()
            .durability(Durability.FAST)
            .stagingBuffers(3)
            .stagingBufferBytes(4096)
            .deviceBytes(8192)
            .build();
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, options)) {
      checkpointer.save(target, parameters, ModelFiles.none());
    }
    return Files.readAllBytes(target.resolve("model.safetensors"));
  }

  private byte[] savedFromHost() throws Exception {
    try (TorchParameters parameters = new TorchParameters()) {
      parameters.add("wide", wide).add("narrow", narrow).addBuffer("scalar", scalar);
      parameters.add("empty", torch.empty(0, 3)).add("host", wide);
      return save(parameters.toSet());
    }
  }

  private byte[] savedFromGpu(CudaTensors trainer, Function<Device, CudaStream> currentStream)
      throws Exception {
    try (TorchParameters parameters = new TorchParameters(currentStream)) {
      Tensor onGpu = trainer.copyOf(wide, 0);
      Tensor within = trainer.copyOf(narrow, 7);
      parameters.add("wide", onGpu).add("narrow", within);
      parameters.addBuffer("scalar", trainer.copyOf(scalar, 0));
      parameters.add("empty", trainer.at(0, torch.ScalarType.Float, 0, 0, 3)).add("host", wide);
      ParameterSet set = parameters.toSet();
      Partition first = set.parameters().get(0).partition();
      Check.equal(GPU, first.device(), "device");
      Check.equal(wide.nbytes(), first.lengthBytes(), "length");
      Check.equal(Device.cpu(), set.parameters().get(3).partition().device(), "device of nothing");
      Check.equal(Device.cpu(), set.parameters().get(4).partition().device(), "device of host");
      return save(set);
    }
  }

  private void savesAreRight(byte[] expected) throws Exception {
    try (CudaTensors trainer = new CudaTensors(GPU)) {
      List<Device> asked = new ArrayList<>();
      byte[] saved =
          savedFromGpu(
              trainer,
              device -> {
                asked.add(device);
                return CudaStream.borrowed(device, trainer.stream().handle());
              });
      Check.equal(true, Arrays.equals(expected, saved), "saved as from host memory");
      Check.equal(List.of(GPU, GPU, GPU), asked, "asked for the current stream");
    }
  }

  /** The stream that PyTorch names is waited for: with an idle one, bytes are wrong. */
  private void otherStreamThanTheCurrentOneShows(byte[] expected) throws Exception {
    boolean wrong = false;
    for (int round = 0; round < ROUNDS_OF_A_MISTAKE && !wrong; round++) {
      try (CudaTensors trainer = new CudaTensors(GPU);
          CudaStream idle = CudaStream.create(GPU)) {
        wrong = !Arrays.equals(expected, savedFromGpu(trainer, device -> idle));
      }
    }
    Check.equal(true, wrong, "noticed that the wrong stream was waited for");
  }

  private void tensorsOfAnotherGpuAreRefused() throws Exception {
    try (CudaTensors trainer = new CudaTensors(GPU);
        CudaTensors other = new CudaTensors(Device.cuda(0));
        TorchParameters parameters = new TorchParameters(device -> other.stream())) {
      Tensor there = trainer.copyOf(wide, 0);
      long address = there.data_ptr().address();
      parameters.add("w", other.at(address, torch.ScalarType.Float, 0, 37, 129));
      Check.fails(
          IllegalArgumentException.class, "is memory of cuda:1", () -> save(parameters.toSet()));
    }
  }
}
