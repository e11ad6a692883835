package dev.cairn.hf.files;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The files that transformers' tokenizers have their vocabularies in: {@code
 * make_vocabulary_names.py} lists what their classes declare.
 */
final class VocabularyNames {
  private static final String RESOURCE = "vocabularies.txt";

  private static final Set<String> NAMES = read();

  private VocabularyNames() {}

  static boolean include(String name) {
    return NAMES.contains(name);
  }

  private static Set<String> read() {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                VocabularyNames.class.getResourceAsStream(RESOURCE), StandardCharsets.UTF_8))) {
      return reader.lines().collect(Collectors.toUnmodifiableSet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
