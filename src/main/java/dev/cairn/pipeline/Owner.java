package dev.cairn.pipeline;

import dev.cairn.io.Disk;
import dev.cairn.io.Host;
import dev.cairn.machine.Machine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Who works in a temporary folder: the lines of its file {@code owner}.
 *
 * @param scope where the process id means something, see {@link Host#processScope}
 * @param pid the process
 * @param startMillis when that process started, so that a reused pid is not taken for it
 */
record Owner(String scope, long pid, long startMillis) {
  /** The file's name inside the temporary folder. */
  static final String FILE = "owner";

  private static final Duration SILENCE = Duration.ofMinutes(10);

  /** This process; found out once, as it takes milliseconds. */
  private static Owner self;

  static synchronized Owner current() throws IOException {
    if (self == null) {
      ProcessHandle process = ProcessHandle.current();
      self = new Owner(Host.processScope(), process.pid(), startMillis(process));
    }
    return self;
  }

  private static long startMillis(ProcessHandle process) {
    return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
  }

  byte[] encode() {
    return (scope + "\n" + pid + "\n" + startMillis + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Returns whether nobody works in the folder any more: its owner's process is dead and its
   * process id belongs to this scope, or its heartbeat (the file's modification time) has been
   * silent for ten minutes.
   */
  static boolean isAbandoned(Disk disk, Machine machine, Path folder) throws IOException {
    Path file = folder.resolve(FILE);
    boolean isKnown = disk.find(file).isPresent();
    Instant lastBeat = disk.find(isKnown ? file : folder).orElseThrow().modified();
    if (lastBeat.plus(SILENCE).isBefore(machine.now())) {
      return true;
    }
    return isKnown
        && isDeadHere(new String(disk.readAll(file), StandardCharsets.UTF_8).lines().toList());
  }

  private static boolean isDeadHere(List<String> lines) throws IOException {
    if (lines.size() < 3 || !lines.get(0).equals(current().scope())) {
      return false; // another host's, or still being written: the heartbeat decides
    }
    long pid = Long.parseLong(lines.get(1));
    long startMillis = Long.parseLong(lines.get(2));
    return ProcessHandle.of(pid)
        .filter(ProcessHandle::isAlive)
        .filter(process -> startMillis(process) == startMillis)
        .isEmpty();
  }
}
