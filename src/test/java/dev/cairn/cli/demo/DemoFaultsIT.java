package dev.cairn.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.support.Mounts;
import dev.cairn.support.ShellRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A demo whose processes are killed, or whose disk fills up, leaves nothing behind. */
@Tag("processes")
@Tag("faults")
class DemoFaultsIT {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int ATTEMPTS = 5;

  /** Often, for a save takes tenths of a second; not always, for the ranks need the processors. */
  private static final long POLL_NANOS = 1_000_000;

  @TempDir private Path folder;
  private Process demo;

  @AfterEach
  void endDemo() throws InterruptedException {
    if (demo != null) {
      demo.descendants().forEach(ProcessHandle::destroyForcibly);
      demo.destroyForcibly().waitFor();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"INT", "TERM", "KILL"})
  void endedDemoLeavesNoProcessAndNoHalfCheckpoint(String signal) throws Exception {
    startSave();
    List<ProcessHandle> ranks = ranks();
    ProcessHandle middle = rank(1);
    signal(signal, demo.toHandle());
    signal("CONT", middle);
    assertTrue(demo.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS));
    for (ProcessHandle rank : ranks) {
      await("rank ends", () -> !rank.isAlive());
    }
    assertNotEquals(0, demo.exitValue());
    assertEquals(List.of(), halfCheckpoints());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void deadRankIsNamedAndNothingIsLeft(int dead) throws Exception {
    startSave();
    ProcessHandle middle = rank(1);
    signal("KILL", rank(dead));
    if (dead != 1) {
      signal("CONT", middle);
    }
    assertTrue(demo.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS));
    String err = Files.readString(folder.resolve("err"));
    assertEquals(3, demo.exitValue(), err);
    assertTrue(err.contains("rank " + dead + " died of signal 9"), err);
    assertEquals(List.of(), halfCheckpoints());
  }

  @Test
  @Tag("mount")
  void fullDiskIsADiskFailureAndLeavesNothing() throws Exception {
    onFullDisk(
        8,
        disk -> {
          ShellRun run =
              ShellRun.cairn(folder, "demo", "--parameters", "10M", "--output", disk + "/model");
          assertEquals(3, run.exitCode(), run.err());
          assertTrue(run.err().contains("save failed"), run.err());
        });
  }

  @Test
  @Tag("mount")
  @Tag("strace")
  void shardsThatFitOnlyOneByOneFailBeforeAnyIsWrittenWhereSpaceIsNotReserved() throws Exception {
    assumeTrue(shell("strace -f -o /dev/null true") == 0, "strace is missing or may not trace");
    List<String> tracer = List.of("strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null");
    List<String> command = new ArrayList<>(tracer);
    command.addAll(List.of("-e", "trace=fallocate", "-e", "inject=fallocate:error=EOPNOTSUPP"));
    command.addAll(List.of(ShellRun.CHECKOUT.resolve("bin/cairn").toString(), "demo"));
    command.addAll(List.of("--ranks=2", "--parameters=10M", "--max-shard-size=4MB"));
    onFullDisk(
        16,
        disk -> {
          command.add("--output=" + disk + "/model");
          ShellRun run = ShellRun.of(folder, Map.of(), command);
          assertEquals(3, run.exitCode(), run.err());
          assertTrue(run.err().contains("not enough space: plannedBytes=196"), run.err());
          assertTrue(run.err().contains("shard=model-00001-of-00005.safetensors"), run.err());
        });
  }

  private interface Job {
    void on(Path disk) throws IOException, InterruptedException;
  }

  /** Does something on a small disk, after which nothing is to be there. */
  private void onFullDisk(long sizeMebibytes, Job job) throws Exception {
    try (Mounts mounts = new Mounts()) {
      Path disk = mounts.tmpfs(folder.resolve("disk"), sizeMebibytes << 20);
      job.on(disk);
      try (Stream<Path> left = Files.list(disk)) {
        assertEquals(List.of(), left.toList());
      }
    }
  }

  /**
   * Starts a demo and returns when its save has begun, one of its ranks standing still; another one
   * if a save was over before it could be disturbed.
   */
  private void startSave() throws IOException {
    Path out = Files.createDirectory(folder.resolve("out"));
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      demo =
          new ProcessBuilder(
                  ShellRun.CHECKOUT.resolve("bin/cairn").toString(),
                  "demo",
                  "--ranks=3",
                  "--parameters=60M",
                  "--output=" + out.resolve("model" + attempt))
              .redirectOutput(folder.resolve("stdout").toFile())
              .redirectError(folder.resolve("err").toFile())
              .start();
      await("three ranks run", () -> ranks().size() == 3);
      ProcessHandle middle = rank(1);
      await("save begins", () -> hasOwner() || !demo.isAlive());
      boolean isStopped = shell("kill -STOP " + middle.pid()) == 0;
      if (isStopped && hasOwner() && demo.isAlive()) {
        return;
      }
      shell("kill -CONT " + middle.pid());
      await("demo ends", () -> !demo.isAlive());
      assertEquals(0, demo.exitValue(), Files.readString(folder.resolve("err")));
    }
    throw new AssertionError("every save was over before it could be disturbed");
  }

  private List<ProcessHandle> ranks() {
    return demo.descendants()
        .filter(child -> child.info().commandLine().orElse("").contains(RankMain.class.getName()))
        .toList();
  }

  private ProcessHandle rank(int rank) {
    return ranks().stream()
        .filter(child -> environment(child).contains("RANK=" + rank))
        .findFirst()
        .orElseThrow();
  }

  private static List<String> environment(ProcessHandle process) {
    try {
      String all = Files.readString(Path.of("/proc/" + process.pid() + "/environ"));
      return List.of(all.split("\0"));
    } catch (IOException e) {
      return List.of(); // it has ended
    }
  }

  /** Returns everything beside a complete model. */
  private List<String> halfCheckpoints() {
    try (Stream<Path> paths = Files.list(folder.resolve("out"))) {
      return paths
          .filter(path -> !Files.exists(path.resolve("COMPLETED")) || isHidden(path))
          .map(path -> path.getFileName().toString())
          .toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** A rank that dies before its folder says whose it is leaves it to the ten-minute rule. */
  private boolean hasOwner() {
    return halfCheckpoints().stream()
        .anyMatch(name -> Files.exists(folder.resolve("out").resolve(name).resolve("owner")));
  }

  private static boolean isHidden(Path path) {
    return path.getFileName().toString().startsWith(".");
  }

  private static void await(String what, BooleanSupplier condition) {
    Instant deadline = Instant.now().plus(LIMIT);
    while (!condition.getAsBoolean()) {
      assertTrue(Instant.now().isBefore(deadline), () -> "did not happen in time: " + what);
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  private static void signal(String name, ProcessHandle process) throws IOException {
    assertEquals(0, shell("kill -" + name + " " + process.pid()));
  }

  private static int shell(String command) throws IOException {
    try {
      return ShellRun.of(Path.of("/"), Map.of(), List.of("bash", "-c", command)).exitCode();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }
}
