package dev.cairn.cli;

import static dev.cairn.cli.PlanCommandTest.LLAMA_2_7B;
import static dev.cairn.cli.PlanCommandTest.MODELS;
import static dev.cairn.cli.PlanCommandTest.RUN;
import static dev.cairn.cli.PlanCommandTest.plan;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code cairn plan} refuses, with which words and status. */
class PlanRefusalsTest {
  @TempDir private Path folder;

  private String model(String config) throws IOException {
    Files.writeString(folder.resolve("config.json"), config);
    return folder.toString();
  }

  private static void assertRefused(int exitCode, String message, String arguments) {
    CommandRun run = plan(arguments);
    assertEquals(exitCode, run.exitCode(), run.err());
    assertEquals("cairn plan: " + message, run.err().lines().findFirst().orElse(""));
    assertEquals("", run.out());
  }

  @Test
  void wrongUsageIsRefused() {
    assertRefused(
        2,
        "nothing to plan: give --hf or --bytes for what a checkpoint takes, and for how often to"
            + " save: --step-seconds, --mtbf-hours, --save-seconds",
        "");
    assertRefused(
        2,
        "an adapter needs --lora-rank and --hf: its size follows from the base model's shapes",
        "--bytes 1GB --lora-rank 8");
    assertRefused(
        2,
        "an adapter needs --lora-rank and --hf: its size follows from the base model's shapes",
        "--hf " + MODELS + "llama_single --target-modules q_proj");
    assertRefused(
        2,
        "not a size: --bytes=1.5, expected for example 50GB, 500MB or plain bytes",
        "--bytes 1.5");
    assertRefused(
        2,
        "not a size: --disk-budget=much, expected for example 50GB, 500MB or plain bytes",
        "--bytes 1GB --disk-budget much");
    assertRefused(
        2,
        "not a size: --disk-rate=0, expected for example 50GB, 500MB or plain bytes",
        "--bytes 1GB --disk-rate 0");
    assertRefused(
        2,
        "disk budget too small: budgetBytes=999, expected at least one checkpoint of 1000000000"
            + " bytes",
        "--bytes 1GB --disk-budget 999");
    assertEquals(2, plan("--hf . --bytes 1GB").exitCode());
    assertEquals(2, plan("--steps many --bytes 1GB").exitCode());
    assertEquals(2, plan("--dtype f8 --bytes 1GB").exitCode());
  }

  @ParameterizedTest
  @CsvSource({
    "--step-seconds 0, 'stepSeconds=0.0, expected a finite number above 0'",
    "--step-seconds NaN, 'stepSeconds=NaN, expected a finite number above 0'",
    "--mtbf-hours -1, 'rankMtbfHours=-1.0, expected a finite number above 0'",
    "--mtbf-hours Infinity, 'rankMtbfHours=Infinity, expected a finite number above 0'",
    "--stall-seconds -1, 'stallSeconds=-1.0, expected a finite number, 0 or more'",
    "--save-seconds NaN, 'writeSeconds=NaN, expected a finite number, 0 or more'",
    "--steps 0, 'totalSteps=0, expected 1 or more'",
    "--ranks 0, 'ranks=0, expected 1 or more'",
    "--keep-last 0, 'keepLast=0, expected 1 or more'"
  })
  void valuesOutOfRangeAreRefused(String option, String message) {
    String others = "--step-seconds 1 --mtbf-hours 1 --stall-seconds 1 ";
    String name = option.substring(0, option.indexOf(' '));
    assertRefused(
        2, "value out of range: " + message, others.replaceAll(name + " 1 ", "") + option);
  }

  @Test
  void rankOfAnAdapterIsChecked() {
    assertRefused(
        2,
        "value out of range: rank=0, expected 1 or more",
        "--lora-rank 0 --hf " + MODELS + "llama_single");
  }

  @Test
  void modelsThatCannotBeReadAreRefused() throws IOException {
    assertRefused(
        2, folder.resolve("none") + ": no such file or folder", "--hf " + folder.resolve("none"));
    assertEquals(1, plan("--hf " + folder).exitCode());
    Path config = Path.of(model("{")).resolve("config.json");
    CommandRun broken = plan("--hf " + folder);
    assertEquals(1, broken.exitCode());
    assertTrue(broken.err().startsWith("cairn plan: config is not valid JSON: "), broken.err());
    assertTrue(broken.err().endsWith(", file=" + config + "\n"), broken.err());
    model(LLAMA_2_7B.replace("4096", "-1"));
    assertRefused(
        1,
        "config value out of range: hidden_size=-1, expected a whole number from 1 to 2147483647,"
            + " file="
            + config,
        "--hf " + folder);
    model(LLAMA_2_7B.replace("float16", "int4"));
    assertRefused(
        2,
        "dtype unknown: dtype=int4, expected one that a model is trained in, file="
            + config
            + "; give --dtype",
        "--dtype keep --hf " + folder);
  }

  @Test
  void plotThatCannotBeDrawnIsRefusedBeforeAnything() {
    assertRefused(
        2,
        "not a drawing: plot=cost.png, expected a name that ends in .svg",
        RUN + " --stall-seconds 1 --plot cost.png");
    Path plot = folder.resolve("cost.svg");
    assertRefused(
        2,
        "nothing to draw: --plot needs --step-seconds, --mtbf-hours",
        "--bytes 1GB --plot " + plot);
    assertFalse(Files.exists(plot));
  }

  @Test
  void adapterWithoutKnownTargetsIsRefused() throws IOException {
    Files.copy(
        Path.of(MODELS, "llama_single", "model.safetensors"), folder.resolve("model.safetensors"));
    assertRefused(
        2,
        "no default target modules: model_type=unknown, expected them to be named, as in"
            + " q_proj,v_proj",
        "--lora-rank 4 --hf " + folder);
  }
}
