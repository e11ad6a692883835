package dev.cairn.cli.demo;

import dev.cairn.cli.text.DemoFailedException;
import dev.cairn.cli.text.ExitCode;
import dev.cairn.json.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The processes of one demo, one for each rank; none outlives this. */
final class RankProcesses implements AutoCloseable {
  /** How long the other ranks may take to end once one has failed. */
  private static final int AFTERMATH_SECONDS = 20;

  private static final int CLEANING_SECONDS = 12;
  private static final int KILLED_BY_SIGNAL = 128;

  /** Fewer are made up and saved before the second compiler has done anything but take time. */
  private static final long FEW_PARAMETERS = 10_000_000;

  /** How the one line begins that a rank reports. */
  static final String REPORT = "cairn-rank ";

  private final List<Process> processes = new ArrayList<>();
  private final Path rendezvous;
  private final Thread hook = new Thread(this::stop, "cairn-stop-ranks");

  private RankProcesses(Path rendezvous) {
    this.rendezvous = rendezvous;
  }

  /** Starts {@code worldSize} processes, which find each other through {@code rendezvous}. */
  static RankProcesses start(DemoJob job, int worldSize, Path rendezvous) throws IOException {
    RankProcesses ranks = new RankProcesses(rendezvous);
    Runtime.getRuntime().addShutdownHook(ranks.hook);
    try {
      for (int rank = 0; rank < worldSize; rank++) {
        ranks.processes.add(ranks.start(job, rank, worldSize));
      }
      return ranks;
    } catch (IOException e) {
      ranks.close();
      throw e;
    }
  }

  private Process start(DemoJob job, int rank, int worldSize) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command(job));
    builder.redirectOutput(output(rank).toFile());
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    Map<String, String> environment = builder.environment();
    environment.put("CAIRN_RENDEZVOUS", rendezvous.toString());
    environment.put("RANK", Integer.toString(rank));
    environment.put("WORLD_SIZE", Integer.toString(worldSize));
    return builder.start();
  }

  private Path output(int rank) {
    return rendezvous.resolveSibling("rank-" + rank + ".json");
  }

  private static List<String> command(DemoJob job) {
    boolean isShort = job.from() == null && job.parameters() < FEW_PARAMETERS;
    List<String> command = RankJvm.command(isShort);
    command.add(job.toJson());
    return command;
  }

  /**
   * Waits until every rank has reported.
   *
   * @return the reports, in rank order
   * @throws DemoFailedException if one failed; the message is its own, or says how it died
   */
  List<RankReport> await() throws IOException {
    try {
      awaitEnd();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DemoFailedException("interrupted while ranks were saving", ExitCode.FAILURE);
    }
    List<RankReport> reports = new ArrayList<>();
    Optional<RankFailure> failure = Optional.empty();
    for (int rank = 0; rank < processes.size(); rank++) {
      Map<String, Object> line = report(rank);
      if (processes.get(rank).exitValue() == ExitCode.FINE) {
        reports.add(RankReport.parse(line));
      } else {
        failure = worse(failure, RankFailure.in(line));
      }
    }
    if (reports.size() < processes.size()) {
      throw failed(failure);
    }
    return reports;
  }

  /** The lowest status says most: bad input before wrong usage before a peer that is gone. */
  private static Optional<RankFailure> worse(Optional<RankFailure> one, Optional<RankFailure> two) {
    if (one.isEmpty() || (two.isPresent() && two.get().exitCode() < one.get().exitCode())) {
      return two;
    }
    return one;
  }

  private DemoFailedException failed(Optional<RankFailure> failure) {
    StringBuilder dead = new StringBuilder();
    for (int rank = 0; rank < processes.size(); rank++) {
      int status = processes.get(rank).exitValue();
      if (status > KILLED_BY_SIGNAL) {
        dead.append("rank %d died of signal %d".formatted(rank, status - KILLED_BY_SIGNAL));
        dead.append("; ");
      }
    }
    String reason = failure.map(RankFailure::error).orElse("no rank said why");
    return new DemoFailedException(
        dead + reason, failure.map(RankFailure::exitCode).orElse(ExitCode.FAILURE));
  }

  /** Returns the rank's own line; native libraries may have printed others around it. */
  private Map<String, Object> report(int rank) throws IOException {
    List<String> lines = Files.readAllLines(output(rank), StandardCharsets.UTF_8);
    for (String line : lines) {
      if (line.startsWith(REPORT)) {
        return Json.parseObject(line.substring(REPORT.length()).getBytes(StandardCharsets.UTF_8));
      }
    }
    return Map.of();
  }

  private void awaitEnd() throws InterruptedException {
    long deadlineNanos = Long.MAX_VALUE;
    List<Process> running = new ArrayList<>(processes);
    while (!running.isEmpty()) {
      running.get(0).waitFor(20, TimeUnit.MILLISECONDS);
      for (Process process : List.copyOf(running)) {
        if (!process.isAlive()) {
          running.remove(process);
          if (process.exitValue() != ExitCode.FINE && deadlineNanos == Long.MAX_VALUE) {
            deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(AFTERMATH_SECONDS);
          }
        }
      }
      if (deadlineNanos != Long.MAX_VALUE && System.nanoTime() - deadlineNanos > 0) {
        stop();
      }
    }
  }

  /** Ends every process: lets a save clean up after itself first, then insists. */
  private void stop() {
    for (Process process : processes) {
      try {
        process.getOutputStream().close(); // what each rank watches
      } catch (IOException e) {
        process.destroy();
      }
    }
    long deadlineNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(CLEANING_SECONDS);
    for (Process process : processes) {
      try {
        long leftNanos = Math.max(0, deadlineNanos - System.nanoTime());
        if (!process.waitFor(leftNanos, TimeUnit.NANOSECONDS)) {
          process.destroyForcibly().waitFor();
        }
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    stop();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The process is ending, and the hook is what ends the ranks.
    }
  }
}
