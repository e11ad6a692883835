package dev.cairn.hosts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.RunDirectory;
import dev.cairn.hf.FolderCheck;
import dev.cairn.kernels.Kernels;
import dev.cairn.support.RankJvm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What runs in the {@link VirtualMachine}: a server of NFS with an ext4 of its own, and two hosts
 * that mount what it exports. Does every case of {@link NfsTest} and prints how it went.
 */
final class NfsHosts implements AutoCloseable {
  private static final Path LAB = Path.of("/run/hosts");
  private static final Path EXPORT = LAB.resolve("export");
  private static final Path MOUNT = LAB.resolve("nfs");
  private static final Path RUN = MOUNT.resolve("run");
  private static final Path RUN_ON_SERVER = EXPORT.resolve("run");
  private static final Path FILLER = EXPORT.resolve("filler");
  private static final String SERVER = "10.77.0.1";
  private static final long PATIENCE_MILLIS = 150_000; // All of this is emulated.

  private final Hosts hosts;

  private interface Case {
    void run() throws Exception;
  }

  private NfsHosts() throws Exception {
    Files.createDirectories(EXPORT);
    Files.createDirectories(MOUNT);
    Hosts.run("mkfs.ext4", "-q", "-F", "-m", "0", "/dev/vda");
    Hosts.run("mount", "/dev/vda", EXPORT.toString());
    Hosts.run("mount", "-t", "nfsd", "nfsd", "/proc/fs/nfsd");
    for (String time : List.of("nfsv4leasetime", "nfsv4gracetime")) {
      Files.writeString(Path.of("/proc/fs/nfsd", time), "10");
    }
    for (String folder : List.of("rpc_pipefs", "v4recovery")) {
      Files.createDirectories(Path.of("/var/lib/nfs", folder));
    }
    String options = "rw,no_root_squash,insecure,no_subtree_check,fsid=0";
    Hosts.run("exportfs", "-i", "-o", options, "*:" + EXPORT);
    Hosts.run("rpc.mountd", "-N", "3");
    hosts = Hosts.up(2, LAB);
    hosts.connectThisMachine(SERVER);
    Hosts.run("rpc.nfsd", "-N", "3", "-V", "4.2", "4");
    mount("4.2");
  }

  private void mount(String version) {
    for (int host = 0; host < 2; host++) {
      hosts.mount(host, "mount -t nfs4 -o vers=" + version + " " + SERVER + ":/ " + MOUNT);
    }
  }

  public static void main(String[] arguments) throws Exception {
    try (NfsHosts all = new NfsHosts()) {
      attempt("one host", all::oneHost);
      attempt("two hosts", all::twoHosts);
      attempt("kill", all::kill);
      attempt("outage", all::outage);
      attempt("full, 4.2", () -> all.full("4.2", "reserve failed: .* No space left on device"));
      attempt("full, 4.0", () -> all.full("4.0", "not enough space: plannedBytes="));
      attempt("filled in the middle of a save", all::filled);
    }
  }

  private static void attempt(String name, Case run) {
    long begin = System.nanoTime();
    String outcome;
    try {
      Hosts.run("rm", "-rf", RUN_ON_SERVER.toString(), FILLER.toString());
      Files.createDirectory(RUN_ON_SERVER);
      run.run();
      outcome = "DONE " + name + " " + (System.nanoTime() - begin) / 1_000_000_000 + " s";
    } catch (Exception | AssertionError e) {
      outcome = "FAILED " + name + ": " + e;
      e.printStackTrace(System.out);
    }
    System.out.println("\n" + outcome);
  }

  /** Starts two ranks, the first of them on the first host. */
  private List<HostProcess> start(int lastHost, String... works) throws IOException {
    List<HostProcess> ranks = new ArrayList<>();
    for (int rank = 0; rank < 2; rank++) {
      Map<String, String> variables =
          Map.of(
              "RANK", "" + rank,
              "WORLD_SIZE", "2",
              "MASTER_ADDR", "node0",
              "MASTER_PORT", "29500",
              "CAIRN_TIMEOUT_SECONDS", "90",
              "CAIRN_PEER_TIMEOUT_SECONDS", "30");
      List<String> command = RankJvm.command(128, System.getProperty("java.class.path"));
      command.addAll(List.of(HostRank.class.getName(), RUN.toString()));
      command.addAll(List.of(works));
      ranks.add(hosts.start(rank * lastHost, variables, command));
    }
    return ranks;
  }

  private static void assertAll(List<HostProcess> ranks, String work, String expected)
      throws Exception {
    for (HostProcess rank : ranks) {
      assertEquals("DONE " + work + " " + expected, rank.result(work, PATIENCE_MILLIS));
    }
  }

  private static void end(List<HostProcess> ranks) throws Exception {
    for (HostProcess rank : ranks) {
      assertTrue(rank.awaitExit(PATIENCE_MILLIS).isPresent(), rank.said()::toString);
    }
  }

