package dev.cairn.peft.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.peft.AdapterFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which folder each file of a merged model's tokenizer comes from. */
class MergedFilesTest {
  private static final String CONFIG =
      "{\"peft_type\": \"LORA\", \"r\": 2, \"target_modules\": [\"q_proj\"]}";
  private static final List<String> BASE =
      List.of(
          "added_tokens.json",
          "chat_template.jinja",
          "preprocessor_config.json",
          "tokenizer.json",
          "tokenizer_config.json");

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "none | base base base base",
        "chat_template.jinja | base adapter base base",
        "chat_template.json | base base base base",
        "additional_chat_templates/tool.jinja | base base base base",
        "special_tokens_map.json | base base base base",
        "tokenizer.json | - - adapter -",
        "tokenizer_config.json | - - - adapter",
        "tokenizer_config.json chat_template.jinja | - adapter - adapter",
        "vocab.txt | - - - -",
        "o200k.tiktoken | - - - -"
      })
  void tokenizerIsReplacedAsAWholeOrNotAtAll(String adapters, String origins) throws IOException {
    Map<String, String> expected = new TreeMap<>();
    List<String> ofTokenizer =
        BASE.stream().filter(name -> !name.startsWith("preprocessor")).toList();
    String[] origin = origins.split(" ", -1);
    for (int i = 0; i < origin.length; i++) {
      if (!origin[i].equals("-")) {
        expected.put(ofTokenizer.get(i), origin[i]);
      }
    }
    List<String> given = adapters.equals("none") ? List.of() : List.of(adapters.split(" ", -1));
    given.forEach(name -> expected.put(name, "adapter"));
    expected.put("preprocessor_config.json", "base");
    write("base", BASE);
    write("adapter", given);
    assertEquals(expected, origins(merge()));
  }

  private void write(String where, List<String> names) throws IOException {
    for (String name : names) {
      Path file = folder.resolve(where).resolve(name);
      Files.createDirectories(file.getParent());
      Files.writeString(file, where);
    }
  }

  private Path merge() throws IOException {
    Path merged = folder.resolve("merged");
    Path base = AdapterFiles.base().writeBase(folder.resolve("base"));
    Files.writeString(base.resolve("generation_config.json"), "{}");
    LoraMerge.merge(
        base,
        AdapterFiles.adapter().writeAdapter(folder.resolve("adapter"), CONFIG),
        merged,
        SaveOptions.builder().keepDtypes().durability(Durability.FAST).build());
    assertEquals("{}", Files.readString(merged.resolve("generation_config.json")));
    return merged;
  }

  /** Returns the files that came from a folder, by the name of the folder that they hold. */
  private static Map<String, String> origins(Path merged) throws IOException {
    Map<String, String> origins = new TreeMap<>();
    try (Stream<Path> files = Files.walk(merged)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String content = Files.readString(file, StandardCharsets.ISO_8859_1);
        if (List.of("base", "adapter").contains(content)) {
          origins.put(merged.relativize(file).toString(), content);
        }
      }
    }
    return origins;
  }
}
