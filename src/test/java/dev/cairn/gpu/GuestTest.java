package dev.cairn.gpu;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.device.Emulation;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a trainer must not notice of Cairn on its GPU, under the emulated CUDA. */
@Tag("processes")
class GuestTest {
  @TempDir Path temporary;

  @ParameterizedTest
  @ValueSource(strings = {"contexts", "errors", "spins", "capture"})
  void trainerDoesNotNotice(String what) throws Exception {
    Emulation.Ended ended = Emulation.run(GuestProgram.class, Map.of(), what, temporary.toString());
    assertTrue(ended.isDone(), ended::toString);
  }
}
