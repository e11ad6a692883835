package dev.cairn.comm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.KeyValueStore;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.support.FreePort;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ranks of two runs that were sent to one place never become one group. */
@Timeout(90)
class TwoRunsTest {
  private static final String NO_ID = "a run without an id";

  @TempDir Path directory;
  private final List<RankProcess> started = new ArrayList<>();

  @AfterEach
  void killAll() {
    started.forEach(RankProcess::close);
  }

  private static Map<String, String> variables(int rank, int size, Map<String, String> place) {
    Map<String, String> all = new HashMap<>(place);
    all.put("RANK", "" + rank);
    all.put("WORLD_SIZE", "" + size);
    all.put("CAIRN_TIMEOUT_SECONDS", "20");
    return all;
  }

  private static Map<String, String> port(int port, String... more) {
    Map<String, String> place = new HashMap<>();
    place.put("MASTER_ADDR", "127.0.0.1");
    place.put("MASTER_PORT", "" + (port - 1));
    for (int i = 0; i < more.length; i += 2) {
      place.put(more[i], more[i + 1]);
    }
    return place;
  }

  private static CompletableFuture<Communicator> join(
      int rank, int size, Map<String, String> place) {
    return ThreadedRanks.start(() -> Communicator.fromEnvironment(variables(rank, size, place)));
  }

  private RankProcess process(int rank, int size, Map<String, String> place) throws Exception {
    RankProcess process = new RankProcess("control", variables(rank, size, place));
    started.add(process);
    return process;
  }

  private static void assertTogether(List<CompletableFuture<Communicator>> joining)
      throws Exception {
    List<Communicator> group = ThreadedRanks.collect(joining);
    ThreadedRanks.run(group, c -> c.control().allGather(new byte[] {1}));
    group.forEach(Communicator::close);
  }

