package dev.cairn.hf.generation;

import java.util.List;

/** What the checks of generation configs were made for, for tests that compare it. */
public final class KnownFields {
  private KnownFields() {}

  /** Returns the fields, sorted. */
  public static List<String> sorted() {
    return GenerationFields.KNOWN.stream().sorted().toList();
  }

  /** Returns the version of transformers that has them. */
  public static String transformersVersion() {
    return GenerationConfig.TRANSFORMERS_VERSION;
  }
}
