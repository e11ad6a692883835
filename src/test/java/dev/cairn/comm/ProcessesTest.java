package dev.cairn.comm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.cairn.comm.rendezvous.Endpoint;
import dev.cairn.support.RankJvm;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Ranks that are processes, killed and stopped for real. */
@Tag("processes")
@Tag("gloo")
@Timeout(120)
class ProcessesTest {
  private static final long NOTICED_MILLIS = 2000;

  @TempDir Path directory;
  private final List<RankProcess> started = new ArrayList<>();

  private List<RankProcess> start(String part, int size, Map<String, String> variables)
      throws Exception {
    List<RankProcess> ranks = RankProcess.start(part, size, directory, variables);
    started.addAll(ranks);
    return ranks;
  }

  @AfterEach
  void killAll() {
    started.forEach(RankProcess::close);
  }

  @ParameterizedTest
  @CsvSource({"2", "4"})
  void dataArriveIntact(int size) throws Exception {
    List<RankProcess> ranks = start("gather", size, Map.of());
    String received = ranks.get(0).next().text();
    List<String> sent = new ArrayList<>();
    for (RankProcess rank : ranks.subList(1, size)) {
      sent.add(rank.next().text().replaceFirst("^ok crc=", ""));
    }
    assertEquals("ok crc=" + String.join(",", sent), received);
  }

  /** One of each kind; with -Pfaults all of them. */
  private static Stream<Arguments> deaths() {
    Stream<Arguments> always = Stream.of(arguments("stream", 2), arguments("control", 0));
    Stream<Arguments> more =
        Stream.of(arguments("stream", 0), arguments("bulk-wait", 1), arguments("control", 2));
    return Boolean.getBoolean("cairn.faults.all") ? Stream.concat(always, more) : always;
  }

  @ParameterizedTest
  @MethodSource("deaths")
  void deathOfARankIsNamedByEveryOtherAtOnce(String part, int victim) throws Exception {
    List<RankProcess> ranks = start(part, 3, Map.of());
    for (RankProcess rank : ranks) {
      rank.next();
    }
    Thread.sleep(300);
    long killedMillis = System.currentTimeMillis();
    ranks.get(victim).signal("KILL");
    for (RankProcess rank : ranks) {
      if (rank != ranks.get(victim)) {
        RankProcess.Result result = rank.next();
        assertEquals(
            "failure rank=%d rank %d of 3 closed its connection (process gone?)"
                .formatted(victim, victim),
            result.text());
        long noticedMillis = result.epochMillis() - killedMillis;
        assertTrue(noticedMillis < NOTICED_MILLIS, "noticedMillis=" + noticedMillis);
      }
    }
  }

  private static Stream<Arguments> stops() {
    Stream<Arguments> always = Stream.of(arguments("stream", 0));
    Stream<Arguments> more = Stream.of(arguments("stream", 1), arguments("control", 1));
    return Boolean.getBoolean("cairn.faults.all") ? Stream.concat(always, more) : always;
  }

  @ParameterizedTest
  @MethodSource("stops")
  void stoppedRankIsNamedAfterThePeerTimeout(String part, int victim) throws Exception {
    List<RankProcess> ranks = start(part, 3, Map.of("CAIRN_PEER_TIMEOUT_SECONDS", "2"));
    for (RankProcess rank : ranks) {
      rank.next();
    }
    long stoppedMillis = System.currentTimeMillis();
    ranks.get(victim).signal("STOP");
    String expected =
        "failure rank=%d rank %d of 3 gave no sign of life for 2.0 s (hung, stopped or unreachable?)"
            .formatted(victim, victim);
    for (RankProcess rank : ranks) {
      if (rank != ranks.get(victim)) {
        RankProcess.Result result = rank.next();
        assertEquals(expected, result.text());
        long noticedMillis = result.epochMillis() - stoppedMillis;
        assertTrue(noticedMillis >= 1500 && noticedMillis < 6000, "millis=" + noticedMillis);
      }
    }
    ranks.get(victim).signal("CONT");
    // It hears of it, from rank 0 or from the end of rank 0's process.
    assertTrue(ranks.get(victim).next().text().startsWith("failure rank="));
  }

  @Test
  void wholeGroupStoppedForLongGoesOn() throws Exception {
    List<RankProcess> ranks = start("idle", 3, Map.of("CAIRN_PEER_TIMEOUT_SECONDS", "1"));
    for (RankProcess rank : ranks) {
      rank.next();
    }
    for (RankProcess rank : ranks) {
      rank.signal("STOP");
    }
    Thread.sleep(2500);
    for (RankProcess rank : ranks) {
      rank.signal("CONT");
    }
    for (RankProcess rank : ranks) {
      assertEquals("ok together", rank.next().text());
    }
  }

  @Test
  void cancelIsNamedByEveryRankAndANewTransportWorks() throws Exception {
    List<RankProcess> ranks = start("cancel", 3, Map.of());
    for (RankProcess rank : ranks) {
      String text = rank.next().text();
      assertTrue(
          text.startsWith("ok cancelled by rank 2 of 3: No space left on device crc="), text);
    }
  }

