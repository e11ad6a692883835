package dev.cairn.save;

import dev.cairn.form.MemoryTensor;
import dev.cairn.form.PublishedTensor;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelFiles;
import dev.cairn.hf.fit.ConfigChanges;
import dev.cairn.hf.fit.ConfigFit;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.SaveOptions;
import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Gives a save's files the config that fits what is saved, and says what it changes. On rank 0.
 *
 * <p>Saves of a run have the same tensors and the same config: what fitted the last one is kept.
 */
final class FittedFiles {
  private static final Logger LOG = System.getLogger(FittedFiles.class.getName());

  private List<String> said = List.of();
  private List<TensorInfo> lastTensors = List.of();
  private ModelFiles lastFiles = ModelFiles.none();
  private ModelFiles lastFitted = ModelFiles.none();

  /**
   * Returns the files with a config that fits the model; as they are if none does, which is for a
   * later check to say.
   */
  ModelFiles fit(SaveOptions options, ParameterSet set, ModelFiles files) throws IOException {
    if (files.config().isEmpty()) {
      return files;
    }
    List<TensorInfo> tensors =
        set.parameters().stream()
            .map(one -> new TensorInfo(one.name(), one.held(), one.shape()))
            .toList();
    if (tensors.equals(lastTensors) && isOfLastModel(files)) {
      return files.withFitted(lastFitted.config().orElseThrow(), lastFitted.baseTensors());
    }
    ModelFiles fitted = find(options, set, files).orElse(files);
    lastTensors = tensors;
    lastFiles = files;
    lastFitted = fitted;
    say(files.given().orElseThrow(), fitted.config().orElseThrow());
    return fitted;
  }

  private boolean isOfLastModel(ModelFiles files) throws IOException {
    return files == lastFiles
        || (tree(files).equals(tree(lastFiles))
            && files.baseTensors().equals(lastFiles.baseTensors()));
  }

  private static Map<String, Object> tree(ModelFiles files) {
    return files.given().map(ModelConfig::tree).orElse(Map.of());
  }

  private static Optional<ModelFiles> find(SaveOptions options, ParameterSet set, ModelFiles files)
      throws IOException {
    ModelConfig config = files.config().orElseThrow();
    Map<String, TensorInfo> base = files.baseTensors();
    try {
      return ConfigFit.find(
              config,
              base,
              options.form().incomplete(),
              Optional.empty(),
              tried -> published(options, set, files.withFitted(tried, base)))
          .map(fit -> files.withFitted(fit.config(), fit.base()));
    } catch (IllegalArgumentException e) { // it cannot be published, as the save is about to say
      return Optional.empty();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private static Collection<TensorInfo> published(
      SaveOptions options, ParameterSet set, ModelFiles files) {
    List<MemoryTensor> memory = PublishedParameters.described(set);
    List<TensorInfo> published = new ArrayList<>();
    Set<String> names = new HashSet<>();
    try {
      for (PublishedTensor tensor :
          FormAgreement.form(options, memory, files)
              .withRules(options.form().names(), memory)
              .apply(memory)) {
        Parameter source = set.parameters().get(tensor.runs().get(0).source());
        published.add(new TensorInfo(tensor.name(), source.held(), tensor.shape()));
        names.add(tensor.name());
      }
      if (options.form().missingFromBase()) {
        files.baseTensors().values().stream()
            .filter(tensor -> !names.contains(tensor.name()))
            .forEach(published::add);
      }
      return published;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Says once what is changed, but for the dtype, which is what was asked for. */
  private void say(ModelConfig given, ModelConfig fitted) {
    List<String> changes =
        ConfigChanges.between(given.tree(), fitted.saved(Optional.empty()).tree());
    if (!changes.equals(said)) {
      changes.forEach(change -> LOG.log(Level.INFO, "config.json: {0}", change));
      said = changes;
    }
  }
}
