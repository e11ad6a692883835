package dev.cairn.cli.demo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.cli.text.Amounts;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.support.ShellRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code bin/cairn demo}, and the other commands on what it saved. */
@Tag("processes")
class DemoIT {
  private static final String SMALL = "200K";

  @TempDir private Path folder;

  @Test
  void savesVerifiesAndReports() throws Exception {
    Map<String, Object> result = demo("saved", "--ranks", "3", "--json");
    assertEquals("parallel", result.get("mode"));
    assertEquals(true, result.get("verified"));
    long bytes = ((JsonNumber) result.get("bytes")).longValue();
    assertEquals(Files.size(folder.resolve("saved/model.safetensors")), bytes);
    List<?> ranks = (List<?>) result.get("ranks");
    assertEquals(3, ranks.size());
    for (Object rank : ranks) {
      long peakBytes = ((JsonNumber) ((Map<?, ?>) rank).get("peakRssBytes")).longValue();
      long growthBytes = ((JsonNumber) ((Map<?, ?>) rank).get("rssGrowthBytes")).longValue();
      assertTrue(peakBytes > 32 << 20, () -> "peakRssBytes=" + peakBytes);
      assertTrue(growthBytes >= 0 && growthBytes < peakBytes, () -> "growth=" + growthBytes);
    }
    assertEquals(List.of("saved"), namesIn(folder));
  }

  @Test
  void textNamesFilesBytesSecondsRateAndMemory() throws Exception {
    ShellRun run =
        cairn("demo", "--parameters", SMALL, "--ranks", "2", "--quiet", "--output", "saved").run();
    assertEquals(0, run.exitCode(), run.err());
    assertEquals("", run.err());
    String amount = "\\d+(\\.\\d+)? [kKMG]?B";
    List<String> expected =
        new ArrayList<>(List.of(folder.toRealPath().resolve("saved").toString()));
    for (String name : namesIn(folder.resolve("saved"))) {
      String bytes = Amounts.bytes(Files.size(folder.resolve("saved").resolve(name)));
      expected.add("  %s +%s".formatted(name, bytes));
    }
    String saved = Amounts.bytes(Files.size(folder.resolve("saved/model.safetensors")));
    expected.add(
        "saved %s in \\d+\\.\\d{3} s: %s/s \\(parallel, fast: .*--durable.*\\)"
            .formatted(saved, amount));
    for (int rank = 0; rank < 2; rank++) {
      expected.add(
          "  rank %d: peak memory %s, of which the save added %s".formatted(rank, amount, amount));
    }
    expected.add("verified: 12 tensors hold what the ranks held, cast to BF16");
    List<String> lines = run.out().lines().toList();
    assertEquals(expected.size(), lines.size(), run.out());
    for (int line = 0; line < lines.size(); line++) {
      assertTrue(lines.get(line).matches(expected.get(line)), expected.get(line) + run.out());
    }
  }

  @Test
  void anyNumberOfRanksSavesTheSameFile() throws Exception {
    demo("one", "--ranks", "1", "--json");
    for (String ranks : List.of("2", "4")) {
      demo("of-" + ranks, "--ranks", ranks, "--json");
      assertArrayEquals(
          Files.readAllBytes(folder.resolve("one/model.safetensors")),
          Files.readAllBytes(folder.resolve("of-" + ranks + "/model.safetensors")),
          ranks);
    }
  }

  @Test
  @Tag("gloo")
  void gatheredAndParallelSavesAreTheSameFile() throws Exception {
    demo("parallel", "--ranks", "3", "--mode", "parallel", "--json");
    Map<String, Object> result = demo("gather", "--ranks", "3", "--mode", "gather", "--json");
    assertEquals("gather", result.get("mode"));
    assertArrayEquals(
        Files.readAllBytes(folder.resolve("parallel/model.safetensors")),
        Files.readAllBytes(folder.resolve("gather/model.safetensors")));
  }

