package dev.cairn.form;

import dev.cairn.form.template.ExpectedTensor;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Tells whether tensors are a model: compared with those of the model that they are made from, or,
 * where none is known, by what is wrong in any family. Pure.
 */
public final class FormCheck {
  /** Before all names of a model that PEFT has wrapped. */
  private static final String PEFT_MODEL = "base_model.model.";

  /** What quanto, MXFP4 and AQLM call their packed weights. */
  private static final List<String> PACKED =
      List.of("._data", "._scale", "_blocks", "_scales", ".codes", ".codebooks");

  private final Map<String, TensorInfo> published = new HashMap<>();
  private final List<String> order = new ArrayList<>();

  private FormCheck(Collection<TensorInfo> tensors) {
    for (TensorInfo tensor : tensors) {
      published.put(tensor.name(), tensor);
      order.add(tensor.name());
    }
  }

  /**
   * {@return why these are not the model whose tensors are known, with what to do; empty if they
   * are}
   *
   * @param tensors what a folder has, or is to have
   * @param expected what it should have
   * @param mayMiss names that need not be there: of what is the same as another, for example
   * @param mayStand names that may be there though they are not expected
   */
  public static String compare(
      Collection<TensorInfo> tensors,
      Map<String, ExpectedTensor> expected,
      Predicate<String> mayMiss,
      Predicate<String> mayStand) {
    return new FormCheck(tensors).compare(expected, mayMiss, mayStand);
  }

  private String compare(
      Map<String, ExpectedTensor> expected, Predicate<String> mayMiss, Predicate<String> mayStand) {
    Set<String> missing = new TreeSet<>(expected.keySet());
    missing.removeAll(published.keySet());
    missing.removeIf(mayMiss);
    List<String> unknown =
        order.stream().filter(name -> !expected.containsKey(name) && !mayStand.test(name)).toList();
    List<String> reshaped =
        order.stream()
            .filter(
                name ->
                    expected.containsKey(name)
                        && !expected.get(name).isOf(published.get(name).shape()))
            .toList();
    List<String> parts = new ArrayList<>();
    if (!missing.isEmpty()) {
      parts.add(
          "%d of %d expected tensors are missing, first %s"
              .formatted(missing.size(), expected.size(), missing.iterator().next()));
    }
    if (!unknown.isEmpty()) {
      parts.add("%d unknown, first %s".formatted(unknown.size(), unknown.get(0)));
    }
    if (!reshaped.isEmpty()) {
      String first = reshaped.get(0);
      parts.add(
          "%d of another shape, first %s: %s, expected %s"
              .formatted(
                  reshaped.size(), first, published.get(first).shape(), expected.get(first)));
    }
    return parts.isEmpty()
        ? ""
        : String.join("; ", parts) + advice(expected, missing, unknown, reshaped);
  }

  private static String advice(
      Map<String, ExpectedTensor> expected,
      Set<String> missing,
      List<String> unknown,
      List<String> reshaped) {
    for (NameProblem problem : NameProblem.values()) {
      if (unknown.stream().anyMatch(problem::isIn)) {
        return "; " + problem.advice();
      }
    }
    if (expected.keySet().stream().anyMatch(NameProblem.QUANTISED::isIn)) {
      return "; the base model is quantised: give the one that it was made from";
    }
    Map<String, Long> prefixes =
        unknown.stream()
            .flatMap(name -> prefixes(name, missing).stream())
            .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    if (!prefixes.isEmpty()) {
      String prefix =
          prefixes.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
      return "; the model is the attribute %s of what was trained: take only that (--attribute %s)"
          .formatted(prefix, prefix);
    }
    if (unknown.isEmpty() && reshaped.isEmpty()) {
      return "; to take them from the base model, ask for that (--missing-from-base)";
    }
    if (reshaped.stream().anyMatch(FormCheck::isVocabulary)) {
      return "; the vocabulary was resized: give the config of the resized model";
    }
    return "";
  }

  /** Returns the attribute below which an expected name is. */
  private static List<String> prefixes(String name, Set<String> missing) {
    for (int dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
      if (missing.contains(name.substring(dot + 1))) {
        return List.of(name.substring(0, dot));
      }
    }
    return List.of();
  }

  private static boolean isVocabulary(String name) {
    return name.contains("embed") || name.contains("lm_head") || name.contains("wte");
  }

