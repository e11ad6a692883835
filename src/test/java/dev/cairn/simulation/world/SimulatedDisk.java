package dev.cairn.simulation.world;

import dev.cairn.io.Disk;
import dev.cairn.io.InputFile;
import dev.cairn.io.OutputFile;
import dev.cairn.io.PathState;
import dev.cairn.simulation.history.DiskCall;
import dev.cairn.simulation.scheduling.SimulatedProcess;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** The world's disk as one process sees it: every call is a step, and may fail. */
public final class SimulatedDisk implements Disk {
  private final World world;
  private final DiskSteps steps;

  public SimulatedDisk(World world, SimulatedProcess process) {
    this(world, new DiskSteps(world, process));
  }

  private SimulatedDisk(World world, DiskSteps steps) {
    this.world = world;
    this.steps = steps;
  }

  /** Returns the disk as the checker sees it: nothing fails, and nobody notices. */
  static SimulatedDisk quiet(World world) {
    return new SimulatedDisk(world, DiskSteps.quiet());
  }

  private Instant now() {
    return SimulatedMachine.timeOfDay(world.scheduler());
  }

  private FolderNode parent(Path path) throws IOException {
    Path parent = path.toAbsolutePath().normalize().getParent();
    Node node = world.storage().find(parent).orElseThrow(() -> missing(path));
    if (node instanceof FolderNode folder) {
      return folder;
    }
    throw new NotDirectoryException(path.toString());
  }

  private static NoSuchFileException missing(Path path) {
    return new NoSuchFileException(path.toString());
  }

  private static String name(Path path) {
    return path.toAbsolutePath().normalize().getFileName().toString();
  }

  private FileNode file(Path path) throws IOException {
    Node node = world.storage().find(path).orElseThrow(() -> missing(path));
    if (node instanceof FileNode file) {
      return file;
    }
    throw new FileSystemException(path.toString(), null, "Is a directory");
  }

  private FolderNode folder(Path path) throws IOException {
    Node node = world.storage().find(path).orElseThrow(() -> missing(path));
    if (node instanceof FolderNode folder) {
      return folder;
    }
    throw new NotDirectoryException(path.toString());
  }

  @Override
  public void createFolder(Path folder) throws IOException {
    try (DiskStep step = steps.begin(DiskCall.FOLDER, folder)) {
      FolderNode parent = parent(folder);
      if (parent.entries().containsKey(name(folder))) {
        throw new FileAlreadyExistsException(folder.toString());
      }
      parent.set(name(folder), new FolderNode(now()), now());
      step.done();
    }
  }

  @Override
  public OutputFile create(Path file, long lengthBytes, long plannedBytes) throws IOException {
    try (DiskStep step = steps.begin(DiskCall.OPEN, file)) {
      FolderNode parent = parent(file);
      if (parent.entries().containsKey(name(file))) {
        throw new FileAlreadyExistsException(file.toString());
      }
      FileNode node = new FileNode(now());
      parent.set(name(file), node, now());
      step.halfDone();
      node.extend(Math.toIntExact(lengthBytes), now());
      step.done();
      return new SimulatedOutput(steps, file, node, this::now);
    }
  }

  @Override
  public OutputFile open(Path file) throws IOException {
    try (DiskStep step = steps.begin(DiskCall.OPEN, file)) {
      FileNode node = file(file);
      step.done();
      return new SimulatedOutput(steps, file, node, this::now);
    }
  }

  @Override
  public void copy(Path source, Path target) throws IOException {
    try (OutputFile copy = create(target, 0, 0)) {
      copy.writeFully(ByteBuffer.wrap(readAll(source)), 0);
    }
  }

  @Override
  public void forceFolder(Path folder) throws IOException {
    try (DiskStep step = steps.begin(DiskCall.FORCE, folder)) {
      folder(folder).force();
      step.done();
    }
  }

