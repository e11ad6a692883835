package dev.cairn.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.generation.GenerationConfig;
import dev.cairn.hf.generation.KnownFields;
import dev.cairn.hf.generation.TokenIds;
import dev.cairn.json.Golden;
import dev.cairn.json.Json;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.Durability;
import dev.cairn.options.FormOptions;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.peft.StateDict;
import dev.cairn.support.PythonScript;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Shows transformers, in one Python process, folders that were written here. */
@Tag("python")
class TransformersInteropTest {
  private static final Path SCRIPT = Path.of("src/test/python/interop_hf.py");
  private static final String TEMPLATE =
      "{%- for m in messages -%}\n<|user|>é “{{ m['content'] }}”<|im_end|>\n{% endfor %}\n";

  @TempDir static Path folder;
  private static Map<String, Object> answers;
  private static List<?> settings;

  @BeforeAll
  static void askPython() throws Exception {
    byte[] table = Golden.bytes("generation/settings.json");
    settings = (List<?>) Json.parse(table);
    Files.write(folder.resolve("settings.json"), table);
    writeGenerationConfigs();
    writeTokenizers();
    Path models = Files.createDirectory(folder.resolve("models"));
    for (PublishedFormTest.Model model : PublishedFormTest.models().toList()) {
      SaveOptions options =
          SaveOptions.builder().form(FormOptions.asPublished().withRawNames(true)).build();
      PublishedFormTest.save(model, options, models.resolve(model.type()));
    }
    savePolicies();
    runPython(folder.toString());
    answers = Json.parseObject(Files.readAllBytes(folder.resolve("answers.json")));
  }

  @SuppressWarnings("unchecked") // objects of JSON
  private static void writeGenerationConfigs() throws IOException {
    for (int i = 0; i < settings.size(); i++) {
      if (settings.get(i).equals(Map.of("cache_implementation", "imagined"))) {
        continue; // saved with a warning: a later transformers may know it
      }
      Path target = Files.createDirectories(folder.resolve("generation/" + i));
      GenerationConfig config;
      try {
        config = GenerationConfig.of((Map<String, Object>) settings.get(i));
      } catch (IllegalArgumentException e) {
        Files.delete(target); // refused: nothing to load
        continue;
      }
      Files.write(target.resolve(GenerationConfig.FILE_NAME), config.encode());
    }
  }

  private static void writeTokenizers() throws IOException {
    for (Path tokenizer : tokenizers()) {
      String name = tokenizer.getFileName().toString();
      ModelFiles.Builder files = ModelFiles.builder().tokenizerFrom(tokenizer);
      writeTokenizer(name + ".original", ModelFiles.fromFolder(tokenizer));
      writeTokenizer(name + ".template", files.chatTemplate(TEMPLATE).build());
    }
  }

  private static void writeTokenizer(String name, ModelFiles files) throws IOException {
    Path target = Files.createDirectories(folder.resolve("tokenizers/" + name));
    Folders.write(files.files(Optional.empty()), target);
  }

  /** Saves the policies of models that Python has made, from the partitions of three ranks. */
  private static void savePolicies() throws Exception {
    runPython("--composite", folder.toString());
    for (String name : List.of("plain", "tied")) {
      Path composite = folder.resolve("composites").resolve(name);
      List<Object> results =
          StateDict.onRanks(3, communicator -> savePolicy(composite, communicator));
      for (Object result : results) {
        assertInstanceOf(SaveReport.class, result, () -> String.valueOf(result));
      }
    }
  }

  private static SaveReport savePolicy(Path composite, Communicator communicator)
      throws IOException {
    Path state = composite.resolve("state.safetensors");
    ParameterSet whole = StateDict.zero3(state, communicator.rank(), communicator.size());
    SaveOptions options = SaveOptions.builder().durability(Durability.FAST).build();
    try (Checkpointer checkpointer = Checkpointer.open(communicator, options)) {
      return checkpointer.save(
          composite.resolve("saved"),
          whole.attribute("policy"),
          ModelFiles.fromFolder(composite.resolve("policy")));
    }
  }

  private static List<Path> tokenizers() throws IOException {
    try (Stream<Path> folders = Files.list(Golden.path("tokenizers"))) {
      return folders.sorted().toList();
    }
  }

