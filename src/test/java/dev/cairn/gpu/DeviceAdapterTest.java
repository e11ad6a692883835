package dev.cairn.gpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.device.Emulation;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** LoRA adapters in the memory of GPUs, under the emulated CUDA. */
@Tag("processes")
class DeviceAdapterTest {
  @TempDir Path temporary;

  @Test
  void adaptersAreSavedFromGpusAndReadBackIntoThem() throws Exception {
    Emulation.Ended ended =
        Emulation.run(DeviceAdapterProgram.class, Map.of(), temporary.toString());
    assertTrue(ended.isDone(), ended::toString);
  }
}