  /**
   * {@return why tensors cannot be those of any model that loaders know; empty if they can}
   *
   * @param tensors what a folder has, or is to have
   */
  public static Optional<String> certain(Collection<TensorInfo> tensors) {
    List<String> wrapped =
        tensors.stream()
            .map(TensorInfo::name)
            .filter(name -> name.startsWith(PEFT_MODEL) && NameProblem.ADAPTER.isIn(name))
            .toList();
    return wrapped.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "%d tensors of a PEFT model, first %s; %s"
                .formatted(wrapped.size(), wrapped.get(0), NameProblem.ADAPTER.advice()));
  }

  /**
   * {@return what is wrong with tensors whatever model they are; empty if nothing is}
   *
   * @param tensors what a folder has, or is to have
   * @param vocabulary the config's {@code vocab_size}; 0 if it says none
   * @param mayBeQuantised whether the config says that weights are quantised
   */
  public static List<String> suspicions(
      Collection<TensorInfo> tensors, long vocabulary, boolean mayBeQuantised) {
    FormCheck check = new FormCheck(tensors);
    List<String> found = new ArrayList<>();
    for (NameProblem problem : NameProblem.values()) {
      List<String> names = check.order.stream().filter(problem::isIn).toList();
      boolean isMeant = mayBeQuantised && problem == NameProblem.QUANTISED;
      if (!names.isEmpty() && !isMeant) {
        found.add(
            "%d tensors that no loader knows, first %s; %s"
                .formatted(names.size(), names.get(0), problem.advice()));
      }
    }
    LayerGaps.find(check.order).ifPresent(found::add);
    check.vocabulary(vocabulary, found);
    return found;
  }

  private void vocabulary(long vocabulary, List<String> found) {
    List<TensorInfo> embeddings =
        order.stream()
            .filter(
                name ->
                    name.endsWith("embed_tokens.weight")
                        || name.endsWith("wte.weight")
                        || name.endsWith("word_embeddings.weight"))
            .map(published::get)
            .filter(tensor -> tensor.shape().dimensions() == 2)
            .toList();
    boolean isContradiction =
        vocabulary > 0
            && !embeddings.isEmpty()
            && embeddings.stream().noneMatch(tensor -> tensor.shape().dimension(0) == vocabulary);
    if (isContradiction) {
      TensorInfo first = embeddings.get(0);
      found.add(
          "the embedding contradicts the config: tensor=%s, shape=%s, vocab_size=%d; the"
                  .formatted(first.name(), first.shape(), vocabulary)
              + " vocabulary was resized: give the config of the resized model");
    }
  }

  /**
   * {@return whether most of a model's floats have 16 bits or fewer: then what has more, has it on
   * purpose}
   *
   * @param tensors of the model
   */
  public static boolean isMostlyNarrow(Collection<TensorInfo> tensors) {
    long wide = 0;
    long narrow = 0;
    for (TensorInfo tensor : tensors) {
      if (isWide(tensor)) {
        wide += tensor.shape().elements();
      } else if (tensor.dtype().isCastable()) {
        narrow += tensor.shape().elements();
      }
    }
    return wide < narrow;
  }

  /**
   * {@return whether a tensor's floats have more than 16 bits}
   *
   * @param tensor of a model
   */
  public static boolean isWide(TensorInfo tensor) {
    return tensor.dtype() == DType.F32 || tensor.dtype() == DType.F64;
  }

  /**
   * {@return whether a tensor belongs to quantised weights}
   *
   * @param tensor of any model
   */
  public static boolean belongsToQuantised(TensorInfo tensor) {
    return isQuantised(tensor) || NameProblem.QUANTISED.isIn(tensor.name());
  }

  /**
   * {@return the weights that are stored as integers, packed, or as 8-bit floats, of a model that
   * is not published so}
   *
   * @param tensors what is to be saved
   * @param expected what the model has; may be empty
   */
  public static List<TensorInfo> quantised(
      Collection<TensorInfo> tensors, Map<String, TensorInfo> expected) {
    return tensors.stream()
        .filter(tensor -> isQuantised(tensor) && !isSame(tensor, expected.get(tensor.name())))
        .toList();
  }

  private static boolean isQuantised(TensorInfo tensor) {
    DType dtype = tensor.dtype();
    if (dtype.isCastable()) {
      return false; // most of them, at no cost
    }
    boolean isWeight = tensor.name().endsWith("weight") || tensor.name().endsWith("_proj");
    boolean isNarrow = dtype.bits() <= 8 && dtype != DType.BOOL;
    boolean isInteger = dtype == DType.I32 || dtype == DType.U32 || dtype == DType.I16;
    boolean isPacked =
        (isNarrow || dtype == DType.I16)
            && PACKED.stream().anyMatch(end -> tensor.name().endsWith(end));
    return isPacked
        || (isWeight && (isNarrow || isInteger))
        || NameProblem.QUANTISED.isIn(tensor.name());
  }

  private static boolean isSame(TensorInfo tensor, TensorInfo other) {
    return other != null && other.dtype() == tensor.dtype() && other.shape().equals(tensor.shape());
  }
}
