package dev.cairn.model;

import dev.cairn.safetensors.Header;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tensors of a model in the caller's order, which is the order of shards. Immutable.
 *
 * <p>Names come as a state dict has them: what DDP and DeepSpeed ({@code module.}) put before them
 * is removed, and what {@code torch.compile} ({@code _orig_mod.}), Lightning ({@code
 * _forward_module.}), FSDP ({@code _fsdp_wrapped_module.}) and activation checkpointing ({@code
 * _checkpoint_wrapped_module.}) put into them, wherever it stands.
 */
public final class ParameterSet {
  private final List<Parameter> parameters;
  private final Map<String, String> tied;

  private ParameterSet(List<Parameter> parameters, Map<String, String> tied) {
    this.parameters = List.copyOf(parameters);
    this.tied = Map.copyOf(tied);
  }

  /**
   * {@return the set of these parameters}
   *
   * @param parameters at least one; the same names, shapes, dtypes and layouts in the same order on
   *     every rank
   * @throws IllegalArgumentException if there is none, or a name is empty, reserved, or there twice
   *     once wrappers' prefixes are removed
   */
  public static ParameterSet of(List<Parameter> parameters) {
    if (parameters.isEmpty()) {
      throw new IllegalArgumentException("no parameters: there is nothing to save");
    }
    List<Parameter> renamed = new ArrayList<>();
    for (Parameter parameter : parameters) {
      renamed.add(parameter.named(ParameterNames.unwrapped(parameter.name())));
    }
    checkNames(parameters, renamed);
    return new ParameterSet(renamed, Map.of());
  }

  /**
   * {@return the set of parameters whose names are those of the files already}
   *
   * @param given what each is made of, or the first of it: for the message if a name is there twice
   * @param parameters no name twice
   * @param tied alias to canonical name
   */
  public static ParameterSet published(
      List<Parameter> given, List<Parameter> parameters, Map<String, String> tied) {
    checkNames(given, parameters);
    return new ParameterSet(parameters, tied);
  }

  private static void checkNames(List<Parameter> given, List<Parameter> renamed) {
    Map<String, String> givenByName = new HashMap<>();
    for (int index = 0; index < renamed.size(); index++) {
      String name = renamed.get(index).name();
      if (name.isEmpty()) {
        throw new IllegalArgumentException(
            "empty parameter name: tensor=\"" + given.get(index).name() + "\"");
      }
      if (name.equals(Header.METADATA_KEY)) {
        throw new IllegalArgumentException(
            "reserved parameter name: tensor=" + name + "; safetensors keeps its metadata there");
      }
      String other = givenByName.put(name, given.get(index).name());
      if (other != null) {
        throw new IllegalArgumentException(
            "duplicate parameter name: tensor=%s, given as %s and %s"
                .formatted(name, other, given.get(index).name()));
      }
    }
  }

  /**
   * {@return the parameters in the caller's order, under the names that they will have in the file}
   */
  public List<Parameter> parameters() {
    return parameters;
  }

  /**
   * {@return one attribute of a composite model, for example the policy of a model that also has a
   * value head: the parameters under {@code name.}, that prefix removed}
   *
   * @param name a path of attributes such as {@code policy} or {@code actor.model}, without the dot
   *     at its end
   * @throws IllegalArgumentException if there are none; the message lists the attributes there are
   */
  public ParameterSet attribute(String name) {
    Map<String, String> inside = new LinkedHashMap<>();
    List<Parameter> given = new ArrayList<>();
    List<Parameter> renamed = new ArrayList<>();
    for (Parameter parameter : parameters) {
      String innerName = ParameterNames.inside(name, parameter.name());
      if (innerName != null) {
        inside.put(parameter.name(), innerName);
        given.add(parameter);
        renamed.add(parameter.named(innerName));
      }
    }
    if (renamed.isEmpty()) {
      throw new IllegalArgumentException(
          "no such attribute: attribute=%s, expected one of %s"
              .formatted(name, ParameterNames.attributes(parameters)));
    }
    checkNames(given, renamed);
    Map<String, String> innerTied = new HashMap<>();
    tied.forEach(
        (alias, canonical) -> {
          if (inside.containsKey(alias) && inside.containsKey(canonical)) {
            innerTied.put(inside.get(alias), inside.get(canonical));
          }
        });
    return new ParameterSet(renamed, innerTied);
  }

  /**
   * {@return this set with two of its parameters declared to be one: the trainer shares their
   * memory, and each step changes both} A save leaves the alias out if the model's config says
   * {@code tie_word_embeddings: true}; otherwise it writes both.
   *
   * @param alias the name that may be left out, for example {@code lm_head.weight}
   * @param canonical the name that stays, for example {@code model.embed_tokens.weight}
   * @throws IllegalArgumentException if one is not in the set, their shapes or dtypes differ, or
   *     the alias would be left out for itself
   */
  public ParameterSet withTied(String alias, String canonical) {
    Parameter first = find(alias);
    Parameter second = find(canonical);
    if (!first.shape().equals(second.shape()) || first.held() != second.held()) {
      throw new IllegalArgumentException(
          "tied parameters differ: tensor=%s is %s %s, tensor=%s is %s %s"
              .formatted(
                  first.name(),
                  first.shape(),
                  first.held(),
                  second.name(),
                  second.shape(),
                  second.held()));
    }
    String staying = tied.getOrDefault(second.name(), second.name()); // which is no alias
    if (staying.equals(first.name())) {
      throw new IllegalArgumentException(
          "tensor is tied to itself: tensor=%s%s; name the one that stays as the canonical one"
              .formatted(
                  first.name(),
                  second.name().equals(staying) ? "" : ", by way of " + second.name()));
    }
    Map<String, String> more = new HashMap<>(tied);
    more.replaceAll((name, stays) -> stays.equals(first.name()) ? staying : stays);
    more.put(first.name(), staying);
    return new ParameterSet(parameters, more);
  }

  private Parameter find(String name) {
    return named(ParameterNames.unwrapped(name));
  }

  /**
   * {@return the parameter that is saved under a name}
   *
   * @param wanted the name
   * @throws IllegalArgumentException if there is none
   */
  public Parameter named(String wanted) {
    return parameters.stream()
        .filter(parameter -> parameter.name().equals(wanted))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no such parameter: tensor=" + wanted));
  }

  /**
   * {@return how long all partitions of this rank are together, which a save reads at most once}
   */
  public long partitionBytes() {
    return parameters.stream().mapToLong(one -> one.partition().lengthBytes()).sum();
  }

  /** {@return the declared ties, alias to canonical name} */
  public Map<String, String> tied() {
    return tied;
  }

  /**
   * {@return this set with other parameters of the same names}
   *
   * @param replacements in the same order
   */
  public ParameterSet with(List<Parameter> replacements) {
    return new ParameterSet(replacements, tied);
  }

  /**
   * {@return this set without some of its parameters}
   *
   * @param names of those to leave out
   */
  public ParameterSet without(Set<String> names) {
    return new ParameterSet(
        parameters.stream().filter(parameter -> !names.contains(parameter.name())).toList(), tied);
  }
}
