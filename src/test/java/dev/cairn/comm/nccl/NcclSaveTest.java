package dev.cairn.comm.nccl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.device.Emulation;
import dev.cairn.options.GatherAlgorithm;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Gathers with NCCL, under the emulated CUDA and NCCL, by processes. */
@Tag("processes")
@Timeout(180)
class NcclSaveTest {
  private static final int KILLED = 128 + 9;

  @TempDir Path temporary;

  @Test
  void bothAlgorithmsSaveTheBytesOfTheCpuInEveryGroup() throws Exception {
    run("saves", 4);
  }

  @Test
  void everyFailureIsToldToAllAndTheNextSaveIsRight() throws Exception {
    run("failures", 2);
  }

  /** Each algorithm and each place; with {@code -Pfaults} every one of them with every other. */
  static Stream<Arguments> firstGathers() {
    Stream<Arguments> always =
        Stream.of(Arguments.of("ALL_GATHER", "0"), Arguments.of("SEND_RECEIVE", "1"));
    Stream<Arguments> more =
        Stream.of(Arguments.of("ALL_GATHER", "1"), Arguments.of("SEND_RECEIVE", "0"));
    return Boolean.getBoolean("cairn.faults.all") ? Stream.concat(always, more) : always;
  }

  /** Where ranks are not connected yet, the failure is in a call; otherwise, on the GPU. */
  @ParameterizedTest
  @MethodSource("firstGathers")
  void firstGatherThatFailsOnOneRankEndsOnAll(String algorithm, String connectsInTheCall)
      throws Exception {
    allEndWell(
        Emulation.runAll(
            3,
            NcclFirstSaveRank.class,
            Map.of("NCCL_RUNTIME_CONNECT", connectsInTheCall),
            algorithm,
            temporary.toString(),
            "fails"));
  }

  @Test
  void rankThatDiesBeforeItsFirstGatherIsNamed() throws Exception {
    List<Emulation.Ended> all =
        Emulation.runAll(
            3, NcclFirstSaveRank.class, Map.of(), "ALL_GATHER", temporary.toString(), "dies");
    allEndWell(all.subList(0, 2));
    assertEquals(KILLED, all.get(2).status(), all::toString);
  }

  /** One algorithm; with {@code -Pfaults} each. */
  static Stream<GatherAlgorithm> algorithms() {
    boolean all = Boolean.getBoolean("cairn.faults.all");
    return all ? Stream.of(GatherAlgorithm.values()) : Stream.of(GatherAlgorithm.SEND_RECEIVE);
  }

  @ParameterizedTest
  @MethodSource("algorithms")
  void rankThatStopsBeforeItsFirstGatherIsNotWaitedFor(GatherAlgorithm algorithm) throws Exception {
    allEndWell(
        Emulation.runAll(
            3,
            NcclFirstSaveRank.class,
            Map.of("CAIRN_PEER_TIMEOUT_SECONDS", "5"),
            algorithm.name(),
            temporary.toString(),
            "stops"));
  }

  /** Two communicators on one GPU: the trainer's own, and Cairn's. */
  @Test
  void whatATrainerHasQueuedOverItsOwnCommunicatorIsWaitedFor() throws Exception {
    allEndWell(
        Emulation.runAll(
            2,
            NcclOrderRank.class,
            Map.of("CAIRN_OPERATION_TIMEOUT_SECONDS", "8"),
            temporary.toString()));
  }

  /** What a rank has less of; with {@code -Pfaults} all that it may. */
  static Stream<String> memories() {
    return Boolean.getBoolean("cairn.faults.all")
        ? Stream.of("smaller", "reserved", "nothing")
        : Stream.of("nothing");
  }

  @ParameterizedTest
  @MethodSource("memories")
  void bucketsAreAsLargeAsAllRanksHaveMemoryFor(String what) throws Exception {
    allEndWell(
        Emulation.runAll(
            2,
            NcclMemoryRank.class,
            Map.of("CAIRN_EMULATION_DEVICE_BYTES", Integer.toString(8 << 20)),
            what,
            temporary.toString()));
  }

  private void run(String what, int processes) throws Exception {
    allEndWell(
        Emulation.runAll(
            processes,
            NcclSaveRank.class,
            Map.of(),
            what,
            Integer.toString(processes),
            temporary.toString()));
  }

  @Test
  void slowDisksAreWaitedForAndPeersThatStopOrDieAreNot() throws Exception {
    Map<String, String> patience =
        Map.of("CAIRN_PEER_TIMEOUT_SECONDS", "2", "CAIRN_OPERATION_TIMEOUT_SECONDS", "4");
    List<Emulation.Ended> all =
        Emulation.runAll(3, NcclPeerRank.class, patience, temporary.toString());
    assertEquals(KILLED, all.get(0).status(), all::toString);
    allEndWell(List.of(all.get(1)));
    assertEquals(KILLED, all.get(2).status(), all::toString);
  }

  @Test
  @Tag("gloo")
  void communicatorOfATrainerIsBorrowed() throws Exception {
    List<Emulation.Ended> all =
        Emulation.runAll(3, NcclLendingRank.class, Map.of(), temporary.toString());
    allEndWell(all.subList(0, 2));
    assertEquals(KILLED, all.get(2).status(), all::toString);
  }

  private static void allEndWell(List<Emulation.Ended> all) {
    for (Emulation.Ended ended : all) {
      assertTrue(ended.isDone(), all::toString);
    }
  }
}
