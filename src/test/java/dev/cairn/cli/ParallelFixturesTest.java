package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.hf.FolderDiff;
import dev.cairn.json.Json;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Checkpoints that DeepSpeed made with tensor, pipeline and expert parallelism, and universal ones
 * of these: what becomes of each is what the live engines held, gathered, in F32 and in 16 bit.
 */
class ParallelFixturesTest {
  @TempDir private Path temporary;

  static Path root() {
    String other = System.getProperty("cairn.parallel.fixtures");
    try {
      return other != null
          ? Path.of(other)
          : Path.of(ParallelFixturesTest.class.getResource("/parallel").toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static List<String> folders() throws IOException {
    try (Stream<Path> folders = Files.list(root())) {
      return folders
          .filter(Files::isDirectory)
          .map(folder -> folder.getFileName().toString())
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("folders")
  void mastersAreTheLiveOnes(String name) throws IOException {
    compare(name, "f32");
  }

  @ParameterizedTest
  @MethodSource("folders")
  void weightsAreTheLiveOnes(String name) throws IOException {
    compare(name, name.contains("fp16") ? "f16" : name.contains("fp32") ? "f32" : "bf16");
  }

  @ParameterizedTest
  @MethodSource("folders")
  void modelIsWhatTransformersSaves(String name) throws IOException {
    Path published = root().resolve(name).resolve("hf");
    assumeTrue(Files.isDirectory(published), "transformers has no such model");
    Path output = temporary.resolve("out");
    CommandRun run =
        CommandRun.of(
            "consolidate",
            root().resolve(name).toString(),
            output.toString(),
            "--hf",
            published.toString(),
            "--dtype",
            "bf16");
    assertEquals(0, run.exitCode(), run.err());
    assertEquals(List.of(), FolderDiff.of(published, output));
  }

  static List<String> pipelines() throws IOException {
    return folders().stream().filter(name -> name.contains("pp2_")).toList();
  }

  /** The base's names and shapes are those of the expected file. */
  @ParameterizedTest
  @MethodSource("pipelines")
  void pipelineIsNamedLikeItsBase(String name) throws IOException {
    Path folder = root().resolve(name);
    Path expected = folder.resolve("expected_fp32.safetensors");
    Path base = Files.createDirectory(temporary.resolve("base"));
    Files.copy(expected, base.resolve("model.safetensors"));
    Files.copy(folder.resolve("config.json"), base.resolve("config.json"));
    Path output = temporary.resolve("out");
    String[] command = {
      "consolidate", folder.toString(), output.toString(), "--dtype", "f32", "--hf", base.toString()
    };
    CommandRun run = CommandRun.of(command);
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(run.err().contains("naming the pipeline's weights"), run.err());
    ExpectedTensors.requireEqual(expected, output.resolve("model.safetensors"), DType.F32, false);
  }

  private void compare(String name, String dtype) throws IOException {
    Path folder = root().resolve(name);
    Path output = temporary.resolve("out");
    List<String> command = new ArrayList<>();
    command.addAll(List.of("consolidate", folder.toString(), output.toString()));
    command.addAll(List.of("--dtype", dtype));
    if (Files.exists(folder.resolve("config.json"))) {
      command.addAll(List.of("--hf", folder.toString()));
    }
    names(folder).forEach(command::add);
    boolean leftOutWhatIsFrozen = name.contains("exclfrozen");
    if (leftOutWhatIsFrozen) {
      CommandRun refused = CommandRun.of(command.toArray(String[]::new));
      assertEquals(2, refused.exitCode(), refused.err());
      assertTrue(refused.err().contains("this would not be the model: "), refused.err());
    }
    command.add("--raw-names"); // which asks no config
    CommandRun run = CommandRun.of(command.toArray(String[]::new));
    assertEquals(0, run.exitCode(), run.err());
    ExpectedTensors.requireEqual(
        folder.resolve("expected_fp32.safetensors"),
        output.resolve("model.safetensors"),
        DType.valueOf(dtype.toUpperCase(Locale.ROOT)),
        leftOutWhatIsFrozen);
  }

  private List<String> names(Path folder) throws IOException {
    Map<String, Object> meta = Json.parseObject(Files.readAllBytes(folder.resolve("meta.json")));
    if (!(meta.get("pipe_names_to_hf") instanceof Map<?, ?> names)) {
      return List.of();
    }
    Path file = temporary.resolve("names.json");
    Files.write(file, Json.compact(names));
    return List.of("--names", file.toString());
  }
}
