package dev.cairn.safetensors;

import dev.cairn.tensor.DType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Finds a dtype by the name that files use, without an exception for an unknown one. */
final class DTypeNames {
  /** All dtypes, for messages. */
  static final List<DType> ALL = List.of(DType.values());

  private static final Map<String, DType> BY_NAME =
      Arrays.stream(DType.values()).collect(Collectors.toMap(DType::name, Function.identity()));

  private DTypeNames() {}

  static Optional<DType> find(String name) {
    return Optional.ofNullable(BY_NAME.get(name));
  }
}
