package dev.cairn.faults;

import dev.cairn.support.RankJvm;
import dev.cairn.support.TalkingProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A process that runs {@link SaveLoop}, and what it has said. */
final class SaveLoopProcess extends TalkingProcess {
  SaveLoopProcess(int rank, int worldSize, List<String> arguments) throws IOException {
    this(SaveLoop.class, rank, worldSize, arguments, Map.of());
  }

  /** Starts a program that reads rendezvous directories and says how it gets on. */
  SaveLoopProcess(
      Class<?> program,
      int rank,
      int worldSize,
      List<String> arguments,
      Map<String, String> variables)
      throws IOException {
    super(command(program, arguments), variables(rank, worldSize, variables));
  }

  private static List<String> command(Class<?> program, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.addAll(RankJvm.command(128, System.getProperty("java.class.path")));
    command.add(program.getName());
    command.addAll(arguments);
    return command;
  }

  private static Map<String, String> variables(int rank, int worldSize, Map<String, String> more) {
    Map<String, String> variables = new HashMap<>(more);
    variables.put("RANK", Integer.toString(rank));
    variables.put("WORLD_SIZE", Integer.toString(worldSize));
    return variables;
  }

  void join(Path rendezvous) throws IOException {
    join(rendezvous, "");
  }

  /** Joins a group, with more words for the program. */
  void join(Path rendezvous, String more) throws IOException {
    forget();
    tell(rendezvous + (more.isEmpty() ? "" : " " + more));
  }

  /** Waits for a line that begins so and returns it. */
  String await(String beginning, long timeoutMillis) throws InterruptedException {
    return await(beginning, 1, timeoutMillis);
  }

  /** Waits until so many lines have begun so and returns the last of them. */
  String await(String beginning, int count, long timeoutMillis) throws InterruptedException {
    return await(beginning, line -> line.startsWith(beginning), count, timeoutMillis);
  }

  /** Returns the newest step that this rank was told is committed, since it joined; or 0. */
  long committed() {
    return said().stream()
        .filter(line -> line.startsWith("committed "))
        .mapToLong(line -> Long.parseLong(line.substring("committed ".length())))
        .max()
        .orElse(0);
  }

  int awaitExit() throws InterruptedException {
    return awaitExit(60_000).orElseThrow(() -> new AssertionError("it does not end: " + said()));
  }
}
