package dev.cairn.hosts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.support.RankJvm;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Ranks on hosts that share a folder by NFS: with -Pfull. Client and server are those of a kernel
 * that Debian packages, in a virtual machine, as the running one may have neither.
 */
@Tag("hosts")
@Tag("processes")
@Timeout(600)
class NfsTest {
  private static final long PATIENCE_MILLIS = 590_000;

  @TempDir static Path folder;
  private static HostProcess machine;

  @BeforeAll
  static void start() throws Exception {
    assumeTrue(Boolean.getBoolean("cairn.hosts.all"), "NFS: only with -Pfull");
    Hosts.assumeThere("NfsTest", "qemu-system-x86_64", "busybox", "rpc.nfsd", "mount.nfs4");
    Optional<String> kernel = VirtualMachine.kernelWith("fs/nfsd/nfsd.ko");
    if (kernel.isEmpty()) {
      String reason = "no kernel in /boot with modules for NFS, as linux-image-amd64 has them";
      System.getLogger("tests").log(Level.WARNING, "skipped NfsTest, " + reason);
      assumeTrue(false, reason);
    }
    List<String> command = RankJvm.command(256, System.getProperty("java.class.path"));
    command.add(NfsHosts.class.getName());
    List<String> modules = List.of("ext4", "virtio_blk", "nfsd", "nfsv4", "veth", "bridge");
    machine = VirtualMachine.start(folder, kernel.orElseThrow(), modules, command);
  }

  @AfterAll
  static void stop() {
    if (machine != null) {
      machine.close();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "one host",
        "two hosts",
        "kill",
        "outage",
        "full, 4.2",
        "full, 4.0",
        "filled in the middle of a save"
      })
  void savesAndRestores(String work) throws Exception {
    String said = machine.result(work, PATIENCE_MILLIS);
    assertEquals("DONE " + work, said.replaceFirst(" [0-9]+ s$", ""));
  }
}
