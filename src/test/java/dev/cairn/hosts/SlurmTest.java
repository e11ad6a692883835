package dev.cairn.hosts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.RunDirectory;
import dev.cairn.support.RankJvm;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Ranks that a real Slurm starts, signals and starts again. */
@Tag("hosts")
@Tag("processes")
@Timeout(300)
class SlurmTest {
  private static final long PATIENCE_NANOS = 120_000_000_000L;

  @TempDir Path folder;
  private SlurmCluster cluster;

  @BeforeEach
  void up() throws Exception {
    assumeTrue(Boolean.getBoolean("cairn.hosts.all"), "Slurm: only with -Pfull");
    SlurmCluster.assumeThere("SlurmTest");
    cluster = SlurmCluster.up(folder);
  }

  @AfterEach
  void down() {
    if (cluster != null) {
      cluster.close();
    }
  }

  /** Returns what a step runs, as one text for a shell. */
  private String rank(String run, String... works) {
    List<String> command = RankJvm.command(128, System.getProperty("java.class.path"));
    command.addAll(List.of(HostRank.class.getName(), folder.resolve(run).toString()));
    command.addAll(List.of(works));
    return String.join(" ", command);
  }

  private static void assertCount(int expected, String line, List<String> said) {
    long count = said.stream().filter(each -> each.trim().equals(line)).count();
    assertEquals(expected, count, said.toString());
  }

  @Test
  void stepOnTwoOfTheFourNodesOfAJob() throws Exception {
    String step = "srun -N2 -n4 --overcommit -w node[2-3] " + rank("run", "parallel:1", "restore");
    List<String> said = cluster.start(0, List.of("salloc", "-N4", "sh", "-c", step)).end();
    assertCount(4, "DONE parallel:1 PARALLEL", said);
    assertCount(4, "DONE restore step=1", said);
  }

  @Test
  void twoStepsOfAJobAtOnceAreTwoRuns() throws Exception {
    String step = "srun --overlap -N2 -n2 ";
    String both =
        step
            + rank("a", "parallel:1", "idle:3", "restore")
            + " & "
            + step
            + rank("b", "parallel:2", "idle:3", "restore")
            + " & wait";
    List<String> said = cluster.start(0, List.of("salloc", "-N2", "sh", "-c", both)).end();
    assertCount(2, "DONE restore step=1", said);
    assertCount(2, "DONE restore step=2", said);
  }

  /** As the page's {@code --signal=USR1@120}, for a job of a minute. */
  @Test
  void signalBeforeTheTimeIsOverLetsRanksSaveAndStop() throws Exception {
    List<String> command = new ArrayList<>(List.of("srun", "-N2", "-n2", "-t", "1"));
    command.add("--signal=USR1@50");
    command.addAll(List.of("sh", "-c", "exec " + rank("run", "train:2000", "restore")));
    List<String> said = cluster.start(0, command).end();
    assertCount(2, "DONE train:2000 stopped=true", said);
    assertTrue(said.stream().anyMatch(line -> line.startsWith("DONE restore step=")), "" + said);
  }

  @Test
  void jobThatIsRequeuedResumes() throws Exception {
    Path output = folder.resolve("output");
    String script =
        """
        #!/bin/bash
        #SBATCH --nodes=2 --ntasks-per-node=1 --requeue --open-mode=append --output=%s
        srun %s
        """
            .formatted(output, rank("run", "resume", "train:2000"));
    Path file = Files.writeString(folder.resolve("job.sh"), script);
    String job = last(cluster.start(0, List.of("sbatch", "--parsable", file.toString())).end());
    await(output, "DONE begin");
    Thread.sleep(1000);
    cluster.start(0, List.of("scontrol", "requeue", job)).end();
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    // srun is gone at once, and the ranks' words with it; what they save is not.
    while (new RunDirectory(folder.resolve("run")).committed().isEmpty()) {
      assertTrue(System.nanoTime() < deadline, Files.readString(output));
      Thread.sleep(100);
    }
    while (!Files.readString(output).contains("DONE resume step=")) {
      assertTrue(System.nanoTime() < deadline, Files.readString(output));
      // It would begin by itself, minutes later.
      cluster.start(0, List.of("scontrol", "update", "jobid=" + job, "StartTime=now")).end();
      Thread.sleep(1000);
    }
  }

  private static String last(List<String> lines) {
    return lines.get(lines.size() - 1).trim();
  }

  private static void await(Path file, String text) throws Exception {
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (!Files.exists(file) || !Files.readString(file).contains(text)) {
      assertTrue(System.nanoTime() < deadline, Files.exists(file) ? Files.readString(file) : "");
      Thread.sleep(100);
    }
  }
}
