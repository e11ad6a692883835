package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.hf.FolderDiff;
import dev.cairn.support.PythonScript;
import dev.cairn.support.ShellRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Models of ten families, saved by torch.distributed.checkpoint from FSDP, HSDP, tensor parallelism
 * and both, some by accelerate: every tensor is what torch gathered, and the folder what {@code
 * save_pretrained} writes. In the long form each in bf16 and in f32, else four of them in one.
 */
@Tag("processes")
@Tag("python")
class DistributedPythonIT {
  private static final Path SCRIPT = Path.of("src/test/python/dcp_checkpoints.py");
  private static final boolean ALL = Boolean.getBoolean("cairn.zoo.all");
  private static final List<String> SAMPLE =
      List.of(
          "LlamaForCausalLM",
          "MixtralForCausalLM",
          "GPT2LMHeadModel",
          "T5ForConditionalGeneration");
  private static final int CASES = ALL ? 140 : 28;

  private static final int LARGE_TENSORS = ALL ? 16 : 2;
  private static final long LARGE_TENSOR_BYTES = 128L << 20;
  private static final long MEMORY_BYTES = 128L << 20;

  @TempDir private static Path made;
  @TempDir private Path temporary;

  @BeforeAll
  static void make(@TempDir Path logs) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(made.toString()));
    arguments.add("--large=" + LARGE_TENSORS);
    arguments.addAll(ALL ? List.of("--both") : SAMPLE);
    PythonScript.run(
        "DistributedPythonIT", logs.resolve("log"), 10, SCRIPT, arguments.toArray(String[]::new));
  }

  /** In the long form 2 GiB, which is many times the memory. */
  @Test
  void largeTensorsAreReadInPieces() throws Exception {
    ShellRun.cairn(temporary, "--version"); // which builds what is older than the sources
    Path checkpoint = made.resolve("large");
    long peakBytes =
        ShellRun.peakBytes(
            temporary, "consolidate --raw-names --dtype keep " + checkpoint + " out");
    long dataBytes = Files.size(temporary.resolve("out/model.safetensors"));
    assertTrue(dataBytes > LARGE_TENSORS * LARGE_TENSOR_BYTES, () -> "dataBytes=" + dataBytes);
    assertTrue(peakBytes <= MEMORY_BYTES, () -> "peakBytes=" + peakBytes);
    assertTrue(peakBytes > 10 << 20, () -> "peakBytes=" + peakBytes);
  }

  @Test
  void tensorsAreThoseThatTorchGathers() throws Exception {
    List<String> lines = Files.readAllLines(made.resolve("cases.tsv"));
    List<String> wrong = new ArrayList<>();
    for (String line : lines) {
      List<String> fields = List.of(line.split("\t"));
      Path checkpoint = made.resolve(fields.get(0));
      Path model = made.resolve(fields.get(1));
      wrong.addAll(compare(checkpoint, model.resolve("full"), "--raw-names"));
      wrong.addAll(
          compare(
              checkpoint,
              model.resolve("reference"),
              "--hf",
              model.resolve("reference").toString()));
    }
    assertEquals(List.of(), wrong);
    assertEquals(CASES, lines.size());
  }

  private List<String> compare(Path checkpoint, Path expected, String... options)
      throws IOException {
    Path output = temporary.resolve("out");
    List<String> command =
        new ArrayList<>(List.of("consolidate", checkpoint.toString(), output.toString()));
    command.addAll(List.of("--dtype", "keep", "--overwrite"));
    command.addAll(List.of(options));
    CommandRun run = CommandRun.of(command.toArray(String[]::new));
    if (run.exitCode() != 0) {
      return List.of(checkpoint.getFileName() + ": " + run.err());
    }
    assertTrue(Files.exists(output.resolve("model.safetensors")));
    return FolderDiff.of(expected, output).stream()
        .map(difference -> checkpoint.getFileName() + " " + difference)
        .toList();
  }
}
