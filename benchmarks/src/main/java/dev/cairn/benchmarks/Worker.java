package dev.cairn.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Processes that stay alive between runs. The first one is told where to write by a line on its
 * standard input and answers {@code seconds S [growth BYTES]}; the others follow it by their own
 * means.
 */
final class Worker implements Candidate {
  private final String name;
  private final List<Process> processes = new ArrayList<>();
  private final BufferedReader answers;
  private final PrintStream orders;

  /**
   * Starts the processes and waits until the first says {@code ready}.
   *
   * @param environments one process for each, with these variables besides
   */
  Worker(String name, List<String> command, List<Map<String, String>> environments)
      throws IOException {
    this.name = name;
    for (Map<String, String> environment : environments) {
      ProcessBuilder builder = new ProcessBuilder(command).redirectError(Redirect.INHERIT);
      builder.environment().putAll(environment);
      if (!processes.isEmpty()) {
        builder.redirectOutput(Redirect.DISCARD);
      }
      processes.add(builder.start());
    }
    Process first = processes.get(0);
    answers =
        new BufferedReader(new InputStreamReader(first.getInputStream(), StandardCharsets.UTF_8));
    orders = new PrintStream(first.getOutputStream(), true, StandardCharsets.UTF_8);
    answer("ready");
  }

  /** Starts one process. */
  static Worker of(String name, List<String> command) throws IOException {
    return new Worker(name, command, List.of(Map.of()));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public Measured run(Path target) throws IOException {
    orders.println(target);
    String[] words = answer("seconds ").split(" ");
    long growth = words.length > 3 ? Long.parseLong(words[3]) : -1;
    return new Measured(Double.parseDouble(words[1]), growth);
  }

  /** Skips what libraries print. */
  private String answer(String beginning) throws IOException {
    String line = answers.readLine();
    while (line != null && !line.startsWith(beginning)) {
      line = answers.readLine();
    }
    if (line == null) {
      throw new IOException("benchmark process ended early: candidate=" + name);
    }
    return line;
  }

  @Override
  public void close() throws IOException {
    orders.close();
    try {
      for (Process process : processes) {
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
          process.destroyForcibly().waitFor();
        }
      }
    } catch (InterruptedException e) {
      processes.forEach(Process::destroyForcibly);
      Thread.currentThread().interrupt();
    }
  }
}
