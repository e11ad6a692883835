package dev.cairn.hosts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.support.PythonScript;
import dev.cairn.support.RankJvm;
import dev.cairn.support.TorchLauncher;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two agents of torchrun, on two hosts, start the ranks, and start them again. */
@Tag("hosts")
@Tag("python")
@Tag("processes")
@Timeout(180)
class TorchrunHostsTest {
  @TempDir Path folder;

  @BeforeAll
  static void needsTorchAndRoot() throws Exception {
    TorchLauncher.assumeThere("TorchrunHostsTest");
    Hosts.assumeThere("TorchrunHostsTest");
  }

  /** The agent whose rank has not failed does not count the restart. */
  @Test
  void ranksResumeWhenOneHasDiedAndAllAreStartedAgain() throws Exception {
    try (Hosts hosts = Hosts.up(2, folder)) {
      List<HostProcess> agents = new ArrayList<>();
      for (int host = 0; host < 2; host++) {
        List<String> command = new ArrayList<>(List.of(PythonScript.python()));
        command.addAll(List.of("-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"));
        command.addAll(List.of("--max-restarts=1", "--rdzv-backend=c10d", "--rdzv-id=job1"));
        command.add("--rdzv-endpoint=node0:29400"); // By name: so the first agent knows itself.
        command.add("--no-python");
        command.addAll(RankJvm.command(128, System.getProperty("java.class.path")));
        command.addAll(List.of(HostRank.class.getName(), folder.resolve("run").toString()));
        command.addAll(List.of("resume", "next", "fall:1"));
        agents.add(hosts.start(host, Map.of("CAIRN_TIMEOUT_SECONDS", "60"), command));
      }
      for (HostProcess agent : agents) {
        for (String line : List.of("resume none", "next step=1", "resume step=1", "next step=2")) {
          assertEquals("DONE " + line, agent.result(line));
        }
      }
    }
  }
}