  private static void assertContains(String message, String... parts) {
    for (String part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  @Test
  void rankOfAnotherRunIsToldAtOnceAndTheRightOneComesIn() throws Exception {
    int port = FreePort.find();
    CompletableFuture<Communicator> zero = join(0, 2, port(port, "CAIRN_RUN_ID", "a"));
    long start = System.nanoTime();
    CommunicationException e = ThreadedRanks.failure(join(1, 2, port(port, "CAIRN_RUN_ID", "b")));
    long tookMillis = (System.nanoTime() - start) / 1_000_000;
    assertContains(
        e.getMessage(),
        "two runs in one place: rank 1 of 2 of run CAIRN_RUN_ID=b met rank 0 of run CAIRN_RUN_ID=a"
            + " (pid ",
        "), at store 127.0.0.1:" + port,
        "give each run its own MASTER_PORT");
    assertTrue(tookMillis < 5000, () -> "tookMillis=" + tookMillis);
    assertTogether(List.of(zero, join(1, 2, port(port, "CAIRN_RUN_ID", "a"))));
  }

  @Test
  void secondRankZeroIsToldWhichRunHoldsThePort() throws Exception {
    int port = FreePort.find();
    Map<String, String> slurm = port(port, "SLURM_JOB_ID", "7", "SLURM_STEP_ID", "0");
    CompletableFuture<Communicator> zero = join(0, 2, slurm);
    CompletableFuture<Communicator> one = join(1, 2, slurm);
    Communicator first = ThreadedRanks.get(zero); // complete, and still there
    CommunicationException e =
        ThreadedRanks.failure(join(0, 2, port(port, "SLURM_JOB_ID", "7", "SLURM_STEP_ID", "1")));
    assertContains(
        e.getMessage(),
        "two runs in one place: rank 0 of 2 of run SLURM_JOB_ID=7 SLURM_STEP_ID=1 met rank 0 of run"
            + " SLURM_JOB_ID=7 SLURM_STEP_ID=0 (pid ");
    assertTogether(List.of(CompletableFuture.completedFuture(first), one));
  }

  @Test
  void twoStepsOfOneSlurmJobMeetEachAtAPlaceOfItsOwn() throws Exception {
    List<CompletableFuture<Communicator>> joining = new ArrayList<>();
    for (int rank = 0; rank < 2; rank++) {
      for (int step = 0; step < 2; step++) {
        Map<String, String> variables =
            Map.of(
                "SLURM_PROCID", "" + rank,
                "SLURM_NTASKS", "2",
                "SLURM_JOB_NODELIST", "localhost",
                "SLURM_JOB_ID", "" + (ProcessHandle.current().pid() + 3000),
                "SLURM_STEP_ID", "" + step);
        joining.add(ThreadedRanks.start(() -> Communicator.fromEnvironment(variables)));
      }
    }
    List<Communicator> ranks = ThreadedRanks.collect(joining);
    List<CompletableFuture<String>> said = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      String step = "step " + i % 2;
      Communicator rank = ranks.get(i);
      said.add(
          ThreadedRanks.start(
              () -> {
                List<byte[]> all = rank.control().allGather(step.getBytes(UTF_8));
                return new String(all.get(0), UTF_8) + ", " + new String(all.get(1), UTF_8);
              }));
    }
    assertEquals(
        List.of("step 0, step 0", "step 1, step 1", "step 0, step 0", "step 1, step 1"),
        ThreadedRanks.collect(said));
    ranks.forEach(Communicator::close);
  }

  @Test
  void twoRankZerosWithoutARunFailBoth() throws Exception {
    int port = FreePort.find();
    CompletableFuture<Communicator> zero = join(0, 3, port(port));
    CompletableFuture<Communicator> one = join(1, 3, port(port));
    Thread.sleep(500); // Whose rank 1 it is, nobody can tell any more.
    CommunicationException e = ThreadedRanks.failure(join(0, 3, port(port)));
    assertContains(
        e.getMessage(),
        "two processes claim rank 0 of 3: pid ",
        ", both of " + NO_ID,
        "MASTER_PORT");
    assertEquals(e.getMessage(), ThreadedRanks.failure(zero).getMessage());
    assertEquals(e.getMessage(), ThreadedRanks.failure(one).getMessage());
  }

  @Test
  void twoProcessesOfOneRankFailTheWholeGroup() throws Exception {
    int port = FreePort.find();
    List<CompletableFuture<Communicator>> claims =
        List.of(
            join(0, 3, port(port, "CAIRN_RUN_ID", "x")),
            join(1, 3, port(port, "CAIRN_RUN_ID", "x")),
            join(1, 3, port(port, "CAIRN_RUN_ID", "x")));
    for (CompletableFuture<Communicator> claim : claims) {
      CommunicationException e = ThreadedRanks.failure(claim);
      assertContains(
          e.getMessage(), "two processes claim rank 1 of 3: pid ", ", both of run CAIRN_RUN_ID=x");
      assertEquals(1, e.rank());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  @Tag("processes")
  void rankThatFindsItsPlaceTakenAfterTheGroupIsCompleteFailsIt(int claimed) throws Exception {
    int port = FreePort.find();
    RankProcess zero = process(0, 2, port(port));
    RankProcess one = process(1, 2, port(port));
    assertEquals("gathering", zero.next().text());
    assertEquals("gathering", one.next().text());
    RankProcess late = process(claimed, 2, port(port));
    for (RankProcess rank : List.of(late, zero, one)) {
      String text = rank.next().text();
      assertContains(
          text,
          "failure rank=%d two processes claim rank %d of 2: pid %d"
              .formatted(claimed, claimed, claimed == 0 ? zero.pid() : one.pid()),
          " and pid " + late.pid());
    }
  }

  @Test
  @Tag("processes")
  void processesMeetAgainWhileTheirFirstGroupIsThere() throws Exception {
    int port = FreePort.find();
    for (Map<String, String> place :
        List.of(port(port), Map.of("CAIRN_RENDEZVOUS", directory.resolve("meet").toString()))) {
      List<RankProcess> ranks = new ArrayList<>();
      for (int rank = 0; rank < 2; rank++) {
        ranks.add(new RankProcess("twice", variables(rank, 2, place)));
      }
      started.addAll(ranks);
      for (RankProcess rank : ranks) {
        assertEquals("ok met again", rank.next().text());
      }
    }
  }

  @Test
  void twoRunsMayShareADirectory() throws Exception {
    String path = directory.resolve("meet").toString();
    Map<String, String> a = Map.of("CAIRN_RENDEZVOUS", path, "CAIRN_RUN_ID", "a");
    Map<String, String> b = Map.of("CAIRN_RENDEZVOUS", path, "CAIRN_RUN_ID", "b");
    CompletableFuture<Communicator> zeroOfA = join(0, 2, a);
    CompletableFuture<Communicator> oneOfB = join(1, 2, b);
    Thread.sleep(300);
    CompletableFuture<Communicator> zeroOfB = join(0, 2, b);
    CompletableFuture<Communicator> oneOfA = join(1, 2, a);
    assertTogether(List.of(zeroOfA, oneOfA));
    assertTogether(List.of(zeroOfB, oneOfB));
  }

  @Test
  @Tag("processes")
  void secondRankZeroInADirectoryFailsBoth() throws Exception {
    Map<String, String> place = Map.of("CAIRN_RENDEZVOUS", directory.resolve("meet").toString());
    RankProcess zero = process(0, 3, place);
    RankProcess one = process(1, 3, place);
    Thread.sleep(1500);
    RankProcess second = process(0, 3, place);
    for (RankProcess rank : List.of(second, zero, one)) {
      assertContains(rank.next().text(), "failure rank=0 two processes claim rank 0 of 3: pid ");
    }
  }

  @Test
  void secondRankZeroInALentStoreFailsBoth() throws Exception {
    Map<String, byte[]> values = new ConcurrentHashMap<>();
    KeyValueStore store =
        new KeyValueStore() {
          @Override
          public void set(String key, byte[] value) {
            values.put(key, value.clone());
          }

          @Override
          public Optional<byte[]> find(String key) {
            return Optional.ofNullable(values.get(key));
          }
        };
    Timeouts timeouts = Timeouts.fromEnvironment(variables(0, 2, Map.of()));
    CompletableFuture<Communicator> zero =
        ThreadedRanks.start(() -> Communicator.over(store, 0, 2, "localhost", timeouts));
    Thread.sleep(500);
    CompletableFuture<Communicator> second =
        ThreadedRanks.start(() -> Communicator.over(store, 0, 2, "localhost", timeouts));
    for (CompletableFuture<Communicator> each : List.of(zero, second)) {
      assertContains(
          ThreadedRanks.failure(each).getMessage(), "two processes claim rank 0 of 2: pid ");
    }
  }
}
