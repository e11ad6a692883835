package dev.cairn.form;

import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.Shape;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds which of the forms that a model may have gives most of another model's tensors. */
final class FormFitting {
  private static final String MODULE = ".module.";

  private final List<MemoryTensor> memory;
  private final Map<String, TensorInfo> base;

  FormFitting(List<MemoryTensor> memory, Map<String, TensorInfo> base) {
    this.memory = memory;
    this.base = base;
  }

  /**
   * Returns the form.
   *
   * @param usual without optional transforms
   * @param all transforms, in their order
   */
  Form fit(Form usual, List<Transform> all) {
    Form form = usual.withRenamed(wrapped(usual));
    List<PublishedTensor> tensors = form.apply(memory);
    for (Transform optional : all) {
      if (optional.kind() == Transform.Kind.OPTIONAL) {
        Form wider = form.withTransforms(including(form, optional, all));
        List<PublishedTensor> others = wider.apply(memory);
        if (hits(others) > hits(tensors)) {
          form = wider;
          tensors = others;
        }
      }
    }
    Set<String> kept = kept(tensors);
    if (!kept.isEmpty()) {
      form = form.keeping(kept);
      tensors = form.apply(memory);
    }
    return form.withWide(wide(form, tensors)).withTied(absent(form, tensors));
  }

  /**
   * Returns names in which a wrapper is called as a part of the model might be, and those without.
   */
  static Map<String, String> withoutModule(List<MemoryTensor> memory) {
    Map<String, String> names = new HashMap<>();
    for (MemoryTensor tensor : memory) {
      if (tensor.name().contains(MODULE)) {
        names.put(tensor.name(), tensor.name().replace(MODULE, "."));
      }
    }
    return names;
  }

  private Map<String, String> wrapped(Form form) {
    Map<String, String> names = withoutModule(memory);
    boolean isWrapped =
        !names.isEmpty() && hits(form.withRenamed(names).apply(memory)) > hits(form.apply(memory));
    return isWrapped ? names : Map.of();
  }

  /** Returns a form's transforms and one more, in their order. */
  private static List<Transform> including(Form form, Transform more, List<Transform> all) {
    return all.stream()
        .filter(transform -> transform.equals(more) || form.transforms().contains(transform))
        .toList();
  }

  /** Returns those of the tied tensors that the other model has not under their own names. */
  private Map<String, String> absent(Form form, List<PublishedTensor> tensors) {
    Map<String, String> absent = new HashMap<>();
    for (PublishedTensor tensor : tensors) {
      int whole = tensor.whole(memory);
      String name = whole < 0 ? "" : memory.get(whole).name();
      if (form.tied().containsKey(name) && !base.containsKey(tensor.name())) {
        absent.put(name, form.tied().get(name));
      }
    }
    return absent;
  }

  /** Returns what the other model has in F32 or wider, though it is not all of it. */
  private Set<String> wide(Form form, List<PublishedTensor> tensors) {
    Set<String> wide = new HashSet<>(form.wide());
    if (!FloatWidths.isMostlyNarrow(base.values())) {
      return wide;
    }
    for (PublishedTensor tensor : tensors) {
      TensorInfo other = base.get(tensor.name());
      if (other != null && FloatWidths.isWide(other)) {
        tensor.runs().forEach(run -> wide.add(memory.get(run.source()).name()));
      }
    }
    return wide;
  }

  private int hits(List<PublishedTensor> tensors) {
    int hits = 0;
    for (PublishedTensor tensor : tensors) {
      hits += isSame(tensor.shape(), base.get(tensor.name())) ? 1 : 0;
    }
    return hits;
  }

  private static boolean isSame(Shape shape, TensorInfo other) {
    return other != null && other.shape().equals(shape);
  }

  /** Returns what the other model has under the names of memory, and not under the form's. */
  private Set<String> kept(List<PublishedTensor> tensors) {
    Set<String> kept = new HashSet<>();
    for (PublishedTensor tensor : tensors) {
      if (isSame(tensor.shape(), base.get(tensor.name()))) {
        continue;
      }
      for (Run run : tensor.runs()) {
        MemoryTensor source = memory.get(run.source());
        if (isSame(source.shape(), base.get(source.name()))) {
          kept.add(source.name());
        }
      }
    }
    return kept;
  }
}
