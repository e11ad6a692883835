package dev.cairn.comm.rendezvous;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.control.Origin;
import dev.cairn.comm.control.Run;
import dev.cairn.support.FreePort;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LauncherVariablesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "node1 | node1",
        "node1,node2 | node1",
        "node[003-007,12],login1 | node003",
        "node[12,14] | node12",
        "gpu-a[1-2].cluster | gpu-a1.cluster",
        "rack[1-2]n[1-8],x | rack1n1",
        "a,node[1-2] | a",
      })
  void firstHostOfASlurmListIsFound(String nodeList, String expected) {
    assertEquals(expected, LauncherVariables.firstHost("SLURM_JOB_NODELIST", nodeList));
  }

  @Test
  void openBracketIsNamed() {
    Exception e =
        assertThrows(
            IllegalArgumentException.class,
            () -> LauncherVariables.firstHost("SLURM_JOB_NODELIST", "node[1-2"));
    assertEquals(
        "wrong environment variable: SLURM_JOB_NODELIST=node[1-2, expected a list of hosts",
        e.getMessage());
  }

  @Test
  void torchrunsVariablesWin() {
    Map<String, String> filled =
        LauncherVariables.normalised(
            Map.of(
                "RANK", "1",
                "WORLD_SIZE", "2",
                "SLURM_PROCID", "7",
                "SLURM_NTASKS", "8",
                "MASTER_ADDR", "here",
                "SLURM_JOB_NODELIST", "there"));
    assertEquals("1", filled.get("RANK"));
    assertEquals("2", filled.get("WORLD_SIZE"));
    assertEquals("here", filled.get("MASTER_ADDR"));
  }

  @Test
  void portUnderSlurmFollowsFromJobAndStep() {
    Set<String> ports = new HashSet<>();
    for (String job : List.of("4711", "4712")) {
      for (String step : List.of("0", "1", "2", "4294967290")) {
        ports.add(
            LauncherVariables.normalised(Map.of("SLURM_JOB_ID", job, "SLURM_STEP_ID", step))
                .get("MASTER_PORT"));
      }
    }
    assertEquals(8, ports.size(), ports::toString);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "HOME=/root | a run without an id",
        "SLURM_JOB_ID=7 SLURM_STEP_ID=1 | run SLURM_JOB_ID=7 SLURM_STEP_ID=1",
        "SLURM_JOB_ID=7 SLURM_STEPID=1 | run SLURM_JOB_ID=7 SLURM_STEP_ID=1",
        "SLURM_JOB_ID=7 SLURM_STEP_ID=1 SLURM_RESTART_COUNT=2"
            + " | run SLURM_JOB_ID=7 SLURM_STEP_ID=1 SLURM_RESTART_COUNT=2",
        "SLURM_JOB_ID=7 PMI_JOBID=7.0 | run PMI_JOBID=7.0",
        "OMPI_MCA_ess_base_jobid=3 SLURM_JOB_ID=7 | run OMPI_MCA_ess_base_jobid=3",
        "OMPI_MCA_orte_ess_jobid=3 SLURM_JOB_ID=7 | run OMPI_MCA_orte_ess_jobid=3",
        "PMIX_NAMESPACE=prterun-a-1@1 OMPI_MCA_ess_base_jobid=3 | run PMIX_NAMESPACE=prterun-a-1@1",
        "TORCHELASTIC_RUN_ID=x TORCHELASTIC_RESTART_COUNT=1 PMIX_NAMESPACE=p"
            + " | run TORCHELASTIC_RUN_ID=x",
        "CAIRN_RUN_ID=mine TORCHELASTIC_RUN_ID=x | run CAIRN_RUN_ID=mine",
      })
  void runIsNamedByTheInnermostLauncher(String variables, String expected) {
    Map<String, String> map = new HashMap<>();
    for (String variable : variables.split(" ", -1)) {
      map.put(variable.split("=", 2)[0], variable.split("=", 2)[1]);
    }
    assertEquals(expected, RunVariables.run(LauncherVariables.normalised(map)).toString());
  }

  @Test
  void idOfARunIsCutToWhatAHelloHolds() {
    String id = "é" + "x".repeat(2000);
    Run run = RunVariables.run(Map.of("CAIRN_RUN_ID", id + "1"));
    assertEquals(Run.MAX_ID_BYTES, run.id().length());
    assertTrue(run.id().startsWith("CAIRN_RUN_ID=_xx"), run::toString);
    assertNotEquals(run, RunVariables.run(Map.of("CAIRN_RUN_ID", id + "2")));
    assertEquals(run, Origin.parse(Origin.of(run).encode()).orElseThrow().run());
  }

  @Test
  void rankZeroIsOnTheFirstHostOfTheStep() {
    Map<String, String> filled =
        LauncherVariables.normalised(
            Map.of("SLURM_JOB_NODELIST", "node[0-3]", "SLURM_STEP_NODELIST", "node[2-3]"));
    assertEquals("node2", filled.get("MASTER_ADDR"));
  }

  @Test
  void mpiLaunchersAreUnderstood() {
    assertEquals(
        "3",
        LauncherVariables.normalised(
                Map.of("OMPI_COMM_WORLD_RANK", "3", "OMPI_COMM_WORLD_SIZE", "4"))
            .get("RANK"));
    assertEquals(
        "4",
        LauncherVariables.normalised(Map.of("PMI_RANK", "3", "PMI_SIZE", "4")).get("WORLD_SIZE"));
  }

  @Test
  void ranksOfASlurmJobFindEachOther() throws Exception {
    meet(
        rank ->
            Map.of(
                "SLURM_PROCID",
                "" + rank,
                "SLURM_NTASKS",
                "2",
                "SLURM_JOB_NODELIST",
                "localhost,elsewhere",
                "SLURM_JOB_ID",
                "" + ProcessHandle.current().pid()));
  }

  @ParameterizedTest
  @CsvSource({"OMPI_COMM_WORLD_RANK, OMPI_COMM_WORLD_SIZE", "PMI_RANK, PMI_SIZE"})
  void ranksOfMpirunFindEachOtherAtAnAddressGivenByHand(String rankName, String sizeName)
      throws Exception {
    String port = Integer.toString(FreePort.find() - 1);
    meet(
        rank ->
            Map.of(
                rankName,
                "" + rank,
                sizeName,
                "2",
                "MASTER_ADDR",
                "localhost",
                "MASTER_PORT",
                port));
  }

  private static void meet(IntFunction<Map<String, String>> variablesOfRank) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try {
      List<Future<List<byte[]>>> answers =
          Stream.of(0, 1)
              .map(rank -> threads.submit(() -> join(variablesOfRank.apply(rank), rank)))
              .toList();
      for (Future<List<byte[]>> answer : answers) {
        assertEquals(1, answer.get().get(1)[0]);
      }
    } finally {
      threads.shutdownNow();
    }
  }

  private static List<byte[]> join(Map<String, String> variables, int rank) throws Exception {
    try (Communicator communicator = Communicator.fromEnvironment(variables)) {
      return communicator.control().allGather(new byte[] {(byte) rank});
    }
  }
}
