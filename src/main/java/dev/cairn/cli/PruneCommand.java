package dev.cairn.cli;

import dev.cairn.RunDirectory;
import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.text.ExitCode;
import dev.cairn.cli.text.Messages;
import dev.cairn.commit.AbandonedFolder;
import dev.cairn.commit.AbandonedFolders;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Deletes old checkpoints of a run. */
@Command(
    name = "prune",
    description =
        "Deletes committed checkpoints but the newest N and those marked to be kept. Each is"
            + " renamed away first, so that none is ever seen half deleted. Before that, what dead"
            + " saves have left in the directory is removed, or put back.",
    footer = {"", "Example: cairn prune ~/runs/olmo --keep-last 3 --dry-run"})
final class PruneCommand implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "A run's directory.")
  private Path directory;

  @Option(
      names = "--keep-last",
      paramLabel = "N",
      required = true,
      description = "How many of the newest checkpoints stay; at least 1.")
  private int keepLast;

  @Option(names = "--dry-run", description = "Only say what would be deleted.")
  private boolean dryRun;

  @Mixin private OutputOptions speech;

  @Override
  public Integer call() throws IOException {
    if (keepLast < 1) {
      throw new IllegalArgumentException(
          "nothing would be kept: --keep-last=" + keepLast + ", expected at least 1");
    }
    ListCommand.committed(directory);
    List<AbandonedFolder> swept = sweep();
    RunDirectory run = new RunDirectory(directory);
    List<RunDirectory.Entry> surplus = run.surplus(keepLast, 0);
    if (!dryRun) {
      run.delete(surplus);
    }
    if (speech.isJson()) {
      Map<String, Object> document = new LinkedHashMap<>();
      document.put(dryRun ? "wouldDelete" : "deleted", ListCommand.json(surplus));
      document.put(
          dryRun ? "wouldSweep" : "swept",
          swept.stream().map(leftover -> leftover.path().toString()).toList());
      speech.printJson(document);
      return ExitCode.FINE;
    }
    for (AbandonedFolder leftover : swept) {
      speech.out().println(words(leftover));
    }
    String verb = dryRun ? "would delete " : "deleted ";
    for (RunDirectory.Entry entry : surplus) {
      speech.out().println(verb + Messages.printable(entry.path().getFileName().toString()));
    }
    speech.out().flush();
    return ExitCode.FINE;
  }

  /**
   * Without a change to the directory nobody can ask its server for the time: who is silent stays.
   */
  private List<AbandonedFolder> sweep() throws IOException {
    AbandonedFolders leftovers = LeftoverText.leftovers(directory);
    return dryRun
        ? leftovers.find().stream()
            .filter(leftover -> leftover.state() == AbandonedFolder.State.ABANDONED)
            .toList()
        : leftovers.sweep();
  }

  private String words(AbandonedFolder leftover) {
    Path named = leftover.goesBack() ? leftover.target() : leftover.path();
    String verb =
        leftover.goesBack()
            ? (dryRun ? "would put back " : "put back ")
            : (dryRun ? "would remove " : "removed ");
    return verb + Messages.printable(named.getFileName().toString());
  }
}
