package dev.cairn.form.check;

import dev.cairn.safetensors.TensorInfo;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** What is wrong with tensors whatever model they are: where it is not known what to expect. */
public final class Suspicions {
  /** Before all names of a model that PEFT has wrapped. */
  private static final String PEFT_MODEL = "base_model.model.";

  private Suspicions() {}

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
   * {@return which layers are left out though a config counts them; empty if none is}
   *
   * @param tensors what a folder has, or is to have
   * @param layers how many the config says there are
   */
  public static Optional<String> leftOut(Collection<TensorInfo> tensors, long layers) {
    return LayerGaps.find(NumberedLists.of(tensors), last -> last == layers - 1);
  }

  /**
   * {@return what is wrong with tensors whatever model they are; empty if nothing is}
   *
   * @param tensors what a folder has, or is to have
   * @param mayBeQuantised whether the config says that weights are quantised
   */
  public static List<String> of(Collection<TensorInfo> tensors, boolean mayBeQuantised) {
    List<String> found = new ArrayList<>();
    for (NameProblem problem : NameProblem.values()) {
      List<String> names = tensors.stream().map(TensorInfo::name).filter(problem::isIn).toList();
      boolean isMeant = mayBeQuantised && problem == NameProblem.QUANTISED;
      if (!names.isEmpty() && !isMeant) {
        found.add(
            "%d tensors that no loader knows, first %s; %s"
                .formatted(names.size(), names.get(0), problem.advice()));
      }
    }
    NumberedLists lists = NumberedLists.of(tensors);
    LayerGaps.find(lists).or(() -> OddLayers.find(lists)).ifPresent(found::add);
    return found;
  }
}
