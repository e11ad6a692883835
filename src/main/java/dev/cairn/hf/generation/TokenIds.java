package dev.cairn.hf.generation;

import dev.cairn.json.Json;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The special tokens of a tokenizer's folder and the ids of any of its tokens, as {@code
 * AutoTokenizer} has them.
 *
 * <p>A vocabulary is streamed through at each question, never held. Any thread.
 */
public final class TokenIds {
  private static final String CONFIG = "tokenizer_config.json";
  private static final String SPECIAL_TOKENS = "special_tokens_map.json";
  private static final String ADDED_TOKENS = "added_tokens_decoder";

  /** What a tokenizer's class has where its files say nothing: begin and end. */
  private static final Map<String, Boundary> DEFAULTS =
      Map.of(
          "GPT2Tokenizer", new Boundary("<|endoftext|>", "<|endoftext|>"),
          "GPTNeoXTokenizer", new Boundary("<|endoftext|>", "<|endoftext|>"),
          "Qwen2Tokenizer", new Boundary(null, "<|endoftext|>"),
          "LlamaTokenizer", new Boundary("<s>", "</s>"),
          "CodeLlamaTokenizer", new Boundary("<s>", "</s>"),
          "GemmaTokenizer", new Boundary("<bos>", "<eos>"),
          "CohereTokenizer", new Boundary("<BOS_TOKEN>", "<|END_OF_TURN_TOKEN|>"),
          "T5Tokenizer", new Boundary(null, "</s>"));

  private record Boundary(String begin, String end) {}

  private final Path folder;
  private final Map<String, Object> config;
  private final Map<String, Object> specialTokens;

  private TokenIds(Path folder, Map<String, Object> config, Map<String, Object> specialTokens) {
    this.folder = folder;
    this.config = config;
    this.specialTokens = specialTokens;
  }

  /**
   * {@return the tokens of a folder's tokenizer}
   *
   * @param folder a folder with {@code tokenizer.json}, or {@code vocab.json} or {@code vocab.txt}
   * @throws CorruptFileException if a file is not JSON
   * @throws IOException if the folder cannot be read
   */
  public static TokenIds of(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new NotDirectoryException(folder.toString());
    }
    Map<String, Object> config = object(folder.resolve(CONFIG));
    // an older form: files that list their added tokens hold the special tokens, too
    boolean isLegacy = !config.containsKey(ADDED_TOKENS);
    return new TokenIds(
        folder, config, isLegacy ? object(folder.resolve(SPECIAL_TOKENS)) : Map.of());
  }

  private static Map<String, Object> object(Path file) throws IOException {
    if (!Files.exists(file)) {
      return Map.of();
    }
    try {
      return Json.parseObject(Files.readAllBytes(file));
    } catch (CorruptFileException e) {
      throw new CorruptFileException(
          "tokenizer file is not valid JSON: " + e.getMessage() + ", file=" + file, e);
    }
  }

  /** {@return the token that begins a text, if the tokenizer has one} */
  public Optional<String> bosToken() {
    return token("bos_token", Boundary::begin);
  }

  /** {@return the token that ends a text, if the tokenizer has one} */
  public Optional<String> eosToken() {
    return token("eos_token", Boundary::end);
  }

  private Optional<String> token(
      String key, java.util.function.Function<Boundary, String> fallback) {
    if (specialTokens.containsKey(key)) {
      return content(specialTokens.get(key));
    }
    if (config.containsKey(key)) {
      return content(config.get(key));
    }
    if (config.get("tokenizer_class") instanceof String name) {
      String slowName = name.endsWith("Fast") ? name.substring(0, name.length() - 4) : name;
      return Optional.ofNullable(DEFAULTS.get(slowName)).map(fallback);
    }
    return Optional.empty();
  }

  private static Optional<String> content(Object token) {
    Object text = token instanceof Map<?, ?> added ? added.get("content") : token;
    return text instanceof String string ? Optional.of(string) : Optional.empty();
  }

  /**
   * {@return a token's id, empty if the tokenizer has no such token}
   *
   * @param token the token as its files spell it
   * @throws CorruptFileException if a file is not JSON
   * @throws IOException if a file cannot be read
   */
  public OptionalLong find(String token) throws IOException {
    VocabularyReader reader = new VocabularyReader(token);
    Path whole = folder.resolve("tokenizer.json");
    if (Files.exists(whole)) {
      reader.readTokenizer(whole);
    } else {
      reader.readVocabularies(folder);
    }
    OptionalLong added = reader.added();
    if (added.isPresent()) {
      return added;
    }
    OptionalLong configured = configured(token);
    return configured.isPresent() ? configured : reader.inVocabulary();
  }

  private OptionalLong configured(String token) {
    if (config.get(ADDED_TOKENS) instanceof Map<?, ?> added) {
      for (Map.Entry<?, ?> entry : added.entrySet()) {
        if (content(entry.getValue()).equals(Optional.of(token))) {
          return OptionalLong.of(Long.parseLong((String) entry.getKey()));
        }
      }
    }
    return OptionalLong.empty();
  }

  /** Returns a token's id, which must be there. */
  long id(String token) throws IOException {
    return find(token)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "tokenizer lacks a token: token=%s, folder=%s; add it to the tokenizer, or give the generation config"
                        .formatted(token, folder)));
  }
}