  private static void runPython(String... arguments) throws Exception {
    PythonScript.run("TransformersInteropTest", folder.resolve("log"), 5, SCRIPT, arguments);
  }

  @Test
  void checkedInTableIsWhatTransformersDoes() throws Exception {
    assertEquals(Json.parse(Golden.bytes("generation/truth.json")), answers.get("truth"));
    assertEquals(KnownFields.transformersVersion(), answers.get("transformers"));
  }

  @Test
  void knownFieldsAreThoseOfTransformers() {
    assertEquals(answers.get("fields"), KnownFields.sorted());
  }

  @Test
  void generationConfigsWrittenHereLoadAsTheirSettings() {
    List<?> truth = (List<?>) answers.get("truth");
    Map<?, ?> loaded = (Map<?, ?>) answers.get("generation");
    long saved = truth.stream().filter(row -> ((Map<?, ?>) row).containsKey("saved")).count();
    assertEquals(saved, loaded.size());
    loaded.forEach(
        (index, text) ->
            assertEquals(
                ((Map<?, ?>) truth.get(Integer.parseInt((String) index))).get("saved"),
                text,
                () -> settings.get(Integer.parseInt((String) index)).toString()));
  }

  @Test
  void tokenizersGiveTheSameIds() throws IOException {
    for (Path tokenizer : tokenizers()) {
      String name = tokenizer.getFileName().toString();
      Map<?, ?> original = tokenizer(name + ".original");
      Map<?, ?> rewritten = tokenizer(name + ".template");
      assertTrue(original.get("ids") instanceof List<?> ids && ids.size() == 3);
      assertEquals(original.get("ids"), rewritten.get("ids"), name);
      assertEquals(original.get("eos"), rewritten.get("eos"), name);
      assertEquals(original.get("bos"), rewritten.get("bos"), name);
    }
  }

  @Test
  void chatTemplateOfTheCallerIsTheOneThatIsLoaded() throws IOException {
    for (Path tokenizer : tokenizers()) {
      String name = tokenizer.getFileName().toString();
      assertEquals(TEMPLATE, tokenizer(name + ".template").get("chat_template"), name);
    }
    assertEquals(
        Map.of("default", "d", "rag", "r"),
        tokenizer("special_tokens_map.original").get("chat_template"));
  }

  @Test
  void beginAndEndAreReadAsTheTokenizerHasThem() throws IOException {
    for (Path folder : tokenizers()) {
      Map<?, ?> tokenizer = tokenizer(folder.getFileName() + ".original");
      Map<String, Object> ids =
          GenerationConfig.forChatTemplate("", TokenIds.of(folder)).settings();
      assertEquals(tokenizer.get("eos"), ids.get("eos_token_id"), folder.toString());
      assertEquals(tokenizer.get("bos"), ids.get("bos_token_id"), folder.toString());
    }
  }

  @Test
  void rawNamesAreLoadedCompletely() throws IOException {
    for (PublishedFormTest.Model model : PublishedFormTest.models().toList()) {
      Map<?, ?> loaded = (Map<?, ?>) ((Map<?, ?>) answers.get("models")).get(model.type());
      assertEquals(List.of(), loaded.get("missing"), model.type());
      assertEquals(List.of(), loaded.get("unexpected"), model.type());
      assertEquals("torch.bfloat16", loaded.get("dtype"), model.type());
      assertEquals(true, loaded.get("ones"), model.type());
    }
  }

  @Test
  void policyOfACompositeModelIsLoadedAsItWasTrained() {
    Map<?, ?> policies = (Map<?, ?>) answers.get("policies");
    assertEquals(Set.of("plain", "tied"), policies.keySet());
    policies.forEach(
        (name, policy) ->
            assertEquals(
                Map.of(
                    "missing", List.of(),
                    "unexpected", List.of(),
                    "dtype", "torch.bfloat16",
                    "names", true,
                    "different", List.of()),
                policy,
                String.valueOf(name)));
  }

  private static Map<?, ?> tokenizer(String name) {
    return (Map<?, ?>) ((Map<?, ?>) answers.get("tokenizers")).get(name);
  }
}
