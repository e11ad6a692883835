package dev.cairn.simulation.world;

import dev.cairn.hf.FolderCheck;
import dev.cairn.kernels.Kernels;
import dev.cairn.simulation.history.Contents;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What is visible of a run on the simulated disk. */
public final class DiskView {
  private static final String PREFIX = "step_";
  private static final ByteBuffer BUFFER = ByteBuffer.allocateDirect(4096);

  private final World world;

  public DiskView(World world) {
    this.world = world;
  }

  /**
   * Returns the visible checkpoints by step.
   *
   * @param isThorough whether all are verified as the product does; otherwise only those that are
   *     no single save
   */
  public Map<Long, Contents> checkpoints(boolean isThorough) {
    Map<Long, Contents> found = new TreeMap<>();
    world
        .storage()
        .findFolder(world.run())
        .ifPresent(
            run ->
                run.entries()
                    .forEach(
                        (name, node) -> {
                          if (name.startsWith(PREFIX)
                              && node instanceof FolderNode folder
                              && folder.entries().containsKey("COMPLETED")) {
                            long step = Long.parseLong(name.substring(PREFIX.length()));
                            found.put(step, contents(name, folder, isThorough));
                          }
                        }));
    return found;
  }

  private Contents contents(String name, FolderNode folder, boolean isThorough) {
    Contents contents = folder.contents();
    if (contents.isOne() && !isThorough) {
      return contents;
    }
    return new Contents(
        contents.stamps(), contents.isWhole(), verifies(world.run().resolve(name), folder));
  }

  private boolean verifies(Path path, FolderNode folder) {
    if (!folder.entries().containsKey("cairn.json")) {
      return false;
    }
    try {
      return FolderCheck.check(
              SimulatedDisk.quiet(world), path, Kernels.best()::crc32c, BUFFER, bytes -> {})
          .isEmpty();
    } catch (IOException | RuntimeException e) {
      return false;
    }
  }

  /** Returns the steps of which an old checkpoint waits, hidden, for what replaces it. */
  public Set<Long> replaced() {
    Set<Long> steps = new TreeSet<>();
    for (String name : hidden()) {
      int end = name.indexOf(".old-");
      if (end > 0) {
        steps.add(Long.parseLong(name.substring(1 + PREFIX.length(), end)));
      }
    }
    return steps;
  }

  /** Returns the names of hidden entries beside checkpoints. */
  public List<String> hidden() {
    return world
        .storage()
        .findFolder(world.run())
        .map(
            run ->
                run.entries().keySet().stream()
                    .filter(name -> name.startsWith("."))
                    .map(world.trace()::stable)
                    .toList())
        .orElse(List.of());
  }
}