  @ParameterizedTest
  @CsvSource({"/pytorch-[^/]*\\.jar", "/pytorch-[^/]*linux[^/]*\\.jar"})
  void missingDependencyIsNamedOnEveryRank(String missing) throws Exception {
    String whole = System.getProperty("java.class.path");
    String without =
        Arrays.stream(whole.split(File.pathSeparator, -1))
            .filter(entry -> !Pattern.compile(missing).matcher(entry).find())
            .collect(Collectors.joining(File.pathSeparator));
    for (int rank = 0; rank < 2; rank++) {
      Map<String, String> environment = RankProcess.variables(rank, 2, directory, Map.of());
      started.add(new RankProcess("bulk", environment, rank == 1 ? without : whole));
    }
    for (RankProcess rank : started) {
      String text = rank.next().text();
      assertTrue(
          text.startsWith("failure rank=1 no transport on rank 1 of 2: gloo is not available: "),
          text);
      assertTrue(text.contains("add the dependency org.bytedeco:pytorch with its natives"), text);
    }
  }

  @Test
  void deathDuringRendezvousIsNamed() throws Exception {
    for (int rank = 0; rank < 2; rank++) {
      Map<String, String> environment = RankProcess.variables(rank, 3, directory, Map.of());
      started.add(new RankProcess("control", environment));
    }
    awaitConnectionOfRankOne();
    started.get(1).signal("KILL");
    assertEquals(
        "failure rank=1 rank 1 of 3 closed its connection (process gone?)",
        started.get(0).next().text());
  }

  /** Waits until rank 1 has said hello, however long its JVM takes to start. */
  private void awaitConnectionOfRankOne() throws Exception {
    Path file = directory.resolve("cairn-rank0");
    while (!Files.exists(file)) {
      Thread.sleep(20);
    }
    String port = ":%04X".formatted(Endpoint.parse(Files.readAllBytes(file)).port());
    String established = ".*" + port + " [0-9A-F]+:[0-9A-F]+ 01 .*";
    while (Stream.of("/proc/net/tcp", "/proc/net/tcp6")
        .flatMap(table -> lines(Path.of(table)))
        .noneMatch(line -> line.matches(established))) {
      Thread.sleep(20);
    }
    Thread.sleep(500);
  }

  private static Stream<String> lines(Path file) {
    try {
      return Files.exists(file) ? Files.readAllLines(file).stream() : Stream.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void deathOfRankZeroDuringRendezvousIsNamedByEveryOther() throws Exception {
    Map<String, String> hasty = Map.of("CAIRN_TIMEOUT_SECONDS", "5");
    for (int rank = 0; rank < 3; rank++) { // Of 4: nobody gets any further.
      Map<String, String> environment = RankProcess.variables(rank, 4, directory, hasty);
      started.add(new RankProcess("control", environment));
    }
    Thread.sleep(1500);
    started.get(0).signal("KILL");
    for (RankProcess rank : started.subList(1, 3)) {
      String text = rank.next().text();
      assertTrue(text.startsWith("failure rank=0 rendezvous timed out: rank "), text);
      assertTrue(text.contains(" of 4 could not reach rank 0 of 4 in 5.0 s, at directory "), text);
    }
  }

  @Test
  void rankThatComesAfterTheOthersGaveUpIsToldInTime() throws Exception {
    Map<String, String> hasty = Map.of("CAIRN_TIMEOUT_SECONDS", "3");
    for (int rank = 0; rank < 2; rank++) {
      Map<String, String> environment = RankProcess.variables(rank, 3, directory, hasty);
      started.add(new RankProcess("control", environment));
    }
    String missing = "failure rank=2 rendezvous timed out: missing rank 2 of 3, waited 3.0 s";
    for (RankProcess rank : started) {
      String text = rank.next().text();
      assertTrue(text.startsWith(missing), text);
    }
    long startedMillis = System.currentTimeMillis();
    started.add(new RankProcess("control", RankProcess.variables(2, 3, directory, hasty)));
    RankProcess.Result late = started.get(2).next();
    assertTrue(
        late.text().startsWith("failure rank=0 rendezvous timed out: rank 2 of 3 could not reach"),
        late.text());
    assertTrue(late.epochMillis() - startedMillis < 20_000, () -> "" + late);
  }

  @Test
  void rankZeroRefusesToBeginWhereTooFewFilesMayBeOpen() throws Exception {
    List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -n 203; exec \"$@\"", "sh"));
    command.addAll(RankJvm.command(64, System.getProperty("java.class.path")));
    command.addAll(List.of(RankMain.class.getName(), "idle"));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(RankProcess.variables(0, 2, directory, Map.of()));
    Process rank = builder.start();
    String said = new String(rank.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(
        said.contains(
            "failure rank=0 too few files may be open on rank 0 of 2: limit=203, expected 204 or"
                + " more, two connections for each rank; raise it where this process is started"
                + " (ulimit -n, LimitNOFILE)"),
        said);
  }
}
