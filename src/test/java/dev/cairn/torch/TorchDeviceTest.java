package dev.cairn.torch;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.device.Emulation;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** CUDA tensors of PyTorch, under the emulated CUDA. */
@Tag("processes")
class TorchDeviceTest {
  @TempDir Path temporary;

  @Test
  void cudaTensorsAreSavedAfterTheWorkOfTheCurrentStream() throws Exception {
    Emulation.Ended ended = Emulation.run(TorchDeviceProgram.class, Map.of(), temporary.toString());
    assertTrue(ended.isDone(), ended::toString);
  }
}
