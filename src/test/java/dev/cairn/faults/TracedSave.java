package dev.cairn.faults;

import dev.cairn.support.SavingRank;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * One durable save by {@link SavingRank} in a process whose system calls are watched or changed.
 */
record TracedSave(int exitCode, String said) {
  static final String NO_STRACE = "strace is missing or may not trace: apt-get install strace";

  /** Returns whether strace is there and may trace. */
  static boolean canTrace() throws InterruptedException {
    try {
      return new ProcessBuilder("strace", "-f", "-o", "/dev/null", "true").start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Saves.
   *
   * @param folder where what it says is kept
   * @param more arguments after the target
   */
  static TracedSave run(
      Path folder, List<String> tracer, Path target, Map<String, String> variables, String... more)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(tracer);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.addAll(List.of(SavingRank.class.getName(), target.toString()));
    command.addAll(List.of(more));
    Path output = Files.createTempFile(folder, "said", "");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().put("RANK", "0");
    builder.environment().put("WORLD_SIZE", "1");
    builder.environment().putAll(variables);
    Process process = builder.start();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
    return new TracedSave(process.waitFor(), Files.readString(output, StandardCharsets.UTF_8));
  }
}
