package dev.cairn.form.check;

import dev.cairn.form.template.ExpectedTensor;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Tells whether tensors are the model that is expected. Pure. */
public final class FormCheck {
  private static final List<String> HEADS =
      List.of("lm_head.", "cls.", "score.", "classifier.", "qa_outputs.", "v_head.", "value_head.");

  private final Map<String, ExpectedTensor> expected;
  private final Set<String> missing;
  private final List<String> unknown;
  private final Map<String, Shape> reshaped = new LinkedHashMap<>();

  private FormCheck(
      Collection<TensorInfo> tensors,
      Map<String, ExpectedTensor> expected,
      Predicate<String> mayMiss,
      Predicate<String> mayStand) {
    this.expected = expected;
    this.missing = new TreeSet<>(expected.keySet());
    tensors.forEach(tensor -> missing.remove(tensor.name()));
    missing.removeIf(mayMiss);
    this.unknown =
        tensors.stream()
            .map(TensorInfo::name)
            .filter(name -> !expected.containsKey(name) && !mayStand.test(name))
            .toList();
    for (TensorInfo tensor : tensors) {
      ExpectedTensor wanted = expected.get(tensor.name());
      if (wanted != null && !wanted.isOf(tensor.shape())) {
        reshaped.put(tensor.name(), tensor.shape());
      }
    }
  }

  /**
   * Compares.
   *
   * @param tensors what a folder has, or is to have
   * @param expected what it should have
   * @param mayMiss names that need not be there: of what is the same as another, for example
   * @param mayStand names that may be there though they are not expected
   * @return what is different
   */
  public static FormCheck of(
      Collection<TensorInfo> tensors,
      Map<String, ExpectedTensor> expected,
      Predicate<String> mayMiss,
      Predicate<String> mayStand) {
    return new FormCheck(tensors, expected, mayMiss, mayStand);
  }

  /**
   * {@return whether a tensor is expected}
   *
   * @param name in the files
   */
  public boolean expects(String name) {
    return expected.containsKey(name);
  }

  /** {@return why the tensors are not the expected ones, with what to do; empty if they are} */
  public String difference() {
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
      String first = reshaped.keySet().iterator().next();
      parts.add(
          "%d of another shape, first %s: %s, expected %s"
              .formatted(reshaped.size(), first, reshaped.get(first), expected.get(first)));
    }
    return parts.isEmpty() ? "" : String.join("; ", parts) + advice();
  }

  /**
   * {@return what is missing of a model of which there is nothing else than what is expected; empty
   * if nothing is, or its tensors have other names}
   */
  public String lacking() {
    return missing.isEmpty() || !unknown.isEmpty()
        ? ""
        : "%d of %d expected tensors are missing, first %s"
            .formatted(missing.size(), expected.size(), missing.iterator().next());
  }

  private String advice() {
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
    if (reshaped.keySet().stream().anyMatch(FormCheck::isVocabulary)) {
      return "; the vocabulary was resized: give the config of the resized model";
    }
    if (unknown.stream().anyMatch(FormCheck::isHead)) {
      return "; the head is one of another task: give a folder with the config of the model that"
          + " was trained";
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

  /**
   * {@return whether a tensor belongs to what a model has for its task}
   *
   * @param name in the files
   */
  public static boolean isHead(String name) {
    return HEADS.stream().anyMatch(name::startsWith);
  }

  private static boolean isVocabulary(String name) {
    return name.contains("embed") || name.contains("lm_head") || name.contains("wte");
  }
}
