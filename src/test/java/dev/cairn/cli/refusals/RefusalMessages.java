package dev.cairn.cli.refusals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.cli.CommandRun;
import dev.cairn.cli.Fixture;
import dev.cairn.input.Refusal;
import dev.cairn.support.ShellRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

/** Refusals, whole, as a command prints them for real files and folders. */
abstract class RefusalMessages {
  /** What the tests of all classes have seen. */
  static final Set<Refusal> SEEN = ConcurrentHashMap.newKeySet();

  @TempDir Path temp;

  final void refused(Refusal refusal, Path path, List<String> details, String... command)
      throws IOException {
    SEEN.add(refusal);
    CommandRun run = CommandRun.of(command);
    String message = refusal.message(path, details.toArray(String[]::new));
    assertEquals("cairn " + command[0] + ": " + message + "\n", run.err());
    assertEquals("", run.out());
    assertTrue(run.exitCode() == 1 || command[command.length - 2].equals("--hf"), run.err());
    assertTrue(Files.notExists(temp.resolve("out")), "something was written");
  }

  final void consolidateRefused(Refusal refusal, Path path, String... details) throws IOException {
    refused(refusal, path, List.of(details), "consolidate", path.toString(), out());
  }

  final void mergeRefused(Refusal refusal, Path path, Path base, Path adapter, String... details)
      throws IOException {
    refused(
        refusal,
        path,
        List.of(details),
        "merge-lora",
        "--base",
        base.toString(),
        "--adapter",
        adapter.toString(),
        "--output",
        out());
  }

  final String out() {
    return temp.resolve("out").toString();
  }

  final Path write(String name, byte[] bytes) throws IOException {
    Path file = temp.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.write(file, bytes);
  }

  final Path write(String name, String text) throws IOException {
    return write(name, text.getBytes(StandardCharsets.ISO_8859_1));
  }

  final Path tree(String... files) throws IOException {
    for (String file : files) {
      write("in/" + file, "x");
    }
    return temp.resolve("in");
  }

  final Path fixture(String name) throws IOException {
    return Fixture.of(name).copyTo(temp.resolve("in"));
  }

  /** Copies a checkpoint of several parallel ranks. */
  final Path parallel(String name) throws IOException {
    return copy("parallel/" + name, temp.resolve(name));
  }

  /** Copies a folder below the resources, whatever is in it. */
  static Path copy(String resource, Path target) throws IOException {
    Path source = ShellRun.CHECKOUT.resolve("src/test/resources").resolve(resource);
    try (Stream<Path> entries = Files.walk(source)) {
      for (Path entry : entries.toList()) {
        Path copy = target.resolve(source.relativize(entry).toString());
        if (Files.isDirectory(entry)) {
          Files.createDirectories(copy);
        } else {
          Files.copy(entry, copy);
        }
      }
    }
    return target;
  }

  static Path save(Path checkpoint) {
    return checkpoint.resolve("global_step3");
  }

  final Path model(String name) throws IOException {
    write(name + "/config.json", "{\"model_type\": \"llama\"}");
    write(name + "/model.safetensors", "\2\0\0\0\0\0\0\0{}");
    return temp.resolve(name);
  }
}
