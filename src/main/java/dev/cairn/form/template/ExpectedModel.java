package dev.cairn.form.template;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * What tensors a model's files should have.
 *
 * @param tensors by name
 * @param besides names that may be there, too: of what is one with another tensor in memory
 */
public record ExpectedModel(Map<String, ExpectedTensor> tensors, Set<String> besides) {
  /**
   * Keeps both.
   *
   * @param tensors is not changed afterwards
   * @param besides is copied
   */
  public ExpectedModel {
    besides = Set.copyOf(besides);
  }

  /**
   * {@return the same under other names; those whose new name is empty keep theirs}
   *
   * @param rename gives a new name
   */
  public ExpectedModel renamed(UnaryOperator<String> rename) {
    Map<String, ExpectedTensor> renamed = new HashMap<>();
    tensors.forEach((name, tensor) -> renamed.put(renamed(name, rename), tensor));
    Set<String> others = new HashSet<>();
    besides.forEach(name -> others.add(renamed(name, rename)));
    return new ExpectedModel(renamed, others);
  }

  private static String renamed(String name, UnaryOperator<String> rename) {
    String other = rename.apply(name);
    return other.isEmpty() ? name : other;
  }
}
