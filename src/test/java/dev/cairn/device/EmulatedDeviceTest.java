package dev.cairn.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Devices, streams, events and memory of GPUs, under the emulated CUDA. */
@Tag("processes")
class EmulatedDeviceTest {
  @Test
  void everyClassDoesWhatItSaysAndRefusesMistakes() throws Exception {
    Emulation.Ended ended =
        Emulation.run(DeviceProgram.class, Map.of("CAIRN_EMULATION_DEVICE_BYTES", "1048576"));
    assertTrue(ended.isDone(), ended::toString);
  }

  @Test
  void functionThatIsNotEmulatedFailsByItsName() throws Exception {
    Emulation.Ended ended = Emulation.run(UnemulatedProgram.class, Map.of());
    assertEquals(0, ended.status(), ended.output());
    assertTrue(ended.output().contains("not emulated: cuDeviceGetCount"), ended.output());
  }

  @Test
  void machineWithoutDriverSaysSoInOneLineAndLoadsNothing() throws Exception {
    assumeFalse(Files.exists(Path.of("/dev/nvidiactl")), "this machine has a GPU");
    Emulation.Ended ended = Emulation.runWithout(NoCudaProgram.class);
    assertEquals(0, ended.status(), ended.output());
    assertTrue(ended.output().startsWith("no NVIDIA driver: libcuda.so.1"), ended.output());
    assertEquals(1, ended.output().lines().count(), ended.output());
  }
}
