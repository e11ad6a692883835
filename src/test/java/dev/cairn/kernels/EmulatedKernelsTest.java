package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.device.Emulation;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Kernels on streams, under the emulated CUDA; and that it catches what hardware would not forgive.
 */
@Tag("processes")
class EmulatedKernelsTest {
  /** With one GPU as well: so it is on most hardware, and then the last GPU is the first. */
  @ParameterizedTest
  @ValueSource(strings = {"1", "2"})
  void castsAndUnpacksGiveTheBitsOfTheCpu(String gpus) throws Exception {
    Emulation.Ended ended =
        Emulation.run(DeviceKernelsProgram.class, Map.of("CAIRN_EMULATION_DEVICES", gpus));
    assertTrue(ended.isDone(), ended::toString);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void stagedCastIsRightInEveryOrderOfStreams(int seed) throws Exception {
    assertEquals(0, wrong(StagedCast.Mistake.NONE, seed));
  }

  @ParameterizedTest
  @EnumSource(
      names = {
        "COPY_DOES_NOT_WAIT_FOR_CAST",
        "CAST_DOES_NOT_WAIT_FOR_TRAINER",
        "STAGING_REUSED_TOO_EARLY"
      })
  void mistakeShowsAsWrongBytes(StagedCast.Mistake mistake) throws Exception {
    assertNotEquals(0, wrong(mistake, 1));
  }

  @Test
  void hostReadOfDeviceMemoryFaults() throws Exception {
    Emulation.Ended ended =
        Emulation.run(
            StagedCastProgram.class,
            Map.of(),
            StagedCast.Mistake.HOST_READS_DEVICE_MEMORY.toString());
    assertNotEquals(0, ended.status(), ended.output());
    assertTrue(ended.output().contains("SIGSEGV"), ended.output());
  }

  @ParameterizedTest
  @ValueSource(strings = {"calls", "work"})
  void everyFailureIsOneExceptionAndLeavesNothing(String what) throws Exception {
    Emulation.Ended ended = Emulation.run(StagedCastProgram.class, Map.of(), what);
    assertEquals(0, ended.status(), ended.output());
    int failures = Integer.parseInt(ended.output().strip().replaceFirst("(?s).*failures=", ""));
    assertTrue(failures > 50, "too few places to fail at: " + failures);
  }

  private static int wrong(StagedCast.Mistake mistake, int seed) throws Exception {
    Emulation.Ended ended =
        Emulation.run(
            StagedCastProgram.class,
            Map.of("CAIRN_EMULATION_SEED", Integer.toString(seed)),
            mistake.toString());
    assertEquals(0, ended.status(), ended.output());
    return Integer.parseInt(ended.output().strip().replaceFirst("(?s).*wrong=", ""));
  }
}
