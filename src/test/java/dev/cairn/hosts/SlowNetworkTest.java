package dev.cairn.hosts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.support.RankJvm;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Hosts that are far from each other, or whose clocks are: with -Pfull. */
@Tag("hosts")
@Tag("processes")
@Timeout(300)
class SlowNetworkTest {
  private static final long MODEL_BYTES = 768L << 20;
  private static final double LEAST_RATIO = 0.85;

  @TempDir Path folder;

  @BeforeEach
  void onlyIfAsked() throws Exception {
    assumeTrue(Boolean.getBoolean("cairn.hosts.all"), "slow networks: only with -Pfull");
    Hosts.assumeThere("SlowNetworkTest", "g++", "tc");
  }

  private static HostProcess start(
      Hosts hosts, int host, Map<String, String> variables, Class<?> program, String... arguments)
      throws IOException {
    List<String> command =
        new ArrayList<>(RankJvm.command(512, System.getProperty("java.class.path")));
    command.add(command.indexOf("-cp"), "-XX:MaxDirectMemorySize=1g");
    command.add(program.getName());
    command.addAll(List.of(arguments));
    return hosts.start(host, variables, command);
  }

  private static List<HostProcess> startRanks(
      Hosts hosts, int count, String rankZero, Class<?> program, String... arguments)
      throws IOException {
    List<HostProcess> ranks = new ArrayList<>();
    for (int rank = 0; rank < count; rank++) {
      Map<String, String> variables = new HashMap<>(variables(rank, count, rankZero));
      ranks.add(start(hosts, rank, variables, program, arguments));
    }
    return ranks;
  }

  private static Map<String, String> variables(int rank, int count, String rankZero) {
    return Map.of(
        "RANK",
        "" + rank,
        "WORLD_SIZE",
        "" + count,
        "MASTER_ADDR",
        rankZero,
        "MASTER_PORT",
        "29500",
        "CAIRN_TIMEOUT_SECONDS",
        "60",
        "CAIRN_PEER_TIMEOUT_SECONDS",
        "20");
  }

  @Test
  void delayAndLossCostTimeOnly() throws Exception {
    try (Hosts hosts = Hosts.up(3, folder)) {
      hosts.wire(HostPrograms.wire(folder, 3, 20, 1, 0));
      String[] works = {"gather:1", "async:2", "parallel:3", "unshared", "restore"};
      String run = folder.resolve("run").toString();
      List<String> arguments = new ArrayList<>(List.of(run));
      arguments.addAll(List.of(works));
      for (HostProcess rank :
          startRanks(
              hosts, 3, Hosts.wireAddress(0), HostRank.class, arguments.toArray(String[]::new))) {
        assertEquals("DONE gather:1 GATHER", rank.result("gather:1"));
        assertEquals("DONE async:2 GATHER", rank.result("async:2"));
        assertEquals("DONE parallel:3 PARALLEL", rank.result("parallel:3"));
        assertEquals("DONE restore step=3", rank.result("restore"));
      }
    }
  }

  /**
   * Over 1 Gbit/s, in one direction: what rank 0 receives, against a plain TCP stream of it, which
   * is neither checked nor written. The best of three, as the hosts share processors with whatever
   * else runs here: beside two busy processes it is 0.7 to 0.8.
   */
  @ParameterizedTest
  @CsvSource({"2,0", "4,0", "2,20", "4,20"})
  void gatherTakesHardlyLongerThanAPlainStream(int ranks, int delayMillis) throws Exception {
    double best = 0;
    for (int attempt = 0; attempt < 3 && best < LEAST_RATIO; attempt++) {
      best = Math.max(best, ratio(ranks, delayMillis));
    }
    assertTrue(best >= LEAST_RATIO, "of a plain stream's speed: " + best);
  }

  private double ratio(int ranks, int delayMillis) throws Exception {
    long sentBytes = MODEL_BYTES / ranks * (ranks - 1);
    try (Hosts hosts = Hosts.up(ranks, folder)) {
      String rankZero = slow(hosts, ranks, delayMillis);
      HostProcess receiver =
          start(hosts, 0, Map.of(), WireRank.class, "receive", "29600", "" + sentBytes);
      receiver.result("listen");
      start(hosts, 1, Map.of(), WireRank.class, "send", rankZero, "29600", "" + sentBytes);
      double streamSeconds = seconds(receiver, "receive");
      String[] gather = {"gather", folder.toString(), "" + MODEL_BYTES};
      List<HostProcess> gathering = startRanks(hosts, ranks, rankZero, WireRank.class, gather);
      double gatherSeconds = seconds(gathering.get(0), "gather");
      double ratio = streamSeconds / gatherSeconds;
      String said =
          "%d ranks, 1 Gbit/s, %d ms: stream %.2f s, gather %.2f s, ratio %.2f"
              .formatted(ranks, delayMillis, streamSeconds, gatherSeconds, ratio);
      System.getLogger("tests").log(Level.INFO, said);
      return ratio;
    }
  }

  /** Slows the hosts' network down; returns the address of the first one on it. */
  private String slow(Hosts hosts, int ranks, int delayMillis) throws Exception {
    if (delayMillis == 0) { // The kernel does that, and takes less of the processors.
      for (int host = 0; host < ranks; host++) {
        hosts.limit(host, 1000);
      }
      return Hosts.address(0);
    }
    hosts.wire(HostPrograms.wire(folder, ranks, delayMillis, 0, 1000));
    return Hosts.wireAddress(0);
  }

  private static double seconds(HostProcess process, String work) throws InterruptedException {
    return Double.parseDouble(process.result(work).substring(("DONE " + work + " ").length()));
  }

  @ParameterizedTest
  @CsvSource({"0,86400", "1,86400", "0,-86400", "1,-86400"})
  void clockThatIsADayOffDoesNoHarm(int rankThatIsOff, long seconds) throws Exception {
    String library = HostPrograms.clock(folder).toString();
    String run = folder.resolve("run").toString();
    try (Hosts hosts = Hosts.up(2, folder)) {
      List<HostProcess> ranks = new ArrayList<>();
      for (int rank = 0; rank < 2; rank++) {
        Map<String, String> variables = new HashMap<>(variables(rank, 2, Hosts.address(0)));
        if (rank == rankThatIsOff) {
          variables.putAll(Map.of("LD_PRELOAD", library, "CLOCK_OFF_SECONDS", "" + seconds));
        }
        String[] arguments = {run, "parallel:1", "async:2", "gather:3", "restore"};
        ranks.add(start(hosts, rank, variables, HostRank.class, arguments));
      }
      for (HostProcess rank : ranks) {
        assertEquals("DONE parallel:1 PARALLEL", rank.result("parallel:1"));
        assertEquals("DONE async:2 GATHER", rank.result("async:2"));
        assertEquals("DONE gather:3 GATHER", rank.result("gather:3"));
        assertEquals("DONE restore step=3", rank.result("restore"));
      }
    }
  }
}
