package dev.cairn.cli;

import dev.cairn.RunDirectory;
import dev.cairn.cli.text.Amounts;
import dev.cairn.cli.text.Messages;
import dev.cairn.commit.AbandonedFolder;
import dev.cairn.commit.AbandonedFolders;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.machine.ProcessIdentity;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What lies in a directory under hidden names, for a person and as a document. */
final class LeftoverText {
  private static final String NEXT = "the next save into this directory, or cairn prune, ";

  /** One folder in words and as a tree. */
  private record Entry(String line, Map<String, Object> tree) {}

  private final List<Entry> entries = new ArrayList<>();

  /** Looks at a directory and changes nothing. */
  LeftoverText(Path directory) throws IOException {
    AbandonedFolders leftovers = leftovers(directory);
    for (AbandonedFolder leftover : leftovers.find()) {
      add(leftovers, leftover.path(), state(leftover), fate(leftover), json(leftover));
    }
    for (Path deleted : new RunDirectory(directory).unfinishedDeletions()) {
      String fate =
          "a deletion that was interrupted: the next save of the run, or cairn prune, finishes it";
      add(leftovers, deleted, "deleted", fate, Map.of());
    }
  }

  static AbandonedFolders leftovers(Path directory) {
    return new AbandonedFolders(
        Disk.local(), Machine.local(), directory.toAbsolutePath().normalize());
  }

  private void add(
      AbandonedFolders leftovers, Path path, String state, String fate, Map<String, Object> more)
      throws IOException {
    long lengthBytes;
    try {
      lengthBytes = leftovers.lengthBytes(path);
    } catch (NoSuchFileException e) {
      return; // it was being worked in, and is not there any more
    }
    String name = Messages.printable(path.getFileName().toString());
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("path", path.toString());
    tree.put("bytes", lengthBytes);
    tree.put("state", state);
    tree.putAll(more);
    entries.add(new Entry(name + "  " + Amounts.bytes(lengthBytes) + ", " + fate, tree));
  }

  private static String state(AbandonedFolder leftover) {
    return leftover.state().name().toLowerCase(Locale.ROOT);
  }

  private static String fate(AbandonedFolder leftover) {
    long pid = leftover.owner().map(ProcessIdentity::pid).orElse(0L);
    return switch (leftover.state()) {
      case IN_USE -> "process " + pid + " works in it: stays";
      case ABANDONED ->
          "its process %d has ended: %s%s"
              .formatted(pid, NEXT, leftover.goesBack() ? "puts it back" : "removes it");
      case ELSEWHERE ->
          "of process %d of another host, boot or container, last sign of life %s: %s once that is silent for 24 hours"
              .formatted(pid, leftover.lastSign(), leftover.goesBack() ? "put back" : "removed");
      case EMPTY ->
          "empty, last changed %s: removed once it has not changed for 24 hours"
              .formatted(leftover.lastSign());
      case UNKNOWN -> "without an owner file of Cairn's: stays";
    };
  }

  private static Map<String, Object> json(AbandonedFolder leftover) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("lastSign", leftover.lastSign().toString());
    tree.put("goesBack", leftover.goesBack());
    leftover
        .owner()
        .ifPresent(
            owner -> {
              Map<String, Object> process = new LinkedHashMap<>();
              process.put("bootId", owner.bootId());
              process.put("namespace", owner.namespace());
              process.put("pid", owner.pid());
              process.put("startTicks", owner.startTicks());
              tree.put("owner", process);
            });
    return tree;
  }

  /** Returns a line for each. */
  List<String> lines() {
    return entries.stream().map(Entry::line).toList();
  }

  /** Returns a JSON tree for each. */
  List<Object> json() {
    return entries.stream().<Object>map(Entry::tree).toList();
  }
}
