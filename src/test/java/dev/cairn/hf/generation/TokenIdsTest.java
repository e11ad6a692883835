package dev.cairn.hf.generation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.json.Golden;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TokenIdsTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "config_template,       ,              <|im_end|>",
    "template_files,        <|im_start|>,  <|endoftext|>",
    "special_tokens_map,    <s>,           </s>",
    "unigram,               <s>,           </s>",
    "vocabulary_and_merges, <|endoftext|>, <|endoftext|>"
  })
  void beginAndEndAreThoseOfTheFiles(String name, String begin, String end) throws IOException {
    TokenIds tokens = golden(name);
    assertEquals(Optional.ofNullable(begin), tokens.bosToken());
    assertEquals(Optional.ofNullable(end), tokens.eosToken());
  }

  @ParameterizedTest
  @CsvSource({
    "config_template,       <|im_end|>,    292",
    "config_template,       a,             64",
    "special_tokens_map,    heap,          2",
    "special_tokens_map,    </s>,          5",
    "unigram,               ▁heap,         8",
    "vocabulary_and_merges, <|im_end|>,    291",
    "vocabulary_and_merges, <|endoftext|>, 290"
  })
  void tokenHasItsId(String name, String token, long expected) throws IOException {
    assertEquals(OptionalLong.of(expected), golden(name).find(token));
  }

  @Test
  void unknownTokenHasNone() throws IOException {
    assertEquals(OptionalLong.empty(), golden("unigram").find("<|im_end|>"));
    assertEquals(OptionalLong.empty(), golden("vocabulary_and_merges").find("zzz"));
  }

  @Test
  void addedTokenHidesTheVocabulary() throws IOException {
    write(
        "tokenizer.json",
        """
        {"version":"1.0","added_tokens":[{"id":7,"content":"x","nested":{"id":1,"content":"y"}}],
         "normalizer":{"vocab":{"x":3}},
         "model":{"type":"BPE","vocab":{"x":1,"y":2},"merges":[["vocab","x"]]}}""");
    assertEquals(OptionalLong.of(7), TokenIds.of(folder).find("x"));
    assertEquals(OptionalLong.of(2), TokenIds.of(folder).find("y"));
  }

  @Test
  void tokenThatOnlyTheConfigAddsIsFound() throws IOException {
    write("tokenizer.json", "{\"added_tokens\":[],\"model\":{\"vocab\":{\"x\":1}}}");
    write("tokenizer_config.json", "{\"added_tokens_decoder\":{\"9\":{\"content\":\"z\"}}}");
    assertEquals(OptionalLong.of(9), TokenIds.of(folder).find("z"));
  }

  @Test
  void mapOfSpecialTokensIsIgnoredBesideAddedTokens() throws IOException {
    write("tokenizer_config.json", "{\"added_tokens_decoder\":{},\"eos_token\":\"a\"}");
    write("special_tokens_map.json", "{\"eos_token\":\"b\"}");
    assertEquals(Optional.of("a"), TokenIds.of(folder).eosToken());
  }

  @ParameterizedTest
  @CsvSource({"Qwen2TokenizerFast,,<|endoftext|>", "LlamaTokenizer,<s>,</s>", "Unheard,,"})
  void classSaysWhatTheFilesDoNot(String name, String begin, String end) throws IOException {
    write("tokenizer_config.json", "{\"tokenizer_class\":\"" + name + "\"}");
    assertEquals(Optional.ofNullable(begin), TokenIds.of(folder).bosToken());
    assertEquals(Optional.ofNullable(end), TokenIds.of(folder).eosToken());
  }

  @Test
  void lineOfAWordListIsItsId() throws IOException {
    write("vocab.txt", "[PAD]\n[SEP]\nword\n");
    assertEquals(OptionalLong.of(1), TokenIds.of(folder).find("[SEP]"));
  }

  @Test
  void emptyFolderHasNoTokens() throws IOException {
    assertEquals(Optional.empty(), TokenIds.of(folder).eosToken());
    assertEquals(OptionalLong.empty(), TokenIds.of(folder).find("x"));
  }

  @Test
  void brokenFilesAreNamed() throws IOException {
    write("tokenizer.json", "{\"model\":{\"vocab\":{\"x\":1}");
    TokenIds tokens = TokenIds.of(folder);
    Exception e = assertThrows(CorruptFileException.class, () -> tokens.find("x"));
    assertTrue(e.getMessage().startsWith("tokenizer file is not valid JSON: "), e.getMessage());
    assertTrue(e.getMessage().endsWith("file=" + folder.resolve("tokenizer.json")));
    write("tokenizer.json", "[]");
    Exception list = assertThrows(CorruptFileException.class, () -> tokens.find("x"));
    assertEquals(
        "tokenizer file is not a JSON object: file=" + folder.resolve("tokenizer.json"),
        list.getMessage());
    write("tokenizer_config.json", "{");
    Exception config = assertThrows(CorruptFileException.class, () -> TokenIds.of(folder));
    assertTrue(config.getMessage().endsWith("file=" + folder.resolve("tokenizer_config.json")));
  }

  @Test
  void fileIsNoFolder() throws IOException {
    write("file", "");
    assertThrows(NotDirectoryException.class, () -> TokenIds.of(folder.resolve("file")));
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(folder.resolve(name), text);
  }

  private static TokenIds golden(String name) throws IOException {
    return TokenIds.of(Golden.path("tokenizers/" + name));
  }
}
