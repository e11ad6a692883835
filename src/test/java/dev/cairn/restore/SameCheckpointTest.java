package dev.cairn.restore;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
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
      sights.add(host.getBytes(StandardCharsets.UTF_8));
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
        SameCheckpoint.absence(sights("", "", "node1", "node1", "node2"), FOLDER).orElseThrow());
  }

  @Test
  void manyHostsAreCounted() {
    String[] hosts = new String[12];
    for (int host = 0; host < hosts.length; host++) {
      hosts[host] = host == 0 ? "" : "n" + host;
    }
    String reason = SameCheckpoint.absence(sights(hosts), FOLDER).orElseThrow();
    String expected = "n7 (rank 7), n8 (rank 8) and 3 more hosts; keep ";
    assertEquals(expected, reason.substring(reason.indexOf("n7 "), reason.indexOf("the run's")));
  }

  @Test
  void oneThatNobodyHasIsMissingEverywhereAlike() {
    assertEquals(Optional.empty(), SameCheckpoint.absence(sights("a", "a"), FOLDER));
    assertEquals(Optional.empty(), SameCheckpoint.absence(sights("", ""), FOLDER));
  }
}
