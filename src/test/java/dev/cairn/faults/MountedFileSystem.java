package dev.cairn.faults;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** An empty file system, mounted for the time of a test. Needs root. */
final class MountedFileSystem implements AutoCloseable {
  private static final long IMAGE_BYTES = 512L << 20; // little of it is ever written

  private final List<Path> mounted = new ArrayList<>();
  private final Path folder;

  /**
   * Mounts one.
   *
   * @param type of the kernel's, or {@code bindfs}: a folder of another file system, by FUSE
   * @param folder where it may make files
   */
  MountedFileSystem(String type, Path folder) throws IOException {
    this.folder = folder;
    try {
      switch (type) {
        case "tmpfs", "ramfs" -> mount(place("disk"), "-t", type, "cairn-test");
        case "overlay" -> mountOverlay();
        case "bindfs" -> {
          run("bindfs", place("source").toString(), place("disk").toString());
          mounted.add(place());
        }
        default -> mountImage(type);
      }
    } catch (IOException e) {
      close();
      throw new MissingException(type, e);
    }
  }

  /** There is no file system of this type here: says which command failed, and how. */
  static final class MissingException extends IOException {
    private static final long serialVersionUID = 1;

    MissingException(String type, IOException cause) {
      super("no %s here: %s".formatted(type, cause.getMessage().replaceAll("\\s+", " ")), cause);
    }
  }

  /** Returns where it is mounted. */
  Path place() {
    return folder.resolve("disk");
  }

  private Path place(String name) throws IOException {
    return Files.createDirectories(folder.resolve(name));
  }

  /** Overlayfs takes no layer of its own kind: a tmpfs holds them. */
  private void mountOverlay() throws IOException {
    mount(place("layers"), "-t", "tmpfs", "cairn-test");
    String options =
        "lowerdir=%s,upperdir=%s,workdir=%s"
            .formatted(place("layers/lower"), place("layers/upper"), place("layers/work"));
    mount(place("disk"), "-t", "overlay", "cairn-test", "-o", options);
  }

  private void mountImage(String type) throws IOException {
    Path image = folder.resolve("image");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(IMAGE_BYTES);
    }
    List<String> make = new ArrayList<>(List.of("mkfs." + type));
    if (type.startsWith("ext")) {
      make.add("-F"); // a file, not a device
    }
    make.add(image.toString());
    run(make.toArray(String[]::new));
    mount(place("disk"), "-t", type, "-o", "loop", image.toString());
  }

  private void mount(Path place, String... options) throws IOException {
    List<String> command = new ArrayList<>(List.of("mount"));
    command.addAll(List.of(options));
    command.add(place.toString());
    run(command.toArray(String[]::new));
    mounted.add(place);
  }

  private static void run(String... command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.onExit().join().exitValue() != 0) {
      throw new IOException(String.join(" ", command) + ": " + said.trim());
    }
  }

  @Override
  public void close() throws IOException {
    while (!mounted.isEmpty()) {
      run("umount", mounted.remove(mounted.size() - 1).toString());
    }
  }
}
