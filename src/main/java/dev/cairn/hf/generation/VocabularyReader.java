package dev.cairn.hf.generation;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.cairn.json.Json;
import dev.cairn.tensor.CorruptFileException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Looks for one token in a tokenizer's files, holding no more of them than a buffer. */
final class VocabularyReader {
  /** A vocabulary's names are too many, and too foreign, for a symbol table. */
  private static final JsonFactory FACTORY =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(Integer.MAX_VALUE)
                  .maxNameLength(Integer.MAX_VALUE)
                  .build())
          .build();

  private final String token;
  private OptionalLong added = OptionalLong.empty();
  private OptionalLong inVocabulary = OptionalLong.empty();

  VocabularyReader(String token) {
    this.token = token;
  }

  /** Returns the id under which the token was added to the vocabulary. */
  OptionalLong added() {
    return added;
  }

  /** Returns the id of the token in the vocabulary itself. */
  OptionalLong inVocabulary() {
    return inVocabulary;
  }

  @FunctionalInterface
  private interface Part {
    void read(JsonParser parser) throws IOException;
  }

  /** Reads {@code tokenizer.json}. */
  void readTokenizer(Path file) throws IOException {
    parse(file, parser -> eachField(parser, (name, inner) -> readSection(name, inner)));
  }

  /** Reads the files of older tokenizers. */
  void readVocabularies(Path folder) throws IOException {
    Path addedTokens = folder.resolve("added_tokens.json");
    if (Files.exists(addedTokens)) {
      parse(addedTokens, parser -> added = idInObject(parser, added));
    }
    Path vocabulary = folder.resolve("vocab.json");
    if (Files.exists(vocabulary)) {
      parse(vocabulary, parser -> inVocabulary = idInObject(parser, inVocabulary));
    }
    Path lines = folder.resolve("vocab.txt");
    if (Files.exists(lines)) {
      readLines(lines);
    }
  }

  private void readLines(Path file) throws IOException {
    try (BufferedReader reader = Files.newBufferedReader(file)) {
      long id = 0;
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        if (line.equals(token)) {
          inVocabulary = OptionalLong.of(id);
        }
        id++;
      }
    }
  }

  private static void parse(Path file, Part part) throws IOException {
    try (JsonParser parser = FACTORY.createParser(Files.newInputStream(file))) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new CorruptFileException("tokenizer file is not a JSON object: file=" + file);
      }
      part.read(parser);
    } catch (JsonProcessingException e) {
      throw new CorruptFileException(
          "tokenizer file is not valid JSON: " + Json.describe(e) + ", file=" + file, e);
    }
  }

  @FunctionalInterface
  private interface Field {
    /** Reads the value that the parser is at, or leaves it. */
    void read(String name, JsonParser parser) throws IOException;
  }

  /** Calls for each field of the object that the parser is at; ends at the object's end. */
  private static void eachField(JsonParser parser, Field field) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String name = parser.currentName();
      JsonToken value = parser.nextToken();
      field.read(name, parser);
      if (parser.currentToken() == value) {
        parser.skipChildren(); // nobody wanted it
      }
    }
  }

  private void readSection(String name, JsonParser parser) throws IOException {
    if (name.equals("added_tokens") && parser.currentToken() == JsonToken.START_ARRAY) {
      while (parser.nextToken() == JsonToken.START_OBJECT) {
        readAdded(parser);
      }
    } else if (name.equals("model") && parser.currentToken() == JsonToken.START_OBJECT) {
      eachField(parser, this::readModel);
    }
  }

  private void readAdded(JsonParser parser) throws IOException {
    long[] id = {-1};
    boolean[] isWanted = {false};
    eachField(
        parser,
        (name, value) -> {
          if (name.equals("id")) {
            id[0] = value.getLongValue();
          } else if (name.equals("content")) {
            isWanted[0] = value.getText().equals(token);
          }
        });
    if (isWanted[0] && id[0] >= 0) {
      added = OptionalLong.of(id[0]);
    }
  }

  private void readModel(String name, JsonParser parser) throws IOException {
    if (!name.equals("vocab")) {
      return;
    }
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      inVocabulary = idInObject(parser, inVocabulary);
    } else if (parser.currentToken() == JsonToken.START_ARRAY) {
      readPairs(parser);
    }
  }

  private OptionalLong idInObject(JsonParser parser, OptionalLong otherwise) throws IOException {
    OptionalLong[] found = {otherwise};
    eachField(
        parser,
        (name, value) -> {
          if (name.equals(token)) {
            found[0] = OptionalLong.of(value.getLongValue());
          }
        });
    return found[0];
  }

  /** Reads {@code [["token", score], …]}: a token's id is its place. */
  private void readPairs(JsonParser parser) throws IOException {
    for (long id = 0; parser.nextToken() == JsonToken.START_ARRAY; id++) {
      if (parser.nextToken() == JsonToken.VALUE_STRING && parser.getText().equals(token)) {
        inVocabulary = OptionalLong.of(id);
      }
      while (parser.currentToken() != JsonToken.END_ARRAY) {
        parser.nextToken();
        parser.skipChildren();
      }
    }
  }
}
