package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.device.Emulation;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Gathers with NCCL, under the emulated CUDA and NCCL, by processes. */
@Tag("processes")
@Timeout(180)
class NcclSaveTest {
  @TempDir Path temporary;

  @Test
  void bothAlgorithmsSaveTheBytesOfTheCpuInEveryGroup() throws Exception {
    run("saves", 4);
  }

  @Test
  void everyFailureIsToldToAllAndTheNextSaveIsRight() throws Exception {
    run("failures", 2);
  }

  private void run(String what, int processes) throws Exception {
    List<Emulation.Ended> all =
        Emulation.runAll(
            processes,
            NcclSaveRank.class,
            Map.of("CAIRN_TIMEOUT_SECONDS", "30"),
            what,
            Integer.toString(processes),
            temporary.toString());
    for (Emulation.Ended ended : all) {
      assertTrue(ended.status() == 0 && ended.output().endsWith("done\n"), all::toString);
    }
  }
}
