package dev.cairn.hosts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.support.RankJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ranks on several hosts, which are network namespaces of this one. */
@Tag("hosts")
@Tag("processes")
@Timeout(180)
class HostsTest {
  @TempDir Path folder;
  private Hosts hosts;
  private final Map<String, String> variables =
      new HashMap<>(
          Map.of(
              "MASTER_ADDR", "node0",
              "MASTER_PORT", "29500",
              "CAIRN_TIMEOUT_SECONDS", "30",
              "CAIRN_PEER_TIMEOUT_SECONDS", "4",
              "CAIRN_OPERATION_TIMEOUT_SECONDS", "40"));

  @BeforeEach
  void up() throws Exception {
    Hosts.assumeThere("HostsTest");
    hosts = Hosts.up(2, folder);
  }

  @AfterEach
  void down() throws Exception {
    if (hosts != null) {
      hosts.close();
    }
  }

  /** Starts ranks, as many on each host. */
  private List<HostProcess> start(int ranksPerHost, Path run, String... works) throws Exception {
    List<HostProcess> ranks = new ArrayList<>();
    for (int rank = 0; rank < 2 * ranksPerHost; rank++) {
      Map<String, String> environment = new HashMap<>(variables);
      environment.put("RANK", "" + rank);
      environment.put("WORLD_SIZE", "" + 2 * ranksPerHost);
      List<String> command = RankJvm.command(128, System.getProperty("java.class.path"));
      command.addAll(List.of(HostRank.class.getName(), run.toString()));
      command.addAll(List.of(works));
      ranks.add(hosts.start(rank / ranksPerHost, environment, command));
    }
    return ranks;
  }

  private static void assertAll(List<HostProcess> ranks, String work, String expected)
      throws Exception {
    for (HostProcess rank : ranks) {
      assertEquals(("DONE " + work + " " + expected).trim(), rank.result(work));
    }
  }

  /** Whose own name is 127.0.1.1 to themselves, and which share a folder that is no cluster's. */
  @Test
  void twoHostsWithTwoRanksEachSaveInEveryWayAndRestore() throws Exception {
    Path run = folder.resolve("run");
    List<HostProcess> ranks =
        start(2, run, "auto:1", "parallel:2", "async:3", "restore", "gather:4");
    assertAll(ranks, "auto:1", "GATHER");
    assertAll(ranks, "parallel:2", "PARALLEL");
    assertAll(ranks, "async:3", "GATHER");
    assertAll(ranks, "restore", "step=3");
    assertAll(ranks, "gather:4", "GATHER");
    assertTrue(Files.exists(run.resolve("step_4/COMPLETED")));
  }

  /** And for rank 0 to send the others what they do not see. */
  @Test
  void withAFirewallTheseFewPortsAreEnough() throws Exception {
    hosts.giveOwn(1, folder.resolve("run"));
    variables.put("CAIRN_PORTS", "20000-20003");
    for (int host = 0; host < 2; host++) {
      hosts.openOnly(host, "20000-20003, 20100-20131");
      hosts.chooseFrom(host, 20100, 20131); // Gloo takes no other word for its ports.
    }
    List<HostProcess> ranks =
        start(1, folder.resolve("run"), "auto:1", "restore", "unshared", "resume");
    assertAll(ranks, "auto:1", "GATHER");
    for (HostProcess rank : ranks) {
      String failed = rank.result("restore");
      assertTrue(failed.contains("missing on node1 (rank 1); "), failed);
    }
    assertAll(ranks, "resume", "step=1");
  }

  @Test
  void controlChannelAndAParallelSaveNeedNoOtherPorts() throws Exception {
    variables.put("CAIRN_PORTS", "20000-20003");
    variables.put("CAIRN_TIMEOUT_SECONDS", "8");
    for (int host = 0; host < 2; host++) {
      hosts.openOnly(host, "20000-20003");
    }
    List<HostProcess> ranks = start(1, folder.resolve("run"), "parallel:1", "gather:2");
    assertAll(ranks, "parallel:1", "PARALLEL");
    for (HostProcess rank : ranks) {
      String failed = rank.result("gather:2");
      assertTrue(
          failed.matches(
              ".*no transport on rank [01] of 2: gloo: from 10\\.77\\.0\\.1[01] could not reach rank"
                  + " [01] of 2 at 10\\.77\\.0\\.1[01]:[0-9]+: connect timed out; 1 of 2 ranks are in"
                  + " reach.*"),
          failed);
    }
  }

  @Test
  void portThatIsClosedIsNamedWithItsHost() throws Exception {
    variables.put("CAIRN_TIMEOUT_SECONDS", "7");
    hosts.openOnly(0, "29501");
    List<HostProcess> ranks = start(1, folder.resolve("run"));
    String failed = ranks.get(1).result("join");
    assertTrue(failed.matches(".*control channel of rank 0 at node0:[0-9]+: .*timed out"), failed);
  }

  @Test
  void outageIsSurvivedAndABreakIsNamedAndMendedByJoiningAgain() throws Exception {
    Path run = folder.resolve("run");
    List<HostProcess> ranks =
        start(1, run, "gather:1", "idle:6", "gather:2", "idle:9", "gather:3", "rejoin", "gather:4");
    assertAll(ranks, "gather:1", "GATHER");
    hosts.link(1, "down");
    Thread.sleep(2500); // less than the peer timeout
    hosts.link(1, "up");
    assertAll(ranks, "gather:2", "GATHER");
    hosts.link(1, "down");
    Thread.sleep(7000);
    hosts.link(1, "up");
    for (int rank = 0; rank < 2; rank++) {
      String failed = ranks.get(rank).result("gather:3");
      String silent = "rank %d of 2 gave no sign of life for 4.0 s".formatted(1 - rank);
      assertTrue(failed.contains(silent), failed);
    }
    assertAll(ranks, "rejoin", "broken=true");
    assertAll(ranks, "gather:4", "GATHER");
    assertTrue(!Files.exists(run.resolve("step_3")));
  }

  @Test
  void hostThatDiesWithoutAWordIsNamed() throws Exception {
    List<HostProcess> ranks = start(1, folder.resolve("run"), "gather:1", "idle:1", "gather:2");
    assertAll(ranks, "gather:1", "GATHER");
    hosts.link(1, "down");
    ranks.get(1).kill();
    String failed = ranks.get(0).result("gather:2");
    assertTrue(failed.contains("rank 1 of 2 gave no sign of life for 4.0 s"), failed);
  }
}