  @Test
  void shardedFolderSplitAndSavedInOneFileIsTheSameFile() throws Exception {
    demo("whole", "--ranks", "1", "--json");
    demo("sharded", "--ranks", "2", "--max-shard-size", "100KB", "--json");
    assertTrue(Files.exists(folder.resolve("sharded/model.safetensors.index.json")));
    ShellRun again =
        cairn("demo", "--from", "sharded", "--ranks", "3", "--dtype", "keep", "--quiet")
            .with("--output", "again")
            .run();
    assertEquals(0, again.exitCode(), again.err());
    assertEquals("", again.err());
    assertEquals(namesIn(folder.resolve("whole")), namesIn(folder.resolve("again")));
    for (String name : List.of("model.safetensors", "config.json", "generation_config.json")) {
      assertArrayEquals(
          Files.readAllBytes(folder.resolve("whole").resolve(name)),
          Files.readAllBytes(folder.resolve("again").resolve(name)),
          name);
    }
  }

  @Test
  void existingTargetIsRefusedAndLeftAlone() throws Exception {
    Files.writeString(Files.createDirectory(folder.resolve("taken")).resolve("mine"), "mine");
    ShellRun run = cairn("demo", "--parameters", SMALL, "--output", "taken").run();
    assertEquals(2, run.exitCode());
    assertTrue(run.err().contains("exists already; --overwrite replaces it"), run.err());
    assertEquals(List.of("mine"), namesIn(folder.resolve("taken")));
    assertEquals(List.of("taken"), namesIn(folder));
  }

  @Test
  void overwriteReplacesTheTarget() throws Exception {
    demo("target", "--ranks", "2", "--json");
    demo("target", "--ranks", "2", "--dtype", "f32", "--overwrite", "--json");
    ShellRun inspect = cairn("inspect", "target", "--json").run();
    assertTrue(inspect.out().contains("\"F32\""));
    assertEquals(List.of("target"), namesIn(folder));
  }

  @Test
  void corruptSourceIsBadInputAndNothingIsSaved() throws Exception {
    demo("source", "--ranks", "1", "--json");
    Path file = folder.resolve("source/model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length - 1));
    ShellRun run = cairn("demo", "--from", "source", "--output", "copy").run();
    assertEquals(1, run.exitCode(), run.err());
    assertTrue(run.err().contains("model.safetensors"), run.err());
    assertEquals(List.of("source"), namesIn(folder));
  }

  @Test
  void verifySeesOneFlippedBit() throws Exception {
    demo("saved", "--ranks", "2", "--json");
    assertEquals(0, cairn("verify", "saved").run().exitCode());
    Path file = folder.resolve("saved/model.safetensors");
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
    ShellRun run = cairn("verify", "saved").run();
    assertEquals(1, run.exitCode(), run.err());
    assertTrue(run.out().contains("model.safetensors"), run.out());
  }

  @Test
  void outputThatCannotBeMadeIsADiskFailure() throws Exception {
    Files.writeString(folder.resolve("file"), "");
    ShellRun run = cairn("demo", "--parameters", SMALL, "--output", "file/below").run();
    assertEquals(3, run.exitCode(), run.err());
    assertEquals(List.of("file"), namesIn(folder));
  }

  @ParameterizedTest
  @ValueSource(strings = {"--ranks=0", "--parameters=many", "--mode=fast", "--dtype=i8"})
  void wrongValueIsWrongUsage(String option) throws Exception {
    ShellRun run = cairn("demo", option, "--output", "out").run();
    assertEquals(2, run.exitCode(), run.err());
    assertFalse(Files.exists(folder.resolve("out")));
  }

  private Map<String, Object> demo(String output, String... options)
      throws IOException, InterruptedException {
    ShellRun run = cairn("demo", "--parameters", SMALL, "--output", output).with(options).run();
    assertEquals(0, run.exitCode(), run.err());
    return Json.parseObject(run.out().getBytes(StandardCharsets.UTF_8));
  }

  private Command cairn(String... arguments) {
    return new Command(folder, List.of(arguments));
  }

  private static List<String> namesIn(Path directory) throws IOException {
    try (Stream<Path> paths = Files.list(directory)) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  /** A command line that can be added to. */
  private record Command(Path directory, List<String> arguments) {
    Command with(String... more) {
      List<String> all = new ArrayList<>(arguments);
      all.addAll(List.of(more));
      return new Command(directory, all);
    }

    ShellRun run() throws IOException, InterruptedException {
      return ShellRun.cairn(directory, arguments.toArray(String[]::new));
    }
  }
}
