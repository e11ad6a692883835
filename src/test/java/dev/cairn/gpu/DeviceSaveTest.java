package dev.cairn.gpu;

import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.device.Emulation;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Saves from the memory of GPUs, under the emulated CUDA. */
@Tag("processes")
class DeviceSaveTest {
  private static final int LARGEST_GROUP = 4;

  @TempDir Path temporary;

  @ParameterizedTest
  @ValueSource(strings = {"saves", "mistakes", "failures"})
  void threads(String what) throws Exception {
    endsWell(DeviceSaveProgram.class, Map.of(), what, temporary.toString());
  }

  private static void endsWell(Class<?> main, Map<String, String> settings, String... arguments)
      throws Exception {
    Emulation.Ended ended = Emulation.run(main, settings, arguments);
    assertTrue(ended.isDone(), ended::toString);
  }

  /** As on most hardware: ranks share it, and refusals that take two are left out. */
  @Test
  void oneGpuIsEnoughForAllRanks() throws Exception {
    endsWell(
        DeviceSaveProgram.class,
        Map.of("CAIRN_EMULATION_DEVICES", "1"),
        "saves",
        temporary.toString());
  }

  @Test
  void saveFitsIntoTheDeviceMemoryItIsAllowedAndOneThatDoesNotLeavesNothing() throws Exception {
    endsWell(
        DeviceBudgetProgram.class,
        Map.of("CAIRN_EMULATION_DEVICE_BYTES", "1048576"),
        temporary.toString());
  }

  @Test
  void processesOfEveryGroupSaveAndRestoreTheBytesOfTheCpu() throws Exception {
    List<Emulation.Ended> all =
        Emulation.runAll(
            LARGEST_GROUP,
            DeviceSaveRank.class,
            Map.of("CAIRN_EMULATION_SEED", "5"),
            Integer.toString(LARGEST_GROUP),
            temporary.toString());
    for (Emulation.Ended ended : all) {
      assertTrue(ended.isDone(), all::toString);
    }
  }

  @Test
  void hostReadOfDeviceMemoryFaults() throws Exception {
    Emulation.Ended ended =
        Emulation.run(DeviceSaveProgram.class, Map.of(), "host-read", temporary.toString());
    assertNotEquals(0, ended.status(), ended.output());
    assertTrue(ended.output().contains("SIGSEGV"), ended.output());
  }
}
