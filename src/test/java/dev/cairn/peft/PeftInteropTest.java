package dev.cairn.peft;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.cairn.Checkpointer;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.peft.merge.LoraMerge;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters saved here equal those that the real peft saves, and it loads them. */
@Tag("python")
class PeftInteropTest {
  private static final int MAX_RANKS = 4;
  private static final SaveOptions KEEPING = small().keepDtypes().build();

  /**
   * How far the logits of a merged model may be from those of peft's, as a part of the largest. In
   * F32 the sums differ in order only. In 16 bits peft rounds the product, then the sum; here the
   * sum is rounded once: every weight may differ by a unit in the last place, 2^-8 of it.
   */
  private static final Map<Long, Double> TOLERANCE = Map.of(32L, 1e-5, 16L, 0.02);

  @TempDir static Path folder;
  private static PeftCases cases;
  private static PeftCases opinion;

  @BeforeAll
  static void saveEveryCase() throws Exception {
    cases = PeftCases.make(folder);
    for (String name : cases.names()) {
      save(name, cases.folder(name).resolve("cairn"), 2, SaveMode.PARALLEL);
      flatten(name);
      if (isMerged(name)) {
        merge(name);
      }
    }
    opinion = cases.check();
  }

  /** Hundreds of saves of small adapters: with the usual buffers, memory is all they wait for. */
  private static SaveOptions.Builder small() {
    return SaveOptions.builder()
        .durability(Durability.FAST)
        .stagingBuffers(2)
        .stagingBufferBytes(64 << 10);
  }

  private static void merge(String name) throws IOException {
    Path folder = cases.folder(name);
    LoraMerge.merge(
        folder.resolve("base"), folder.resolve("cairn"), folder.resolve("merged"), KEEPING);
  }

  private static boolean isMerged(String name) {
    return Boolean.TRUE.equals(cases.answer(name).get("merge"));
  }

  /** Puts the folder of a named adapter where the script looks. */
  private static void flatten(String name) throws IOException {
    String subfolder = subfolder(name);
    if (!subfolder.isEmpty()) {
      Path target = cases.folder(name).resolve("cairn");
      Path outer = cases.folder(name).resolve("outer");
      Files.move(target, outer);
      Files.move(outer.resolve(subfolder), target);
    }
  }

  private static String subfolder(String name) {
    String adapter = (String) cases.answer(name).get("adapter");
    return adapter.equals("default") ? "" : adapter;
  }

  private static void save(String name, Path target, int worldSize, SaveMode mode)
      throws Exception {
    Map<?, ?> answer = cases.answer(name);
    LoraConfig config = LoraConfig.read(cases.folder(name).resolve("config.json"));
    AdapterOptions options = options(answer);
    List<Object> results =
        StateDict.onRanks(
            worldSize,
            communicator -> {
              ParameterSet model =
                  StateDict.zero3(
                      cases.folder(name).resolve("state.safetensors"),
                      communicator.rank(),
                      worldSize);
              ParameterSet taken =
                  answer.get("attribute") instanceof String attribute
                      ? model.attribute(attribute)
                      : model;
              SaveOptions how = small().mode(mode).build();
              try (Checkpointer checkpointer = Checkpointer.open(communicator, how)) {
                return new AdapterCheckpointer(checkpointer, config, options).save(target, taken);
              }
            });
    for (Object result : results) {
      if (result instanceof Throwable failure) {
        throw new AssertionError(name + ": " + failure, failure);
      }
      assertEquals(mode, ((SaveReport) result).mode(), name);
    }
  }

  private static AdapterOptions options(Map<?, ?> answer) {
    AdapterOptions options = AdapterOptions.of((String) answer.get("adapter"));
    if (answer.get("embeddings") instanceof String rule) {
      options = options.withSaveEmbeddings(SaveEmbeddings.valueOf(rule.toUpperCase(Locale.ROOT)));
    }
    return answer.get("baseVocabSize") instanceof JsonNumber tokens
        ? options.withBaseVocabSize(tokens.longValue())
        : options;
  }

