package dev.cairn.device;

import org.bytedeco.cuda.global.cudart;

/** Calls what is not emulated. */
final class UnemulatedProgram {
  private UnemulatedProgram() {}

  public static void main(String[] arguments) {
    Emulation.load();
    Check.equal(true, Cuda.isAvailable(), "available");
    int code = cudart.cudaDeviceReset();
    DeviceException thrown = DeviceException.of("cudaDeviceReset", code, Device.cuda(0));
    Check.equal(
        "CUDA call failed: call=cudaDeviceReset, code=801"
            + " (cudaErrorNotSupported: not emulated: cudaDeviceReset), cuda:0",
        thrown.getMessage(),
        "message");
    Check.equal(801, cudart.cuDeviceGetCount(new int[1]), "a function of the driver");
    System.out.println("done");
  }
}
