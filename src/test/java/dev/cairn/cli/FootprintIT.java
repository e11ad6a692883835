package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.deepspeed.MadeUpCheckpoint;
import dev.cairn.json.Golden;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.support.ShellRun;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.TorchSave;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What memory a save takes, what a conversion reads, and which libraries a command loads. */
@Tag("processes")
class FootprintIT {
  private static final long STAGING_BYTES = 4 * (8L << 20);
  private static final long MORE_BYTES = 32L << 20;

  /** Each of the two ranks holds more than it may take for the save; in the long form much more. */
  private static final String PARAMETERS = System.getProperty("cairn.footprint.parameters", "80M");

  private static final Pattern TORCH = Pattern.compile("/lib[^/]*torch[^/]*\\.so");

  private static final int HELD_PARAMETERS = 20_000_000;
  private static final int LAYERS = 7;
  private static final long PARALLEL_BYTES = 128L << 20;

  @TempDir private Path folder;

  @ParameterizedTest
  @Tag("gloo")
  @ValueSource(strings = {"gather", "parallel"})
  void rankGrowsByNoMoreThanItsStagingBuffersAndALittle(String mode) throws Exception {
    ShellRun run =
        ShellRun.cairn(
            folder,
            "demo",
            "--ranks=2",
            "--held=bf16",
            "--parameters=" + PARAMETERS,
            "--mode=" + mode,
            "--output=model",
            "--json");
    assertEquals(0, run.exitCode(), run.err());
    Map<String, Object> result = Json.parseObject(run.out().getBytes(StandardCharsets.UTF_8));
    assertEquals(mode, result.get("mode"));
    long heldBytes = ((JsonNumber) result.get("bytes")).longValue() / 2;
    assertTrue(heldBytes > STAGING_BYTES + MORE_BYTES, () -> "heldBytes=" + heldBytes);
    for (Object rank : (List<?>) result.get("ranks")) {
      JsonNumber growthBytes = (JsonNumber) ((Map<?, ?>) rank).get("rssGrowthBytes");
      assertTrue(growthBytes.longValue() <= STAGING_BYTES + MORE_BYTES, run.out());
    }
  }

  /** The 16-bit weights lie in the model states, half as long as the masters. */
  @Test
  void sixteenBitWeightsAreReadAndNotTheirMasters() throws Exception {
    Path checkpoint = folder.resolve("zero2");
    MadeUpCheckpoint.main(
        new String[] {checkpoint.toString(), Integer.toString(HELD_PARAMETERS), "2", "2"});
    ShellRun.cairn(folder, "--version"); // which builds what is older than the sources
    long start = bytesRead("--version");
    assertTrue(start > 1000, () -> "start=" + start);
    long held = bytesRead("consolidate --dtype bf16 " + checkpoint + " bf16");
    long masters = bytesRead("consolidate --dtype f32 " + checkpoint + " f32");
    long dataBytes = Files.size(folder.resolve("bf16/model.safetensors"));
    assertTrue(dataBytes > HELD_PARAMETERS, () -> "dataBytes=" + dataBytes);
    assertBetween(0.99, held - start, 1.25, dataBytes);
    assertBetween(1.99, masters - start, 2.25, dataBytes);
  }

  /** Slices along an inner dimension are read in small runs, of two ranks' files at a time. */
  @Test
  void tensorParallelSaveOfMoreThanTheMemoryIsReadInPieces() throws Exception {
    for (int rank = 0; rank < 2; rank++) {
      Map<String, Object> module = new LinkedHashMap<>();
      for (int layer = 0; layer < LAYERS; layer++) {
        String name = "model.layers." + layer + ".mlp.down_proj.weight";
        module.put(name, TorchSave.tensor(name, DType.BF16, 2048, 4096));
      }
      TorchSave.save(
          folder.resolve("tp/mp_rank_0" + rank + "_model_states.pt"),
          Map.of(
              "mp_world_size",
              2,
              "module",
              module,
              "universal_checkpoint_info",
              Map.of("parameter_with_row_parallelism_patterns", List.of(".*down_proj"))));
    }
    ShellRun.cairn(folder, "--version"); // which builds what is older than the sources
    long peakBytes = ShellRun.peakBytes(folder, "consolidate --raw-names --dtype keep tp whole");
    long dataBytes = Files.size(folder.resolve("whole/model.safetensors"));
    assertTrue(dataBytes > 1.5 * PARALLEL_BYTES, () -> "dataBytes=" + dataBytes);
    assertTrue(peakBytes <= PARALLEL_BYTES, () -> "peakBytes=" + peakBytes);
    assertTrue(peakBytes > 10 << 20, () -> "peakBytes=" + peakBytes);
  }

  private static void assertBetween(double least, long bytes, double most, long dataBytes) {
    assertTrue(
        bytes >= least * dataBytes && bytes <= most * dataBytes,
        () -> "read " + bytes + " for data of " + dataBytes);
  }

  /** Returns what the kernel says that a command read: a shell's count has its children's in it. */
  private long bytesRead(String arguments) throws Exception {
    ShellRun run =
        ShellRun.of(
            folder,
            Map.of(),
            List.of(
                "bash",
                "-c",
                ShellRun.CHECKOUT + "/bin/cairn " + arguments + " >/dev/null && cat /proc/$$/io"));
    assertEquals(0, run.exitCode(), run.err());
    return run.out()
        .lines()
        .filter(line -> line.startsWith("rchar: "))
        .mapToLong(line -> Long.parseLong(line.substring("rchar: ".length())))
        .sum();
  }

  @ParameterizedTest
  @Tag("strace")
  @ValueSource(
      strings = {
        "inspect FILE",
        "verify FILE",
        "demo --ranks=2 --parameters=200K --mode=parallel --quiet --output=model"
      })
  void commandThatNeedsNoGlooDoesNotLoadPyTorch(String arguments) throws Exception {
    List<String> opened = opened(arguments);
    assertTrue(opened.stream().anyMatch(line -> line.contains("/libjvm.so")), "a JVM was traced");
    assertEquals(List.of(), opened.stream().filter(line -> TORCH.matcher(line).find()).toList());
  }

  /** Returns the lines of strace about what the command and the processes it starts have opened. */
  private List<String> opened(String arguments) throws Exception {
    Path trace = folder.resolve("trace");
    String file = Golden.path("safetensors/every_dtype.safetensors").toAbsolutePath().toString();
    List<String> tracer = List.of("strace", "-f", "--seccomp-bpf", "-qq", "-o", trace.toString());
    List<String> command = new ArrayList<>(tracer);
    command.addAll(List.of("-e", "trace=open,openat"));
    command.add(ShellRun.CHECKOUT.resolve("bin/cairn").toString());
    command.addAll(List.of(arguments.replace("FILE", file).split(" ")));
    assumeTrue(
        ShellRun.of(folder, Map.of(), List.of("bash", "-c", "strace -o /dev/null true")).exitCode()
            == 0,
        "strace is missing or may not trace");
    ShellRun run = ShellRun.of(folder, Map.of(), command);
    assertEquals(0, run.exitCode(), run.err());
    return Files.readAllLines(trace, StandardCharsets.ISO_8859_1);
  }
}
