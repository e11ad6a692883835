package dev.cairn.benchmarks.candidates;

import dev.cairn.benchmarks.machine.Folders;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Processes that stay alive between runs. The first one gets its orders by lines on its standard
 * input and answers {@code seconds S [memory BYTES] [files N] [sent BYTES]}; the others follow it
 * by their own means.
 */
public final class Processes implements AutoCloseable {
  private final List<String> command;
  private final List<Path> temporary;
  private final List<Process> all = new ArrayList<>();
  private final BufferedReader answers;
  private final PrintStream orders;
  private String note = "";

  /**
   * Starts the processes and waits until the first says {@code ready}.
   *
   * @param environments one process for each, with these variables besides
   * @param temporary folders of theirs, which go with them
   */
  public Processes(List<String> command, List<Map<String, String>> environments, Path... temporary)
      throws IOException {
    this.command = command;
    this.temporary = List.of(temporary);
    for (Map<String, String> environment : environments) {
      ProcessBuilder builder = new ProcessBuilder(command).redirectError(Redirect.INHERIT);
      builder.environment().putAll(environment);
      if (!all.isEmpty()) {
        builder.redirectOutput(Redirect.DISCARD);
      }
      all.add(builder.start());
    }
    Process first = all.get(0);
    answers =
        new BufferedReader(new InputStreamReader(first.getInputStream(), StandardCharsets.UTF_8));
    orders = new PrintStream(first.getOutputStream(), true, StandardCharsets.UTF_8);
    answer("ready");
  }

  /** Gives an order and waits for what it took. */
  Candidate.Measured run(String order) throws IOException {
    orders.println(order);
    String[] words = answer("seconds ").split(" ");
    Map<String, String> values = new HashMap<>();
    for (int word = 0; word + 1 < words.length; word += 2) {
      values.put(words[word], words[word + 1]);
    }
    return new Candidate.Measured(
        Double.parseDouble(values.get("seconds")),
        Long.parseLong(values.getOrDefault("memory", "-1")),
        Integer.parseInt(values.getOrDefault("files", "-1")),
        Long.parseLong(values.getOrDefault("sent", "-1")));
  }

  /** Returns what the first process said about how it works. */
  String note() {
    return note;
  }

  /** Skips what libraries print. */
  private String answer(String beginning) throws IOException {
    String line = answers.readLine();
    while (line != null && !line.startsWith(beginning)) {
      if (line.startsWith("note ")) {
        note = line.substring("note ".length());
      }
      line = answers.readLine();
    }
    if (line == null) {
      throw new IOException("benchmark process ended early: command=" + command);
    }
    return line;
  }

  @Override
  public void close() {
    orders.close();
    try {
      for (Process process : all) {
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
          process.destroyForcibly().waitFor();
        }
      }
      for (Path folder : temporary) {
        Folders.delete(folder);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      all.forEach(Process::destroyForcibly);
      Thread.currentThread().interrupt();
    }
  }
}
