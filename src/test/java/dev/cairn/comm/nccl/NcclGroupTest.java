package dev.cairn.comm.nccl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.device.Emulation;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What goes wrong with NCCL, under its emulation; and that this notices it. */
@Tag("processes")
@Timeout(120)
class NcclGroupTest {
  private static final int HALTED = 9;

  @TempDir Path temporary;

  @ParameterizedTest
  @CsvSource({"differ, 0, 0", "late, 0, 1", "failed, 0, 1", "killed, 9, 1"})
  void mistake(String what, int statusOfRankOne, String connectsInTheCall) throws Exception {
    List<Emulation.Ended> all =
        Emulation.runAll(
            2,
            NcclGroupRank.class,
            Map.of("CAIRN_TIMEOUT_SECONDS", "30", "NCCL_RUNTIME_CONNECT", connectsInTheCall),
            what,
            temporary.toString());
    assertEquals(statusOfRankOne, all.get(1).status(), all::toString);
    for (Emulation.Ended ended : all) {
      assertTrue(ended.isDone() || ended.status() == HALTED, all::toString);
    }
  }
}
