package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelFolder;
import dev.cairn.json.Json;
import dev.cairn.peft.AdapterFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MergeLoraCommandTest {
  private static final String CONFIG =
      "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, \"target_modules\": [\"q_proj\"]}";
  private static final String Q = AdapterFiles.Q + ".weight";
  private static final String LORA_A = AdapterFiles.PREFIX + AdapterFiles.Q + ".lora_A.weight";

  private static final Map<String, String> ALL_F32 =
      Map.of(
          "model.embed_tokens.weight",
          "F32",
          Q,
          "F32",
          AdapterFiles.Q + ".bias",
          "F32",
          "model.norm.weight",
          "F32",
          "lm_head.weight",
          "F32");

  @TempDir private Path folder;

  private CommandRun merge(String... options) throws IOException {
    return merge(AdapterFiles.base(), AdapterFiles.adapter(), CONFIG, options);
  }

  private CommandRun merge(
      AdapterFiles base, AdapterFiles adapter, String config, String... options)
      throws IOException {
    base.writeBase(in("base"));
    adapter.writeAdapter(in("adapter"), config);
    return run(options);
  }

  private CommandRun run(String... options) {
    Stream<String> start =
        Stream.of(
            "merge-lora",
            "--base=" + in("base"),
            "--adapter=" + in("adapter"),
            "--output=" + in("out"));
    return CommandRun.of(Stream.concat(start, Stream.of(options)).toArray(String[]::new));
  }

  private Path in(String name) {
    return folder.resolve(name);
  }

  private static void assertFine(CommandRun run) {
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(run.err().isEmpty() || run.err().startsWith("config.json: dtype="), run.err());
    assertTrue(run.err().lines().count() <= 1, run.err());
  }

  private void assertRefused(String text, CommandRun run) throws IOException {
    assertEquals(1, run.exitCode(), run.err());
    assertTrue(run.err().startsWith("cairn merge-lora: " + text), run.err());
    assertEquals(1, run.err().lines().count(), run.err());
    assertEquals("", run.out());
    try (Stream<Path> left = Files.list(folder)) {
      assertEquals(Set.of(in("base"), in("adapter")), left.collect(Collectors.toSet()));
    }
  }

  private Map<String, String> dtypes() throws IOException {
    try (ModelFolder merged = ModelFolder.open(in("out"))) {
      return merged.tensors().stream()
          .collect(Collectors.toMap(FolderTensor::name, tensor -> tensor.dtype().name()));
    }
  }

  private String weightsBytes() throws IOException {
    return String.valueOf(Files.size(in("out").resolve("model.safetensors")));
  }

  @Test
  void mergedModelKeepsItsDtypesAndSaysWhatItTook() throws IOException {
    CommandRun run = merge();
    assertFine(run);
    assertEquals(1, run.out().lines().count(), run.out());
    assertTrue(run.out().startsWith(in("out") + ": " + weightsBytes() + " B in "), run.out());
    assertTrue(run.out().contains(" (fast: outlives the death of processes"), run.out());
    assertEquals(ALL_F32, dtypes());
    CommandRun diff = CommandRun.of("diff", in("base").toString(), in("out").toString());
    assertTrue(diff.out().startsWith(Q + ": values differ, "), diff.out());
    assertEquals(1, diff.out().lines().count(), diff.out());
  }

  @Test
  void documentHoldsTheNumbers() throws IOException {
    CommandRun run = merge("--json");
    assertFine(run);
    Map<String, Object> json = Json.parseObject(run.out().getBytes(StandardCharsets.UTF_8));
    assertEquals(Set.of("output", "seconds", "bytes", "peakRssBytes"), json.keySet());
    assertEquals(in("out").toString(), json.get("output"));
    assertEquals(weightsBytes(), json.get("bytes").toString());
  }

  @Test
  void dtypeIsTakenIfGiven() throws IOException {
    assertFine(merge("--dtype", "bf16"));
    assertEquals(Set.of("BF16"), Set.copyOf(dtypes().values()));
    assertTrue(Files.readString(in("out").resolve("config.json")).contains("bfloat16"));
  }

  @Test
  void shardsAreNoLargerThanAsked() throws IOException {
    assertFine(merge("--max-shard-size", "170"));
    assertTrue(Files.exists(in("out").resolve("model-00001-of-00002.safetensors")));
    assertTrue(Files.exists(in("out").resolve("model.safetensors.index.json")));
    assertTrue(Files.notExists(in("out").resolve("model.safetensors")));
    assertEquals(ALL_F32, dtypes());
  }

  @Test
  void outputThatExistsIsReplacedOnlyOnRequest() throws IOException {
    Files.createDirectory(in("out"));
    Files.writeString(in("out").resolve("mine"), "kept");
    CommandRun refused = merge();
    assertEquals(2, refused.exitCode());
    assertTrue(refused.err().contains("exists already; --overwrite replaces it"), refused.err());
    assertEquals("kept", Files.readString(in("out").resolve("mine")));
    assertFine(run("--overwrite"));
    assertEquals(ALL_F32, dtypes());
    assertTrue(Files.notExists(in("out").resolve("mine")));
  }

  @Test
  void folderThatIsNotThereIsWrongUsage() throws IOException {
    for (String gone : List.of("base", "adapter")) {
      AdapterFiles.base().writeBase(in("base"));
      AdapterFiles.adapter().writeAdapter(in("adapter"), CONFIG);
      Files.move(in(gone), in("elsewhere"));
      CommandRun run = run();
      assertEquals(2, run.exitCode(), run.err());
      assertEquals("cairn merge-lora: " + in(gone) + ": no such folder\n", run.err());
      assertTrue(Files.notExists(in("out")));
      Files.move(in("elsewhere"), in(gone));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"LORA\" | \"IA3\" | not a LoRA adapter: peft_type=IA3",
        "\"r\": 2 | \"r\": 0 | bad adapter config: r=0, expected a whole number from 1 on",
        "\"r\": 2 | \"r\": 4 | adapter shapes do not fit: module=",
        "\"r\": 2 | \"r\": 2, \"use_dora\": true | adapter and config disagree: module=",
        "\"r\": 2 | \"r\": 2, \"kasa_config\": {\"beta\": 1} | cannot merge this variant of LoRA: kasa",
        "\"r\": 2 | \"r\": 2, \"init_lora_weights\": \"pissa\" | adapter belongs to changed base",
        "{ | ( | adapter config is not valid JSON"
      })
  void configThatCannotBeMergedIsBadInput(String text, String replacement, String message)
      throws IOException {
    assertRefused(
        message,
        merge(AdapterFiles.base(), AdapterFiles.adapter(), CONFIG.replace(text, replacement)));
  }

  @Test
  void adapterThatDoesNotFitIsBadInput() throws IOException {
    assertRefused(
        "adapter's targets are missing in the base model: 0 of 1 targets found; first missing:"
            + " tensor="
            + Q,
        merge(AdapterFiles.base().remove(Q), AdapterFiles.adapter(), CONFIG));
    assertRefused(
        "adapter does not fit the base model: tensor=" + Q,
        merge(AdapterFiles.base(), AdapterFiles.adapter().add(LORA_A, 2, 3), CONFIG));
  }

  @Test
  void adapterThatLacksTensorsOrElementsIsBadInput() throws IOException {
    AdapterFiles base = AdapterFiles.base();
    assertRefused("empty adapter: no tensors", merge(base, new AdapterFiles(), CONFIG));
    assertRefused(
        "adapter tensor of no elements: tensor=" + LORA_A,
        merge(base, AdapterFiles.adapter().add(LORA_A, 0), CONFIG));
    assertRefused(
        "adapter is incomplete: module=",
        merge(base, AdapterFiles.adapter().remove(LORA_A), CONFIG));
  }
}
