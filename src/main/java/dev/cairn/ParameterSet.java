package dev.cairn;

import dev.cairn.safetensors.Header;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The tensors of a model in the caller's order, which is the order of shards. Immutable. */
public final class ParameterSet {
  private final List<Parameter> parameters;

  private ParameterSet(List<Parameter> parameters) {
    this.parameters = parameters;
  }

  /**
   * Returns the set of these parameters.
   *
   * @param parameters at least one; the same names, shapes, dtypes and layouts in the same order on
   *     every rank
   * @throws IllegalArgumentException if there is none, or a name is empty, reserved or there twice
   */
  public static ParameterSet of(List<Parameter> parameters) {
    if (parameters.isEmpty()) {
      throw new IllegalArgumentException("no parameters: there is nothing to save");
    }
    Set<String> names = new HashSet<>();
    for (Parameter parameter : parameters) {
      checkName(parameter.name());
      if (!names.add(parameter.name())) {
        throw new IllegalArgumentException("duplicate parameter name: tensor=" + parameter.name());
      }
    }
    return new ParameterSet(List.copyOf(new ArrayList<>(parameters)));
  }

  private static void checkName(String name) {
    if (name.isEmpty()) {
      throw new IllegalArgumentException("empty parameter name");
    }
    if (name.equals(Header.METADATA_KEY)) {
      throw new IllegalArgumentException(
          "reserved parameter name: tensor=" + name + "; safetensors keeps its metadata under it");
    }
  }

  /** Returns the parameters in the caller's order. */
  public List<Parameter> parameters() {
    return parameters;
  }
}
