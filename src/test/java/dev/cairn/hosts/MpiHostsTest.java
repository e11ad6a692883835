package dev.cairn.hosts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** MPI's launchers start ranks on two hosts. They are told where to meet, and no more. */
@Tag("hosts")
@Tag("processes")
@Timeout(120)
class MpiHostsTest {
  private static final String WHERE = "node0:2,node1:2";

  @TempDir Path folder;

  @Test
  void openMpi() throws Exception {
    Hosts.assumeThere("MpiHostsTest.openMpi", "mpirun.openmpi");
    try (Hosts hosts = Hosts.up(2, folder)) {
      List<String> command = new ArrayList<>(List.of("mpirun.openmpi", "--allow-run-as-root"));
      command.addAll(List.of("--oversubscribe", "--mca", "oob_tcp_if_include", "eth0"));
      command.addAll(List.of("--mca", "plm_rsh_agent", hosts.remoteShell().toString()));
      command.addAll(List.of("-H", WHERE, "-np", "4"));
      command.addAll(List.of("-x", "MASTER_ADDR=node0", "-x", "MASTER_PORT=29500"));
      assertSavesAndRestores(hosts, command);
    }
  }

  @Test
  void mpich() throws Exception {
    assumeTrue(Boolean.getBoolean("cairn.hosts.all"), "MPICH: only with -Pfull");
    Hosts.assumeThere("MpiHostsTest.mpich", "mpiexec.hydra");
    try (Hosts hosts = Hosts.up(2, folder)) {
      List<String> command = new ArrayList<>(List.of("mpiexec.hydra", "-iface", "eth0"));
      command.addAll(List.of("-launcher", "ssh"));
      command.addAll(List.of("-launcher-exec", hosts.remoteShell().toString()));
      command.addAll(List.of("-hosts", WHERE, "-n", "4"));
      command.addAll(List.of("-genv", "MASTER_ADDR", "node0", "-genv", "MASTER_PORT", "29500"));
      assertSavesAndRestores(hosts, command);
    }
  }

  private void assertSavesAndRestores(Hosts hosts, List<String> launcher) throws Exception {
    List<String> command = new ArrayList<>(launcher);
    // As the page says it. With another option before -cp, Open MPI may change that.
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(HostRank.class.getName(), folder.resolve("run").toString()));
    command.addAll(List.of("parallel:1", "restore"));
    List<String> said = hosts.start(0, Map.of("CAIRN_TIMEOUT_SECONDS", "30"), command).end();
    for (String line : List.of("DONE parallel:1 PARALLEL", "DONE restore step=1")) {
      long ranks = said.stream().filter(each -> each.trim().equals(line)).count();
      assertEquals(4, ranks, said.toString());
    }
  }
}
