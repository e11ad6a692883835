package dev.cairn.support;

import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * What a test has mounted; it is unmounted in the reverse order. Where something cannot be mounted
 * the test is skipped, and the log says which command failed, and how.
 */
public final class Mounts implements AutoCloseable {
  private static final long IMAGE_BYTES = 512L << 20; // little of it is ever written

  private final Deque<Path> places = new ArrayDeque<>();

  /**
   * Mounts something.
   *
   * @param place made if it is not there
   * @param options of the command {@code mount}, all but the place
   * @return the place
   */
  public Path mount(Path place, String... options) throws IOException {
    if (!Files.exists(place)) {
      Files.createDirectories(place);
    }
    List<String> command = new ArrayList<>(List.of("mount"));
    command.addAll(List.of(options));
    command.add(place.toString());
    runOrSkip(command);
    places.push(place);
    return place;
  }

  /** Mounts an empty file system in memory that holds so many bytes. */
  public Path tmpfs(Path place, long sizeBytes) throws IOException {
    return mount(place, "-t", "tmpfs", "-o", "size=" + sizeBytes, "cairn-test");
  }

  /** Mounts a folder in which the files of another one are, until something is written. */
  public Path overlay(Path place, Path lower) throws IOException {
    Path upper = Files.createDirectories(lower.resolveSibling("upper"));
    Path work = Files.createDirectories(lower.resolveSibling("work"));
    String layers = "lowerdir=%s,upperdir=%s,workdir=%s".formatted(lower, upper, work);
    return mount(place, "-t", "overlay", "cairn-test", "-o", layers);
  }

  /**
   * Mounts an empty file system.
   *
   * @param type of the kernel's, or {@code bindfs}: a folder of another file system, by FUSE
   * @param folder where files may be made
   * @return where it is mounted
   */
  public Path empty(String type, Path folder) throws IOException {
    Path place = folder.resolve("disk");
    return switch (type) {
      case "tmpfs", "ramfs" -> mount(place, "-t", type, "cairn-test");
      case "overlay" -> overlay(place, layer(folder));
      case "bindfs" -> {
        Path source = Files.createDirectories(folder.resolve("source"));
        runOrSkip(List.of("bindfs", source.toString(), Files.createDirectory(place).toString()));
        places.push(place);
        yield place;
      }
      default -> mount(place, "-t", type, "-o", "loop", image(type, folder).toString());
    };
  }

  /** Returns an empty lower layer; overlayfs takes none of its own kind: a tmpfs holds it. */
  public Path layer(Path folder) throws IOException {
    Path layers = mount(folder.resolve("layers"), "-t", "tmpfs", "cairn-test");
    return Files.createDirectory(layers.resolve("lower"));
  }

  private static Path image(String type, Path folder) throws IOException {
    Path image = folder.resolve("image");
    try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
      file.setLength(IMAGE_BYTES);
    }
    List<String> make = new ArrayList<>(List.of("mkfs." + type));
    if (type.startsWith("ext")) {
      make.add("-F"); // a file, not a device
    }
    make.add(image.toString());
    runOrSkip(make);
    return image;
  }

  private static void runOrSkip(List<String> command) {
    try {
      run(command);
    } catch (IOException e) {
      String reason = "not mounted: " + e.getMessage().replaceAll("\\s+", " ");
      System.getLogger("tests").log(Level.WARNING, "skipped: " + reason);
      abort(reason);
    }
  }

  /** Changes the options of something that is mounted. */
  public static void remount(Path place, String options) throws IOException {
    run(List.of("mount", "-o", "remount," + options, place.toString()));
  }

  private static void run(List<String> command) throws IOException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.onExit().join().exitValue() != 0) {
      throw new IOException(String.join(" ", command) + ": " + said.trim());
    }
  }

  @Override
  public void close() throws IOException {
    while (!places.isEmpty()) {
      run(List.of("umount", places.pop().toString()));
    }
  }
}
