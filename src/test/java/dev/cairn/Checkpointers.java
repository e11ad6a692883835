package dev.cairn;

import dev.cairn.comm.Communicator;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.options.SaveOptions;
import dev.cairn.save.SaveContext;
import dev.cairn.support.Fields;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Opens checkpointers for tests of other packages, on any disk and machine, and looks into them.
 */
public final class Checkpointers {
  private Checkpointers() {}

  /** Opens a checkpointer. */
  public static Checkpointer open(
      Communicator communicator,
      SaveOptions options,
      Optional<RunOptions> run,
      Disk disk,
      Machine machine) {
    return Checkpointer.open(communicator, options, run, disk, machine);
  }

  /** Opens a run's directory as a tool does. */
  public static RunDirectory directory(Path directory, Disk disk, Machine machine) {
    return new RunDirectory(directory, disk, machine);
  }

  /** Returns whether a checkpointer holds memory. */
  public static boolean holdsMemory(Checkpointer checkpointer) {
    SaveContext tools = (SaveContext) Fields.get(checkpointer, "tools");
    Object staging = Fields.get(tools.staging(), "memory");
    Object snapshot = saves(checkpointer).map(saves -> memory(saves)).orElse(null);
    return Fields.get(staging, "block") != null
        || Fields.get(staging, "direct") != null
        || snapshot != null;
  }

  private static Object memory(RunSaves saves) {
    return Fields.get(Fields.get(saves, "snapshot"), "memory");
  }

  @SuppressWarnings("unchecked")
  private static Optional<RunSaves> saves(Checkpointer checkpointer) {
    return (Optional<RunSaves>) Fields.get(checkpointer, "saves");
  }

  /** Frees what a killed process would have lost with its address space. */
  public static void free(Checkpointer checkpointer) {
    SaveContext tools = (SaveContext) Fields.get(checkpointer, "tools");
    try {
      tools.close(() -> saves(checkpointer).ifPresent(RunSaves::close));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
