package dev.cairn;

import dev.cairn.comm.Communicator;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.Optional;

/** Opens what a simulation drives, on a disk and a machine of its own, and looks into it. */
public final class SimulatedCheckpointers {
  private SimulatedCheckpointers() {}

  /** Opens a checkpointer. */
  public static Checkpointer open(
      Communicator communicator, SaveOptions options, RunOptions run, Disk disk, Machine machine) {
    return Checkpointer.open(communicator, options, Optional.of(run), disk, machine);
  }

  /** Opens a run's directory as a tool does. */
  public static RunDirectory directory(Path directory, Disk disk, Machine machine) {
    return new RunDirectory(directory, disk, machine);
  }

  /** Returns whether a checkpointer holds memory. */
  public static boolean holdsMemory(Checkpointer checkpointer) {
    SaveTools tools = (SaveTools) field(checkpointer, "tools");
    Object staging = field(tools.staging(), "memory");
    Object snapshot = saves(checkpointer).map(saves -> memory(saves)).orElse(null);
    return field(staging, "block") != null || field(staging, "direct") != null || snapshot != null;
  }

  private static Object memory(RunSaves saves) {
    return field(field(saves, "snapshot"), "memory");
  }

  @SuppressWarnings("unchecked")
  private static Optional<RunSaves> saves(Checkpointer checkpointer) {
    return (Optional<RunSaves>) field(checkpointer, "saves");
  }

  /** Frees what a killed process would have lost with its address space. */
  public static void free(Checkpointer checkpointer) {
    SaveTools tools = (SaveTools) field(checkpointer, "tools");
    try {
      tools.close(() -> saves(checkpointer).ifPresent(RunSaves::close));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Object field(Object owner, String name) {
    try {
      Field field = owner.getClass().getDeclaredField(name);
      field.setAccessible(true);
      return field.get(owner);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(name, e);
    }
  }
}
