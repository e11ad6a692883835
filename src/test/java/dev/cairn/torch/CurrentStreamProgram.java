package dev.cairn.torch;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Check;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.Emulation;
import dev.cairn.hf.ModelFiles;
import dev.cairn.options.SaveOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.cuda.CUDAStream;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch_cuda;

/**
 * On a machine with a GPU and PyTorch's natives for it: the stream that PyTorch computes on, and a
 * save of what it has just queued there. Says that it was skipped where those are missing.
 */
final class CurrentStreamProgram {
  private static final String NATIVES = "org/bytedeco/pytorch/linux-x86_64-gpu/libjnitorch_cuda.so";
  private static final Device GPU = Device.cuda(0);

  private CurrentStreamProgram() {}

  /** The argument is a folder of its own. */
  public static void main(String[] arguments) throws Exception {
    ClassLoader loader = CurrentStreamProgram.class.getClassLoader();
    if (loader.getResource(NATIVES) == null) {
      System.out.println("skipped: not on the class path: " + NATIVES);
      return;
    }
    Emulation.load();
    Loader.load(torch_cuda.class);
    try (CudaStream current = CurrentStream.of(GPU)) {
      Check.equal(0L, current.handle(), "the default stream");
    }
    try (CUDAStream other = torch_cuda.getStreamFromPool(false, (byte) GPU.index());
        CUstream_st handle = other.stream()) {
      torch_cuda.setCurrentCUDAStream(other);
      try (CudaStream current = CurrentStream.of(GPU)) {
        Check.equal(handle.address(), current.handle(), "a stream of PyTorch's");
      }
      Path folder = Path.of(arguments[0]);
      Tensor made = justQueued();
      byte[] saved = save(folder.resolve("gpu"), made);
      byte[] expected = save(folder.resolve("host"), made.cpu());
      Check.equal(true, Arrays.equals(expected, saved), "saved as from host memory");
    }
    System.out.println("done");
  }

  private static Tensor justQueued() {
    DeviceOptional device =
        new DeviceOptional(
            new org.bytedeco.pytorch.Device(torch.DeviceType.CUDA, (byte) GPU.index()));
    Tensor made =
        torch.randn(
            new long[] {2048, 2048}, new TensorOptions(torch.ScalarType.Float).device(device));
    for (int round = 0; round < 50; round++) {
      made = made.matmul(made).tanh();
    }
    return made;
  }

  private static byte[] save(Path target, Tensor tensor) throws Exception {
    try (TorchParameters parameters = new TorchParameters();
        Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, SaveOptions.defaults())) {
      checkpointer.save(target, parameters.add("w", tensor).toSet(), ModelFiles.none());
    }
    return Files.readAllBytes(target.resolve("model.safetensors"));
  }
}
