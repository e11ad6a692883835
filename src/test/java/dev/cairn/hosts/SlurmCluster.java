package dev.cairn.hosts;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Slurm on four of {@link Hosts}: slurmctld on node0, a slurmd on each. */
final class SlurmCluster implements AutoCloseable {
  private static final int NODES = 4;

  private final Path folder;
  private final Hosts hosts;

  private SlurmCluster(Path folder, Hosts hosts) {
    this.folder = folder;
    this.hosts = hosts;
  }

  /** Skips a test, with one line that says why, where there can be none. */
  static void assumeThere(String test) throws Exception {
    Hosts.assumeThere(test, "slurmctld", "slurmd", "munged", "srun");
    boolean canFreeze = Files.readString(Path.of("/proc/cgroups")).contains("freezer");
    assumeTrue(canFreeze, "slurmd needs the cgroup controller freezer");
  }

  static SlurmCluster up(Path folder) throws Exception {
    SlurmCluster cluster = new SlurmCluster(folder, Hosts.up(NODES, folder));
    try {
      cluster.startAll();
      return cluster;
    } catch (IOException | InterruptedException | AssertionError e) {
      cluster.close();
      throw e;
    }
  }

  private void startAll() throws IOException, InterruptedException {
    Files.createDirectories(folder.resolve("state"));
    Files.writeString(folder.resolve("slurm.conf"), configuration());
    Files.writeString(
        folder.resolve("cgroup.conf"),
        "CgroupPlugin=cgroup/v1\nCgroupAutomount=yes\nConstrainCores=no\nConstrainRAMSpace=no\n");
    Files.write(folder.resolve("munge.key"), new byte[1024]); // The secret of nobody's cluster.
    Path socket = folder.resolve("munge.socket");
    List<String> munged = new ArrayList<>(List.of("munged", "--foreground", "--force"));
    munged.add("--socket=" + socket);
    for (String file : List.of("key", "pid", "log", "seed")) {
      munged.add("--" + file + "-file=" + folder.resolve("munge." + file));
    }
    start(0, munged);
    while (!Files.exists(socket)) {
      Thread.sleep(20);
    }
    HostProcess controller = start(0, List.of("slurmctld", "-D"));
    for (int node = 0; node < NODES; node++) {
      String cgroup =
          "mount -t tmpfs tmpfs /sys/fs/cgroup; mkdir /sys/fs/cgroup/freezer;"
              + " mount -t cgroup -o freezer freezer /sys/fs/cgroup/freezer; exec slurmd -D -N node"
              + node;
      start(node, List.of("sh", "-c", cgroup));
    }
    List<String> said;
    do { // Until there is a controller, which waits until every node has come.
      assertTrue(controller.isAlive(), "slurmctld has ended: " + folder.resolve("ctld.log"));
      said = start(0, List.of("srun", "-N" + NODES, "true")).end();
    } while (said.stream().anyMatch(line -> line.contains("Unable to contact")));
  }

  private String configuration() {
    StringBuilder text = new StringBuilder();
    text.append(
        """
        ClusterName=lab
        SlurmctldHost=node0(%s)
        SlurmUser=root
        AuthType=auth/munge
        AuthInfo=socket=%s/munge.socket
        CredType=cred/munge
        MpiDefault=none
        ProctrackType=proctrack/pgid
        TaskPlugin=task/none
        JobAcctGatherType=jobacct_gather/none
        AccountingStorageType=accounting_storage/none
        SchedulerType=sched/backfill
        SelectType=select/linear
        ReturnToService=2
        SlurmctldPidFile=%2$s/ctld.pid
        SlurmdPidFile=%2$s/d.%%n.pid
        SlurmdSpoolDir=%2$s/spool.%%n
        StateSaveLocation=%2$s/state
        SlurmctldLogFile=%2$s/ctld.log
        SlurmdLogFile=%2$s/d.%%n.log
        SlurmdParameters=config_overrides
        JobRequeue=1
        KillWait=20
        PartitionName=low Nodes=ALL Default=YES MaxTime=60 State=UP
        """
            .formatted(Hosts.address(0), folder));
    IntStream.range(0, NODES)
        .mapToObj(
            node ->
                "NodeName=node%d NodeAddr=%s CPUs=4 RealMemory=8000%n"
                    .formatted(node, Hosts.address(node)))
        .forEach(text::append);
    return text.toString();
  }

  /** Starts a command of Slurm's on a node. */
  HostProcess start(int node, List<String> command) throws IOException {
    Map<String, String> environment =
        Map.of(
            "SLURM_CONF", folder.resolve("slurm.conf").toString(), "CAIRN_TIMEOUT_SECONDS", "30");
    return hosts.start(node, environment, command);
  }

  @Override
  public void close() {
    hosts.close();
  }
}
