package dev.cairn.restore;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class SameCheckpointTest {
  private static final Path FOLDER = Path.of("/run/step_1");

  private static List<byte[]> sights(String... hostsThatLackIt) {
    List<byte[]> sights = new ArrayList<>();
    for (String host : hostsThatLackIt) {
      sights.add(host.isEmpty() ? SameCheckpoint.seen(7) : SameCheckpoint.lacking(host));
    }
    return sights;
  }

  @Test
  void hostsThatLackTheFolderAreNamed() {
    assertEquals(
        "checkpoint is not on every host: folder=/run/step_1, missing on node1 (ranks 2 and 3),"
            + " node2 (rank 4); keep the run's directory on a file system that all hosts share,"
            + " or copy the folder to the same path on each,"
            + " or let rank 0 read for all: RunOptions.withShared(false)",
        SameCheckpoint.fault(sights("", "", "node1", "node1", "node2"), FOLDER).orElseThrow());
  }

  @Test
  void manyHostsAreCounted() {
    String[] hosts = new String[12];
    for (int host = 0; host < hosts.length; host++) {
      hosts[host] = host == 0 ? "" : "n" + host;
    }
    String reason = SameCheckpoint.fault(sights(hosts), FOLDER).orElseThrow();
    String expected = "n7 (rank 7), n8 (rank 8) and 3 more hosts; keep ";
    assertEquals(expected, reason.substring(reason.indexOf("n7 "), reason.indexOf("the run's")));
  }

  @Test
  void oneThatNobodyHasIsGone() {
    assertEquals(
        Optional.of("there is no checkpoint any more: folder=/run/step_1"),
        SameCheckpoint.fault(sights("a", "a"), FOLDER));
  }

  @Test
  void theSameOneIsFineAndAnotherIsNot() {
    assertEquals(Optional.empty(), SameCheckpoint.fault(sights("", ""), FOLDER));
    List<byte[]> sights =
        List.of(SameCheckpoint.seen(7), SameCheckpoint.seen(8), SameCheckpoint.seen(7));
    assertEquals(
        "ranks see different checkpoints: folder=/run/step_1, manifest crc32c=00000007 on ranks 0"
            + " and 2, 00000008 on rank 1; give all of them the same folder or the same copy",
        SameCheckpoint.fault(sights, FOLDER).orElseThrow());
  }
}
