package dev.cairn.cli;

import dev.cairn.RunDirectory;
import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.text.ExitCode;
import dev.cairn.cli.text.Messages;
import dev.cairn.input.FoundInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Lists the checkpoints of a run. */
@Command(
    name = "list",
    description =
        "Lists the committed checkpoints in a run's directory, oldest number first, then what saves"
            + " and deletions have left there: whose it is, what becomes of it and how much it"
            + " takes. Changes nothing.",
    footer = {"", "Example: cairn list ~/runs/olmo"})
final class ListCommand implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "A run's directory.")
  private Path directory;

  @Mixin private OutputOptions speech;

  @Override
  public Integer call() throws IOException {
    List<RunDirectory.Entry> entries = committed(directory);
    LeftoverText leftovers = new LeftoverText(directory);
    if (speech.isJson()) {
      Map<String, Object> document = new LinkedHashMap<>();
      document.put("checkpoints", json(entries));
      document.put("leftovers", leftovers.json());
      speech.printJson(document);
      return ExitCode.FINE;
    }
    for (RunDirectory.Entry entry : entries) {
      String mark = entry.isMarked() ? "  kept for good" : "";
      speech.out().println(Messages.printable(entry.path().getFileName().toString()) + mark);
    }
    leftovers.lines().forEach(speech.out()::println);
    speech.out().flush();
    return ExitCode.FINE;
  }

  /** Returns the checkpoints of a directory that has to be there. */
  static List<RunDirectory.Entry> committed(Path directory) throws IOException {
    if (Files.exists(directory) && !Files.isDirectory(directory)) {
      throw new NoSuchFileException(
          directory.toString(),
          null,
          "is no folder; name the one that has the step_N folders in it");
    }
    if (!Files.isDirectory(directory)) {
      throw new NoSuchFileException(directory.toString());
    }
    List<RunDirectory.Entry> entries = new RunDirectory(directory).committed();
    if (entries.isEmpty()) {
      FoundInput.refuseForeignRun(directory);
    }
    return entries;
  }

  static List<Object> json(List<RunDirectory.Entry> entries) {
    List<Object> list = new ArrayList<>();
    for (RunDirectory.Entry entry : entries) {
      Map<String, Object> checkpoint = new LinkedHashMap<>();
      checkpoint.put("path", entry.path().toString());
      checkpoint.put("number", entry.number());
      checkpoint.put("marked", entry.isMarked());
      list.add(checkpoint);
    }
    return list;
  }
}
