package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlanCommandTest {
  static final String MODELS = "src/test/resources/golden/models/";

  /** 54 days of steps of 2 seconds on ranks that together fail every 3 hours. */
  static final String RUN = "--steps 2332800 --step-seconds 2 --ranks 16384 --mtbf-hours 49152";

  static final String LLAMA_2_7B =
      """
      {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "vocab_size": 32000,
       "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
       "tie_word_embeddings": false, "torch_dtype": "float16"}
      """;

  @TempDir private Path folder;

  static CommandRun plan(String arguments, String... more) {
    List<String> all = new ArrayList<>(List.of("plan"));
    all.addAll(arguments.isEmpty() ? List.of() : List.of(arguments.split(" ")));
    all.addAll(List.of(more));
    return CommandRun.of(all.toArray(String[]::new));
  }

  private static Map<String, Object> json(String arguments, String... more) throws IOException {
    CommandRun run = plan("--json " + arguments, more);
    assertEquals(0, run.exitCode(), run.err());
    return Json.parseObject(run.out().getBytes(StandardCharsets.UTF_8));
  }

  private static double number(Object tree, String... path) {
    Object value = tree;
    for (String key : path) {
      value = ((Map<?, ?>) value).get(key);
    }
    return ((JsonNumber) value).doubleValue();
  }

  private String model(String config) throws IOException {
    Files.writeString(folder.resolve("config.json"), config);
    return folder.toString();
  }

  @Test
  void tableSaysWhatACheckpointTakesAndHowOftenToTakeOne() throws IOException {
    CommandRun run =
        plan(RUN + " --stall-seconds 1 --disk-budget 2TB --keep-last 3 --hf", model(LLAMA_2_7B));
    assertEquals(0, run.exitCode(), run.err());
    assertEquals(
        """
        model          13.5 GB      6738415616 parameters, saved as bf16, from config.json
        checkpoint     13.5 GB      13476831232 bytes
        save           13.5 s       13.5 GB at 1.00 GB/s, an assumption: --disk-rate or --save-seconds
        stall          1 s          training stands still for a save
        job MTBF       3 h          49152 h per rank, ranks: 16384
        training       54 d         2332800 steps of 2 s, 432 failures expected
        cost optimum   73.5 steps   2 min 27 s, √(2·stall·MTBF)
        save every     73 steps     2 min 26 s, limited by: cost optimum
        disk           53.9 GB      keeping the last 3, and the new one
        with P ≤ 1     1527 steps   20.8 times the optimum: a probability of failure counts one\
         failure where 432 are expected

        expected cost   half         advised       double
        save every      36.5 steps   73 steps      146 steps
        lost work       0.338 %      0.676 %       1.35 %
        stalls          1.37 %       0.685 %       0.342 %
        together        1.71 %       1.36 %        1.69 %
        in time         22 h 8 min   17 h 38 min   21 h 58 min
        """,
        run.out());
    assertEquals("", run.err());
  }

  @Test
  void documentHasTheSameNumbers() throws IOException {
    Map<String, Object> plan =
        json(
            RUN
                + " --stall-seconds 1 --save-seconds 30 --bytes 10GB --disk-budget 2TB --keep-last"
                + " 3");
    assertEquals(10e9, number(plan, "checkpointBytes"));
    assertEquals(1, number(plan, "stallSeconds"));
    assertEquals(30, number(plan, "saveSeconds"));
    assertEquals(10_800, number(plan, "mtbfSeconds"), 1e-9);
    assertEquals(73, number(plan, "intervalSteps"));
    assertEquals(146, number(plan, "intervalSeconds"));
    assertEquals("cost optimum", plan.get("limit"));
    assertEquals(Math.sqrt(2 * 10_800) / 2, number(plan, "costOptimumSteps"), 1e-9);
    assertEquals(40e9, number(plan, "diskBytes"));
    assertEquals(200, number(plan, "checkpointsThatFit"));
    assertEquals(31_957, number(plan, "saves"));
    assertEquals(432, number(plan, "expectedFailures"), 1e-9);
    assertEquals(Math.sqrt(432), number(plan, "withProbabilityOfFailure", "timesTheOptimum"), 1e-9);
    assertEquals(36.5, number(plan, "overhead", "half", "intervalSteps"));
    double fraction = number(plan, "overhead", "advised", "fraction");
    assertEquals(146 / 21_600.0 + 1 / 146.0, fraction, 1e-12);
    assertEquals(fraction * 54 * 86_400, number(plan, "overhead", "advised", "seconds"), 1e-6);
    assertEquals(292, 2 * number(plan, "overhead", "double", "intervalSteps"));
    assertFalse(plan.containsKey("missing"));
  }

  @ParameterizedTest
  @CsvSource({
    "--stall-seconds 1 --save-seconds 301, 151, background write",
    "--stall-seconds 1 --save-seconds 0 --bytes 1GB --disk-budget 10GB, 233280, disk budget",
    "--stall-seconds 1e10, 2332800, total steps",
    "--stall-seconds 0.00001, 1, one step"
  })
  void limitIsNamed(String arguments, double steps, String limit) throws IOException {
    Map<String, Object> plan = json(RUN + " " + arguments);
    assertEquals(limit, plan.get("limit"));
    assertEquals(steps, number(plan, "intervalSteps"));
  }

  @Test
  void diskThatLimitsIsSaidToBeHelpedByDeleting() {
    CommandRun run = plan(RUN + " --stall-seconds 1 --bytes 1GB --disk-budget 10GB");
    assertTrue(
        run.out().contains("deleting old checkpoints lifts the limit of the disk: --keep-last 9"),
        run.out());
    assertTrue(run.out().contains("keeping all 10 checkpoints"), run.out());
  }

  @Test
  void runThatHardlyEverFailsHasNoOtherIntervalWithAProbability() {
    CommandRun run = plan("--steps 1000 --step-seconds 1 --mtbf-hours 100 --stall-seconds 1");
    assertTrue(
        run.out().contains("hardly more than the optimum: failures to expect: 0.00278"), run.out());
  }

  @Test
  void saveThatCostsMoreThanFailuresLeaveIsWarnedOf() {
    CommandRun run = plan("--step-seconds 1 --mtbf-hours 1 --save-seconds 2000");
    assertTrue(run.out().contains("such a run hardly advances"), run.out());
  }

  @Test
  void saveThatIsNotSaidToBeShortStallsForItsWholeTime() throws IOException {
    Map<String, Object> plan = json("--bytes 10GB --disk-rate 2GB");
    assertEquals(5, number(plan, "stallSeconds"));
    assertEquals(5, number(plan, "saveSeconds"));
    assertEquals("10.0 GB at 2.00 GB/s", plan.get("saveSecondsFrom"));
    assertEquals(List.of("--step-seconds", "--mtbf-hours"), plan.get("missing"));
  }

  @Test
  void stallAloneIsEnoughForAnInterval() throws IOException {
    Map<String, Object> plan = json("--stall-seconds 2 --mtbf-hours 1");
    assertEquals(120, number(plan, "costOptimumSeconds"), 1e-9);
    assertEquals(List.of("--step-seconds"), plan.get("missing"));
    assertFalse(plan.containsKey("saveSeconds"));
    String out = plan("--stall-seconds 2 --mtbf-hours 1").out();
    assertTrue(out.contains("save every   2 min    of training\n"), out);
    assertTrue(out.contains("how often to save needs --step-seconds\n"), out);
  }

  @Test
  void adapterOfLlama2HasTheSizeThatPeftCounts() throws IOException {
    String model = model(LLAMA_2_7B);
    Map<String, Object> plan = json("--lora-rank 64 --hf", model);
    assertEquals(33_554_432, number(plan, "adapter", "parameters"));
    assertEquals(67_108_864, number(plan, "adapter", "bytes"));
    assertEquals(134_217_728, number(plan, "adapter", "bytesInF32"));
    assertEquals(67_108_864, number(plan, "checkpointBytes"));
    assertEquals(
        List.of("q_proj", "v_proj"), ((Map<?, ?>) plan.get("adapter")).get("targetModules"));
    assertEquals(6_738_415_616.0, number(plan, "model", "parameters"));
    Map<String, Object> linear =
        json("--lora-rank 64 --target-modules all-linear --dtype keep --hf", model);
    assertEquals(159_907_840, number(linear, "adapter", "parameters"));
    assertEquals(639_631_360, number(linear, "adapter", "bytes"));
    assertTrue(
        plan("--lora-rank 8 --target-modules embed_tokens --hf", model)
            .out()
            .contains("PEFT saves targeted embeddings whole"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama_single", "llama_sharded"})
  void headersAndConfigGiveTheSameSizes(String name) throws IOException {
    Map<String, Object> headers = json("--lora-rank 4 --hf " + MODELS + name);
    Files.copy(Path.of(MODELS, name, "config.json"), folder.resolve("config.json"));
    Map<String, Object> config = json("--lora-rank 4 --hf", folder.toString());
    assertEquals("safetensors headers", ((Map<?, ?>) headers.get("model")).get("from"));
    assertEquals("config.json", ((Map<?, ?>) config.get("model")).get("from"));
    assertEquals(1256, number(headers, "model", "parameters"));
    assertEquals(1256, number(config, "model", "parameters"));
    assertEquals(headers.get("adapter"), config.get("adapter"));
  }

  @ParameterizedTest
  @CsvSource({"bf16, 2512", "f16, 2512", "f32, 5024", "keep, 2512"})
  void bytesAreThoseOfTheSavedDtype(String dtype, double bytes) throws IOException {
    String model = "--hf " + MODELS + "llama_single --dtype " + dtype;
    assertEquals(bytes, number(json(model), "checkpointBytes"));
  }

  @Test
  void folderWithoutConfigIsEnoughForItsBytes() throws IOException {
    Files.copy(
        Path.of(MODELS, "llama_single", "model.safetensors"), folder.resolve("model.safetensors"));
    assertEquals(2512, number(json("--hf", folder.toString()), "checkpointBytes"));
    assertEquals(
        4 * (8 + 8) * 2,
        number(
            json("--lora-rank 4 --target-modules q_proj --hf", folder.toString()),
            "adapter",
            "parameters"));
  }

  @Test
  void configAloneIsKeptInItsOwnDtype() throws IOException {
    model(LLAMA_2_7B);
    assertEquals(
        13_476_831_232.0, number(json("--dtype keep --hf", folder.toString()), "checkpointBytes"));
  }

  @Test
  void helpHasAnExample() {
    CommandRun run = plan("--help");
    assertEquals(0, run.exitCode());
    assertTrue(run.out().contains("Example: cairn plan --hf"), run.out());
  }
}