  @Override
  public void rename(Path source, Path target) throws IOException {
    try (DiskStep step = steps.begin(DiskCall.RENAME, source)) {
      FolderNode parent = parent(source);
      if (parent != parent(target)) {
        throw new IllegalStateException("renames are simulated inside one folder: " + target);
      }
      if (!parent.entries().containsKey(name(source))) {
        throw missing(source);
      }
      if (parent.entries().containsKey(name(target))) {
        throw new FileAlreadyExistsException(target.toString());
      }
      parent.rename(name(source), name(target), now());
      step.done("-> " + name(target));
    }
  }

  @Override
  public boolean exchange(Path first, Path second) throws IOException {
    try (DiskStep step = steps.begin(DiskCall.EXCHANGE, first)) {
      FolderNode parent = parent(first);
      if (!world.storage().canExchange()) {
        step.done("cannot");
        return false;
      }
      if (!parent.entries().containsKey(name(first))) {
        throw missing(first);
      }
      if (!parent.entries().containsKey(name(second))) {
        throw missing(second);
      }
      parent.exchange(name(first), name(second), now());
      step.done("<-> " + name(second));
      return true;
    }
  }

  @Override
  public void delete(Path path) throws IOException {
    try (DiskStep step = steps.begin(DiskCall.DELETE, path)) {
      Node node = world.storage().find(path).orElseThrow(() -> missing(path));
      if (node instanceof FolderNode folder && !folder.entries().isEmpty()) {
        throw new DirectoryNotEmptyException(path.toString());
      }
      parent(path).set(name(path), null, now());
      step.done();
    }
  }

  @Override
  public void deleteTree(Path folder) throws IOException {
    try (DiskStep step = steps.begin(DiskCall.DELETE, folder)) {
      Optional<Node> node = world.storage().find(folder);
      if (node.isPresent()) {
        if (node.get() instanceof FolderNode tree) {
          clear(tree, step);
        }
        parent(folder).set(name(folder), null, now());
      }
      step.done();
    }
  }

  private void clear(FolderNode tree, DiskStep step) throws IOException {
    for (String name : List.copyOf(tree.entries().keySet())) {
      if (tree.entries().get(name) instanceof FolderNode below) {
        clear(below, step);
      }
      tree.set(name, null, now());
      step.halfDone();
    }
  }

  @Override
  public InputFile openForReading(Path file) throws IOException {
    try (DiskStep step = steps.begin(DiskCall.OPEN, file)) {
      FileNode node = file(file);
      step.done();
      return new SimulatedInput(steps, file, node);
    }
  }

  @Override
  public Optional<PathState> find(Path path) throws IOException {
    try (DiskStep step = steps.begin(DiskCall.FIND, path)) {
      Optional<PathState> state = world.storage().find(path).map(SimulatedDisk::state);
      step.done(state.isPresent() ? "is there" : "is not there");
      return state;
    }
  }

  private static PathState state(Node node) {
    return node instanceof FileNode file
        ? new PathState(PathState.Kind.FILE, file.bytes().length, node.modified())
        : new PathState(PathState.Kind.FOLDER, 0, node.modified());
  }

  @Override
  public Optional<PathState> findHere(Path path) throws IOException {
    return find(path);
  }

  @Override
  public List<Path> list(Path folder) throws IOException {
    try (DiskStep step = steps.begin(DiskCall.LIST, folder)) {
      List<Path> paths =
          folder(folder).entries().keySet().stream()
              .sorted(Comparator.comparing(world.trace()::stable))
              .map(folder::resolve)
              .toList();
      step.done(paths.size() + " entries");
      return paths;
    }
  }

  @Override
  public Path realPath(Path path) throws IOException {
    world.scheduler().enter();
    try {
      if (world.storage().find(path).isEmpty()) {
        throw missing(path);
      }
      return path.toAbsolutePath().normalize();
    } finally {
      world.scheduler().leave();
    }
  }

  @Override
  public void touch(Path file) throws IOException {
    try (DiskStep step = steps.begin(DiskCall.WRITE, file)) {
      file(file).touch(now());
      step.done();
    }
  }

  @Override
  public String fileSystemType(Path path) {
    return "ext4";
  }
}