  private static Path expected(String name) {
    return cases.folder(name).resolve("peft").resolve((String) cases.answer(name).get("folder"));
  }

  @Test
  void filesEqualPeftsByteForByte() throws IOException {
    for (String name : cases.names()) {
      assertArrayEquals(
          Files.readAllBytes(expected(name).resolve("adapter_model.safetensors")),
          Files.readAllBytes(
              cases.folder(name).resolve("cairn").resolve("adapter_model.safetensors")),
          name);
    }
  }

  @Test
  void configsEqualPefts() throws IOException {
    for (String name : cases.names()) {
      assertConfigIsPefts(name, cases.folder(name).resolve("cairn"));
    }
  }

  private static void assertConfigIsPefts(String name, Path saved) throws IOException {
    assertEquals(
        unordered(expected(name).resolve("adapter_config.json")),
        unordered(saved.resolve("adapter_config.json")),
        name);
  }

  @Test
  void defaultsArePefts() throws IOException {
    byte[] defaults = Files.readAllBytes(folder.resolve("defaults.json"));
    assertEquals(Json.parseObject(defaults), LoraConfig.builder().build().fields());
  }

  /** Reads a config whose targets were a Python set, which has no order. */
  private static Map<String, Object> unordered(Path file) throws IOException {
    Map<String, Object> config = Json.parseObject(Files.readAllBytes(file));
    for (String field : List.of("target_modules", "exclude_modules", "target_parameters")) {
      if (config.get(field) instanceof List<?> names) {
        config.put(field, new HashSet<>(names));
      }
    }
    return config;
  }

  @Test
  void everyRankCountAndModeGivesTheSameFiles() throws Exception {
    for (int worldSize = 1; worldSize <= MAX_RANKS; worldSize++) {
      for (SaveMode mode : List.of(SaveMode.GATHER, SaveMode.PARALLEL)) {
        for (String name : cases.names()) {
          Path target = folder.resolve("again").resolve(name + worldSize + mode);
          save(name, target, worldSize, mode);
          Path saved = target.resolve(subfolder(name));
          assertEquals(
              -1,
              Files.mismatch(
                  expected(name).resolve("adapter_model.safetensors"),
                  saved.resolve("adapter_model.safetensors")),
              () -> name + " on " + mode);
          assertConfigIsPefts(name, saved);
          assertFalse(Files.exists(saved.resolve("adapter_model.bin")));
        }
      }
    }
  }

  @Test
  void peftLoadsEveryAdapterAndTheLogitsAreTheOriginals() {
    Map<String, Object> wrong = new TreeMap<>();
    for (String name : cases.names()) {
      Map<?, ?> answer = opinion.answer(name);
      if (PeftCases.number(answer, "loaded") != 0 || !List.of().equals(answer.get("warnings"))) {
        wrong.put(name, answer);
      }
    }
    assertEquals(Map.of(), wrong);
  }

  @Test
  void mergedModelsGivePeftsLogitsAndLackNothing() {
    Map<String, Object> wrong = new TreeMap<>();
    for (String name : cases.names()) {
      Map<?, ?> answer = opinion.answer(name);
      assertEquals(isMerged(name), answer.containsKey("merged"), name);
      if (isMerged(name)) {
        long bits = (long) PeftCases.number(cases.answer(name), "bits");
        double allowed = TOLERANCE.get(bits) * PeftCases.number(answer, "scale");
        boolean complete =
            List.of().equals(answer.get("missing")) && List.of().equals(answer.get("unexpected"));
        if (!complete || !(PeftCases.number(answer, "merged") <= allowed)) {
          wrong.put(name, answer);
        }
      }
    }
    assertEquals(Map.of(), wrong);
  }

  @Test
  void mergedWeightsAreRoundedOnce() {
    Map<String, Object> wrong = new TreeMap<>();
    for (String name : cases.names()) {
      Map<?, ?> answer = opinion.answer(name);
      if (answer.containsKey("merged") && !(PeftCases.number(answer, "rounding") <= 1)) {
        wrong.put(name, answer);
      }
    }
    assertEquals(Map.of(), wrong);
  }
}
