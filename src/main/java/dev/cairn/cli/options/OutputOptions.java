package dev.cairn.cli.options;

import dev.cairn.cli.text.Progress;
import dev.cairn.json.Json;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that say how a command speaks: results to stdout, messages to stderr. */
public final class OutputOptions {
  @Spec(Spec.Target.MIXEE)
  private CommandSpec command;

  @Option(names = "--json", description = "Print one JSON document instead of text.")
  private boolean json;

  @Option(names = "--quiet", description = "No progress and no messages but failures.")
  private boolean quiet;

  public boolean isJson() {
    return json;
  }

  boolean isQuiet() {
    return quiet;
  }

  /** Returns where results go. */
  public PrintWriter out() {
    return command.commandLine().getOut();
  }

  /** Prints the result as the one JSON document. */
  public void printJson(Map<String, Object> document) {
    out().print(new String(Json.pretty(document), StandardCharsets.UTF_8));
    out().flush();
  }

  /** Says something that is not the result. */
  public void message(String line) {
    if (!quiet) {
      command.commandLine().getErr().println(line);
    }
  }

  /** Starts showing how far a task is; shows nothing when quiet. */
  public Progress progress(String task, long totalBytes) {
    return Progress.start(task, totalBytes, quiet, command.commandLine().getErr());
  }
}
