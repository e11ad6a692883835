package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code bin/cairn consolidate} on checkpoints that DeepSpeed wrote; {@code diff}, {@code inspect}
 * and {@code verify} on what came out run in this process.
 */
@Tag("processes")
class ConsolidateIT {
  private static final String LLAMA = "a_z3_w2_llama";
  private static final String TIED = "b_z3_w4_qwen2_tied_odd_buf";
  private static final String FROZEN = "c_z3_w2_olmo2_frozen";
  private static final String ZERO2 = "d2_z2_w3_qwen2_tied_rr";
  private static final String LORA = "f_z3_w2_lora";
  private static final String FP16 = "h_z3_w2_fp16";

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {LLAMA, TIED, FROZEN, ZERO2, LORA, FP16})
  void sixteenBitFolderEqualsWhatTheEngineHeld(String name) throws Exception {
    Fixture fixture = Fixture.of(name);
    List<String> options =
        new ArrayList<>(List.of("--dtype", fixture.dtype(), "--hf", fixture.toString(), "--json"));
    if (name.equals(LORA)) {
      options.add("--unchecked"); // PEFT's names are those of no model
    }
    ShellRun run = consolidate(fixture, options.toArray(String[]::new));
    Map<String, Object> result = Json.parseObject(run.out().getBytes(StandardCharsets.UTF_8));
    assertEquals(Files.size(out("model.safetensors")), number(result, "bytes"));
    assertTrue(((JsonNumber) result.get("seconds")).doubleValue() > 0);
    long peakBytes = number(result, "peakRssBytes");
    assertTrue(peakBytes > 20 << 20 && peakBytes < 250 << 20, () -> "peak=" + peakBytes);
    Map<String, String> missing = new TreeMap<>();
    fixture.aliases().forEach(alias -> missing.put(alias, "only in the second"));
    assertEquals(missing, problems(diff(fixture.expected16Bit())));
    assertEquals(
        List.of(
            "COMPLETED",
            "cairn.json",
            "config.json",
            "generation_config.json",
            "meta.json",
            "model.safetensors"),
        namesIn(out("")));
    assertArrayEquals(
        Files.readAllBytes(fixture.folder().resolve("generation_config.json")),
        Files.readAllBytes(out("generation_config.json")));
    Map<String, Object> config = Json.parseObject(Files.readAllBytes(out("config.json")));
    assertEquals(fixture.dtype().equals("f16") ? "float16" : "bfloat16", config.get("dtype"));
    int expected = name.equals(LORA) ? 1 : 0;
    assertEquals(expected, CommandRun.of("verify", out("").toString()).exitCode());
    assertEquals(List.of("out"), namesIn(folder));
  }

  @ParameterizedTest
  @ValueSource(strings = {LLAMA, TIED, FROZEN, ZERO2, LORA, FP16})
  void f32FolderEqualsWhatDeepSpeedsConverterReturns(String name) throws Exception {
    Fixture fixture = Fixture.of(name);
    consolidateHere(fixture, "--dtype", "f32", "--threads", "3");
    for (Map<?, ?> difference : diff(fixture.expectedF32())) {
      String tensor = (String) difference.get("tensor");
      if (fixture.parameters().contains(tensor)) { // theirs is still 16-bit
        assertTrue(fixture.frozen().contains(tensor), tensor);
        assertTrue(difference.get("problem").toString().startsWith("dtype F32, "), tensor);
        assertEquals(0, ((JsonNumber) difference.get("largestAbsolute")).doubleValue(), tensor);
      } else { // they turn a buffer into F32
        assertTrue(difference.get("problem").toString().endsWith(", F32"), tensor);
      }
    }
    Set<String> changed = problems(diff(fixture.expected16Bit())).keySet();
    assertEquals(fixture.parameters(), changed, "buffers keep what they are stored in");
  }

  @ParameterizedTest
  @ValueSource(strings = {LLAMA, TIED, FROZEN, ZERO2, LORA, FP16})
  void keptShardsEqualWhatTheEngineHeldUnderEveryName(String name) throws Exception {
    Fixture fixture = Fixture.of(name);
    consolidateHere(fixture, "--dtype", "keep", "--max-shard-size", "20KB", "--tag=global_step3");
    assertTrue(Files.exists(out("model.safetensors.index.json")));
    assertFalse(Files.exists(out("model.safetensors")));
    assertTrue(namesIn(out("")).stream().filter(file -> file.startsWith("model-")).count() > 1);
    assertEquals(Map.of(), problems(diff(fixture.expected16Bit())));
  }

  @Test
  void trainedPartOfOneSavesFolderIsTaken() throws Exception {
    Fixture fixture = Fixture.of(FROZEN);
    Path save = fixture.folder().resolve("global_step3");
    ShellRun run = cairn("consolidate", save.toString(), "out", "--exclude-frozen");
    assertEquals(0, run.exitCode(), run.err());
    Map<String, String> missing = new TreeMap<>();
    fixture.frozen().forEach(frozen -> missing.put(frozen, "only in the second"));
    assertEquals(missing, problems(diff(fixture.expected16Bit())));
  }

  @Test
  void missingRankIsBadInputAndNothingIsLeft() throws Exception {
    Path checkpoint = Fixture.of(TIED).copyTo(folder.resolve("in"));
    Files.delete(checkpoint.resolve("global_step3/bf16_zero_pp_rank_2_mp_rank_00_optim_states.pt"));
    ShellRun run = cairn("consolidate", "in", "out");
    assertRefused(1, "cairn consolidate: file of rank 2 is missing", run);
    assertTrue(run.err().contains("zero_pp_rank_2_mp_rank_00_optim_states.pt"), run.err());
    assertEquals(List.of("in"), namesIn(folder));
  }

  @Test
  void existingTargetIsRefusedAndLeftAloneUnlessOverwritten() throws Exception {
    Files.writeString(Files.createDirectory(out("")).resolve("mine"), "mine");
    String checkpoint = Fixture.of(ZERO2).toString();
    ShellRun run = cairn("consolidate", checkpoint, "out");
    assertRefused(2, "exists already; --overwrite replaces it", run);
    assertEquals(List.of("mine"), namesIn(out("")));
    assertEquals(0, cairn("consolidate", checkpoint, "out", "--overwrite").exitCode());
    assertEquals(List.of("COMPLETED", "cairn.json", "model.safetensors"), namesIn(out("")));
    assertEquals(List.of("out"), namesIn(folder));
  }

  @ParameterizedTest
  @ValueSource(strings = {".", "../work", ".."})
  void folderThatTheCommandIsCalledFromIsNotReplaced(String output) throws Exception {
    Path work = Files.createDirectory(folder.resolve("work"));
    Files.writeString(work.resolve("mine"), "mine");
    String checkpoint = Fixture.of(ZERO2).toString();
    ShellRun run = ShellRun.cairn(work, "consolidate", checkpoint, output, "--overwrite");
    assertRefused(2, "--overwrite would delete the folder that you are in", run);
    assertEquals(List.of("mine"), namesIn(work));
  }

  @Test
  void writeThatFailsIsADiskFailureAndNothingIsLeft() throws Exception {
    String checkpoint = Fixture.of(LLAMA).toString();
    String limited = "ulimit -f 40; exec \"$0\" consolidate \"$1\" out"; // 40 KiB in one file
    String program = ShellRun.CHECKOUT.resolve("bin/cairn").toString();
    ShellRun run =
        ShellRun.of(folder, Map.of(), List.of("bash", "-c", limited, program, checkpoint));
    assertRefused(3, "File too large", run);
    assertEquals(List.of(), namesIn(folder));
  }

  @Test
  void diffOfTheCommandLineSaysWhatDiffers() throws Exception {
    Fixture fixture = Fixture.of(LLAMA);
    String a = fixture.expected16Bit().toString();
    assertEquals("equal: every tensor byte for byte\n", cairn("diff", a, a).out());
    ShellRun run = cairn("diff", a, fixture.expectedF32().toString());
    assertEquals(1, run.exitCode(), run.err());
    assertTrue(run.out().contains("lm_head.weight: dtype BF16, F32"), run.out());
  }

  private static void assertRefused(int exitCode, String message, ShellRun run) {
    assertEquals(exitCode, run.exitCode(), run.err());
    assertTrue(run.err().contains(message), run.err());
    assertEquals(1, run.err().lines().count(), run.err());
    assertEquals("", run.out());
  }

  /** Lines may say that the live engine's own weights were read, and of what dtype they are. */
  private static void assertNoWarning(String said) {
    List<String> known =
        List.of("reading the 16-bit weights of ", "config.json: dtype=", "cairn: building");
    assertEquals(
        List.of(),
        said.lines().filter(line -> known.stream().noneMatch(line::startsWith)).toList());
  }

  private ShellRun consolidate(Fixture fixture, String... options) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("consolidate", fixture.toString(), "out"));
    arguments.addAll(List.of(options));
    ShellRun run = cairn(arguments.toArray(String[]::new));
    assertEquals(0, run.exitCode(), run.err());
    assertNoWarning(run.err());
    return run;
  }

  /** Does the same in this process, which takes less time. */
  private void consolidateHere(Fixture fixture, String... options) {
    List<String> arguments = new ArrayList<>(List.of("consolidate", fixture.toString()));
    arguments.add(out("").toString());
    arguments.addAll(List.of(options));
    CommandRun run = CommandRun.of(arguments.toArray(String[]::new));
    assertEquals(0, run.exitCode(), run.err());
    if (!fixture.toString().endsWith(LORA)) { // whose names are said to be PEFT's
      assertNoWarning(run.err());
    }
    assertTrue(run.out().startsWith(out("") + ": "), run.out());
  }

  private ShellRun cairn(String... arguments) throws Exception {
    return ShellRun.cairn(folder, arguments);
  }

  private Path out(String file) {
    return folder.resolve("out").resolve(file);
  }

  /** Returns how the folder that was made differs from a file. */
  private List<Map<?, ?>> diff(Path expected) throws IOException {
    CommandRun run = CommandRun.of("diff", out("").toString(), expected.toString(), "--json");
    Map<String, Object> result = Json.parseObject(run.out().getBytes(StandardCharsets.UTF_8));
    List<Map<?, ?>> differences = new ArrayList<>();
    ((List<?>) result.get("differences")).forEach(entry -> differences.add((Map<?, ?>) entry));
    assertEquals(differences.isEmpty(), result.get("equal"));
    assertEquals(differences.isEmpty() ? 0 : 1, run.exitCode(), run.err());
    return differences;
  }

  private static Map<String, String> problems(List<Map<?, ?>> differences) {
    return differences.stream()
        .collect(
            Collectors.toMap(
                difference -> (String) difference.get("tensor"),
                difference -> (String) difference.get("problem"),
                (first, second) -> first + " and " + second,
                TreeMap::new));
  }

  private static long number(Map<String, Object> json, String key) {
    return ((JsonNumber) json.get(key)).longValue();
  }

  private static List<String> namesIn(Path directory) throws IOException {
    try (Stream<Path> paths = Files.list(directory)) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
