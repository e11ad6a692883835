package dev.cairn.dcp;

import dev.cairn.input.InputRefusal;
import dev.cairn.tensor.CorruptFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * Which of a checkpoint's dicts is the model: trainers put it under {@code model}, {@code
 * app.model} or at the root, with the optimizer and others beside it.
 */
final class ModelSection {
  private static final Set<String> MODELS =
      Set.of("model", "module", "state_dict", "model_state_dict");
  private static final Set<String> OTHERS =
      Set.of(
          "lr_scheduler",
          "lr_schedulers",
          "scheduler",
          "schedulers",
          "dataloader",
          "train_state",
          "rng_state",
          "rng",
          "extra_state",
          "scaler",
          "metrics");

  private ModelSection() {}

  /**
   * Returns the model's tensors.
   *
   * @throws CorruptFileException if there is none, or none is the model for certain
   */
  static List<DescribedTensor> of(List<DescribedTensor> tensors, Path folder)
      throws CorruptFileException {
    Map<List<String>, List<DescribedTensor>> sections = new LinkedHashMap<>();
    for (DescribedTensor tensor : tensors) {
      if (tensor.path().stream().noneMatch(ModelSection::isOther)) {
        sections.computeIfAbsent(tensor.section(), key -> new ArrayList<>()).add(tensor);
      }
    }
    if (sections.isEmpty()) {
      throw InputRefusal.NO_MODEL.of(folder, "count", Integer.toString(tensors.size()));
    }
    if (sections.size() == 1) {
      return sections.values().iterator().next();
    }
    List<List<String>> models =
        sections.keySet().stream()
            .filter(path -> !path.isEmpty() && MODELS.contains(path.get(path.size() - 1)))
            .toList();
    if (models.size() == 1) {
      return sections.get(models.get(0));
    }
    if (models.isEmpty() && sections.containsKey(List.of())) {
      return sections.get(List.of());
    }
    throw InputRefusal.SEVERAL_SECTIONS.of(
        folder,
        "names",
        String.join(
            ", ",
            sections.keySet().stream()
                .limit(8)
                .map(path -> path.isEmpty() ? "the root" : String.join(".", path))
                .toList()));
  }

  private static boolean isOther(String key) {
    String lower = key.toLowerCase(Locale.ROOT);
    return OTHERS.contains(lower)
        || lower.equals("optim")
        || lower.startsWith("optimizer")
        || lower.startsWith("optim.")
        || lower.startsWith("optim_");
  }
}
