package dev.cairn.save;

import dev.cairn.form.check.QuantisedWeights;
import dev.cairn.form.check.Suspicions;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelForm;
import dev.cairn.options.SaveOptions;
import dev.cairn.plan.FileNaming;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.plan.TensorGroup;
import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Refuses, before any file exists, to save what is not the model. On rank 0. */
final class ModelCheck {
  private static final Logger LOG = System.getLogger(ModelCheck.class.getName());

  private final SaveContents contents;
  private final List<TensorInfo> tensors;

  /** Prepares a check of what is to be written. */
  ModelCheck(SaveContents contents, TensorGroup model) {
    this.contents = contents;
    this.tensors = model.tensors().stream().map(PlannedTensor::info).toList();
  }

  /**
   * Refuses what loaders would not take for the model; warns where that is not certain. An adapter
   * is no model.
   *
   * @param options whether names are those of memory, of which nothing is known, and whether
   *     tensors may be missing
   * @throws IllegalArgumentException if it is not the model, with what to do
   * @throws IOException if the base model cannot be read
   */
  void run(SaveOptions options) throws IOException {
    Map<String, TensorInfo> base = contents.files().baseTensors();
    refuseQuantised(base);
    Optional<ModelConfig> config = contents.files().config();
    if (options.form().rawNames() || !contents.stem().equals(FileNaming.MODEL_STEM)) {
      return;
    }
    if (config.isEmpty()) {
      Suspicions.of(tensors, false).forEach(ModelCheck::warn);
      return;
    }
    ModelForm form = new ModelForm(config.get(), options.form().incomplete());
    Optional<String> difference =
        base.isEmpty() ? form.difference(tensors) : Optional.of(form.difference(tensors, base));
    if (difference.isEmpty()) {
      form.suspicions(tensors).forEach(ModelCheck::warn);
    } else if (!difference.get().isEmpty()) {
      refuse(difference.get());
    }
  }

  private static void refuse(String difference) {
    throw new IllegalArgumentException(
        "this would not be the model: "
            + difference
            + "; to write it all the same, ask for it unchecked (--unchecked)");
  }

  private static void warn(String suspicion) {
    LOG.log(Level.WARNING, "this may not be the model: {0}", suspicion);
  }

  private void refuseQuantised(Map<String, TensorInfo> base) {
    List<TensorInfo> quantised = QuantisedWeights.among(tensors, base);
    if (!quantised.isEmpty()) {
      TensorInfo first = quantised.get(0);
      throw new IllegalArgumentException(
          ("quantised weights: tensor=%s (and %d more), dtype=%s, expected floats; save the adapter"
                  + " alone (--adapter-config), or dequantise the model first; to write them as they"
                  + " are, ask for it unchecked (--unchecked)")
              .formatted(first.name(), quantised.size() - 1, first.dtype()));
    }
  }
}
