package dev.cairn.gpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.device.Emulation;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Restores into the memory of GPUs, under the emulated CUDA; by processes: DeviceSaveTest. */
@Tag("processes")
class DeviceRestoreTest {
  @TempDir Path temporary;

  @ParameterizedTest
  @ValueSource(strings = {"restores", "mistakes", "failures"})
  void threads(String what) throws Exception {
    Emulation.Ended ended =
        Emulation.run(DeviceRestoreProgram.class, Map.of(), what, temporary.toString());
    assertTrue(ended.isDone(), ended::toString);
  }
}
