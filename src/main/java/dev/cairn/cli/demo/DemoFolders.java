package dev.cairn.cli.demo;

import dev.cairn.json.Json;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** The folders of one demo: a temporary one for the ranks to meet in, and the output. */
final class DemoFolders implements AutoCloseable {
  private static final DateTimeFormatter STAMP = DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss");

  private final Path temporary;
  private final Thread hook = new Thread(this::delete, "cairn-delete-temporary");

  private DemoFolders(Path temporary) {
    this.temporary = temporary;
  }

  static DemoFolders create() throws IOException {
    DemoFolders folders = new DemoFolders(Files.createTempDirectory("cairn-demo-"));
    Runtime.getRuntime().addShutdownHook(folders.hook);
    Files.createDirectory(folders.rendezvous());
    return folders;
  }

  /** Returns the folder through which the ranks find each other. */
  Path rendezvous() {
    return temporary.resolve("rendezvous");
  }

  /** Writes the configuration of a made-up model and returns the folder that holds it. */
  Path writeConfig(LlamaShape shape, DType held) throws IOException {
    Path folder = Files.createDirectory(temporary.resolve("model"));
    Files.write(folder.resolve("config.json"), Json.pretty(shape.config(held)));
    Files.write(
        folder.resolve("generation_config.json"), Json.pretty(LlamaShape.generationConfig()));
    return folder;
  }

  /**
   * Returns a new folder's name: below {@code target/demo} of the checkout that runs, otherwise in
   * the working directory.
   */
  static Path freshOutput() {
    String home = System.getProperty("cairn.home");
    String name = LocalDateTime.now(java.time.ZoneId.systemDefault()).format(STAMP);
    Path parent = home == null ? Path.of("") : Path.of(home, "target", "demo");
    Path output = parent.resolve("cairn-demo-" + name).toAbsolutePath();
    for (int i = 2; Files.exists(output); i++) {
      output = output.resolveSibling("cairn-demo-" + name + "-" + i);
    }
    return output;
  }

  private void delete() {
    try (Stream<Path> paths = Files.walk(temporary)) {
      List<Path> deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
      for (Path path : deepestFirst) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      System.err.println("cairn: temporary folder left behind: " + temporary + ": " + e);
    }
  }

  @Override
  public void close() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
      delete();
    } catch (IllegalStateException e) {
      // The process is ending, and the hook deletes.
    }
  }
}
