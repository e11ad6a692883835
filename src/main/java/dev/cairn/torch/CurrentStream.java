package dev.cairn.torch;

import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.pytorch.cuda.CUDAStream;
import org.bytedeco.pytorch.global.torch_cuda;

/** What PyTorch computes on. Of its own, so that PyTorch's GPU part is loaded for GPUs only. */
final class CurrentStream {
  private CurrentStream() {}

  /** {@return the stream on which this thread queues PyTorch's work for a GPU; PyTorch owns it} */
  static CudaStream of(Device device) {
    try (CUDAStream current = torch_cuda.getCurrentCUDAStream((byte) device.index());
        CUstream_st handle = current.stream()) {
      return borrowed(device, handle);
    }
  }

  /** {@return CUDA's own name of a stream; JavaCPP's is null for the default stream} */
  static CudaStream borrowed(Device device, CUstream_st handle) {
    return CudaStream.borrowed(device, handle == null ? 0 : handle.address());
  }
}