  /** Reads what the server's own disk holds: nothing of it is in any client's cache. */
  private static List<Long> checked() throws IOException {
    List<Long> steps = new ArrayList<>();
    for (RunDirectory.Entry entry : new RunDirectory(RUN_ON_SERVER).committed()) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
      assertEquals(
          List.of(),
          FolderCheck.check(entry.path(), Kernels.best()::crc32c, buffer, bytes -> {}),
          entry.path().toString());
      steps.add(entry.number());
    }
    return steps;
  }

  private static List<String> hidden() throws IOException {
    try (Stream<Path> paths = Files.list(RUN_ON_SERVER)) {
      return paths
          .map(path -> path.getFileName().toString())
          .filter(name -> name.startsWith("."))
          .toList();
    }
  }

  private static void awaitWriting() throws Exception {
    long deadline = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
    while (!isWriting()) {
      assertTrue(System.nanoTime() < deadline, "nobody saves");
      Thread.sleep(1);
    }
  }

  private static boolean isWriting() throws IOException {
    try (DirectoryStream<Path> making = Files.newDirectoryStream(RUN_ON_SERVER, ".*.tmp-*")) {
      for (Path folder : making) {
        if (Files.exists(folder.resolve("model.safetensors"))) {
          return true;
        }
      }
      return false;
    }
  }

  private void oneHost() throws Exception {
    List<HostProcess> ranks = start(0, "big:8", "auto:1", "direct:2", "restore", "async:3");
    assertAll(ranks, "auto:1", "PARALLEL");
    assertAll(ranks, "direct:2", "PARALLEL");
    assertAll(ranks, "restore", "step=2");
    end(ranks);
    assertEquals(List.of(1L, 2L, 3L), checked());
    String why = "written through the page cache.*blocks too large: blockBytes=[0-9]+";
    assertTrue(
        ranks.get(0).said().stream().anyMatch(line -> line.matches(".*" + why + ".*")),
        ranks.get(0).said()::toString);
  }

  private void twoHosts() throws Exception {
    List<HostProcess> ranks =
        start(1, "big:8", "auto:1", "async:2", "restore", "gather:3", "restore");
    assertAll(ranks, "auto:1", "GATHER");
    assertAll(ranks, "async:2", "GATHER");
    assertAll(ranks, "restore", "step=2");
    end(ranks);
    assertEquals(List.of(1L, 2L, 3L), checked());
  }

  private void kill() throws Exception {
    List<String> works = new ArrayList<>(List.of("big:8"));
    for (int step = 10; step < 60; step++) {
      works.add("gather:" + step);
    }
    List<HostProcess> ranks = start(1, works.toArray(String[]::new));
    assertAll(ranks, "gather:11", "GATHER");
    awaitWriting();
    for (HostProcess rank : ranks) {
      rank.kill();
    }
    List<Long> committed = checked();
    assertTrue(committed.contains(10L) && committed.contains(11L), committed::toString);
    long last = committed.get(committed.size() - 1);
    List<HostProcess> others = start(1, "big:8", "resume", "next", "restore");
    assertAll(others, "resume", "step=" + last);
    assertAll(others, "next", "step=" + (last + 1));
    assertAll(others, "restore", "step=" + (last + 1));
    end(others);
    assertEquals(List.of(), hidden());
  }

  private void outage() throws Exception {
    List<HostProcess> ranks = start(1, "big:16", "gather:1", "restore");
    awaitWriting();
    Hosts.run("ip", "link", "set", "eth0", "down");
    Thread.sleep(6000);
    Hosts.run("ip", "link", "set", "eth0", "up");
    assertAll(ranks, "gather:1", "GATHER");
    assertAll(ranks, "restore", "step=1");
    end(ranks);
    assertEquals(List.of(1L), checked());
  }

  private void full(String version, String why) throws Exception {
    mount(version);
    fill();
    assertAllFail(start(1, "big:16", "gather:1"), why);
  }

  /**
   * A client of 4.0 can reserve nothing, and hears of a full disk when it sends pages, or later.
   */
  private void filled() throws Exception {
    mount("4.0");
    List<HostProcess> ranks = start(1, "big:16", "gather:1");
    awaitWriting();
    fill();
    assertAllFail(ranks, "No space left on device");
    Files.delete(FILLER);
    List<HostProcess> others = start(1, "big:16", "resume", "gather:1");
    assertAll(others, "resume", "none");
    assertAll(others, "gather:1", "GATHER");
    end(others);
    assertEquals(List.of(1L), checked());
  }

  /** Takes nearly all space of the server's disk. */
  private static void fill() throws Exception {
    long bytes = Files.getFileStore(EXPORT).getUsableSpace() - (8L << 20);
    Hosts.run("fallocate", "-l", "" + bytes, FILLER.toString());
  }

  private static void assertAllFail(List<HostProcess> ranks, String why) throws Exception {
    for (HostProcess rank : ranks) {
      String said = rank.result("gather:1", PATIENCE_MILLIS);
      assertTrue(said.matches("FAILED gather:1: .*" + why + ".*"), said);
    }
    end(ranks);
    assertEquals(List.of(), checked());
    assertEquals(List.of(), hidden());
  }

  @Override
  public void close() {
    hosts.close();
  }
}
