package dev.cairn.peft.merge;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.form.NameRule;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelFiles;
import dev.cairn.hf.ModelForm;
import dev.cairn.hf.generation.GenerationConfigCopy;
import dev.cairn.input.FoundInput;
import dev.cairn.machine.CloseAll;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.peft.LoraConfig;
import dev.cairn.peft.stored.DequantisedWeights;
import dev.cairn.peft.stored.QuantisedBase;
import dev.cairn.peft.stored.StoredWeights;
import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Merges a LoRA adapter into its base model: a model folder that needs no PEFT.
 *
 * <pre>{@code
 * SaveOptions options = SaveOptions.builder().keepDtypes().build();
 * LoraMerge.merge(Path.of("base"), Path.of("adapter"), Path.of("merged"), options);
 * }</pre>
 *
 * <p>Weights are computed as F32, range by range, and rounded once. Memory is that of the staging
 * buffers, a tile for each and the adapter's part of the weights at hand, whatever the model's
 * size.
 */
public final class LoraMerge {
  private static final NameRule SAME_NAME = new NameRule(Pattern.compile(".*"), "$0");

  private LoraMerge() {}

  /**
   * Writes the merged model; its folder appears when it is complete, or not at all.
   *
   * <p>Config, generation config and tokenizer are the base's; the adapter's tokenizer comes
   * instead if it has one; of an adapter's chat template alone only that is taken. A tied weight
   * stays tied and takes what the adapter adds to either name, as in PEFT; a module that was
   * trained whole is untied.
   *
   * @param base a model folder, sharded or not, of safetensors or {@code pytorch_model.bin}
   * @param adapter a folder with {@code adapter_model.safetensors}, or {@code adapter_model.bin},
   *     and {@code adapter_config.json}
   * @param output the folder to make
   * @param options how to save; without a dtype each tensor keeps the base's
   * @return what was done
   * @throws IllegalArgumentException if the adapter is empty, not LoRA's, or does not fit the base;
   *     nothing is left behind
   * @throws IOException if reading or writing fails; nothing is left behind
   */
  public static SaveReport merge(Path base, Path adapter, Path output, SaveOptions options)
      throws IOException {
    return merge(base, adapter, output, options, GenerationConfigCopy.COPY);
  }

  /**
   * Writes the merged model, as {@link #merge(Path, Path, Path, SaveOptions)} does.
   *
   * @param base a model folder, sharded or not, of safetensors or {@code pytorch_model.bin}
   * @param adapter a folder with {@code adapter_model.safetensors}, or {@code adapter_model.bin},
   *     and {@code adapter_config.json}
   * @param output the folder to make
   * @param options how to save; without a dtype each tensor keeps the base's
   * @param copy what is done with the base's generation config
   * @return what was done
   * @throws IllegalArgumentException if the adapter is empty, not LoRA's, or does not fit the base,
   *     or its generation config is refused; nothing is left behind
   * @throws IOException if reading or writing fails; nothing is left behind
   */
  public static SaveReport merge(
      Path base, Path adapter, Path output, SaveOptions options, GenerationConfigCopy copy)
      throws IOException {
    return merge(base, adapter, output, options, copy, false);
  }

  /**
   * Writes the merged model, as {@link #merge(Path, Path, Path, SaveOptions)} does.
   *
   * @param base a model folder, sharded or not, of safetensors or {@code pytorch_model.bin}
   * @param adapter a folder with {@code adapter_model.safetensors}, or {@code adapter_model.bin},
   *     and {@code adapter_config.json}
   * @param output the folder to make
   * @param options how to save; without a dtype each tensor keeps the base's
   * @param copy what is done with the base's generation config
   * @param dequantise whether 8-bit floats with scales are read as plain weights of the config's
   *     dtype, as transformers dequantises them; else they stay as they are, and nothing can be
   *     merged into them
   * @return what was done
   * @throws IllegalArgumentException if the adapter is empty, not LoRA's, or does not fit the base,
   *     its generation config is refused, or its weights are quantised in another way; nothing is
   *     left behind
   * @throws IOException if reading or writing fails; nothing is left behind
   */
  public static SaveReport merge(
      Path base,
      Path adapter,
      Path output,
      SaveOptions options,
      GenerationConfigCopy copy,
      boolean dequantise)
      throws IOException {
    LoraConfig config = LoraConfig.read(adapter.resolve(LoraConfig.FILE_NAME));
    MergedFiles files = MergedFiles.read(base, adapter, copy);
    try (StoredWeights baseFolder = open(base, files.config(), dequantise);
        StoredWeights adapterFolder = StoredWeights.ofAdapter(adapter);
        MergedWeights weights = new MergedWeights(adapterFolder)) {
      BaseWeights planned = plan(baseFolder, files.config(), adapterFolder, config);
      Optional<String> task = Optional.ofNullable((String) config.fields().get("task_type"));
      ModelFiles saved = files.toSave(planned, task);
      List<Parameter> parameters = new ArrayList<>();
      for (WeightMerge merge : planned.all()) {
        parameters.add(weights.parameter(merge, options.dtype()));
      }
      try (Communicator communicator = Communicator.single();
          Checkpointer checkpointer =
              Checkpointer.open(communicator, inNamesOf(baseFolder, files.config(), options))) {
        return checkpointer.save(output, ParameterSet.of(parameters), saved);
      }
    }
  }

  private static StoredWeights open(Path base, Optional<ModelConfig> config, boolean dequantise)
      throws IOException {
    FoundInput found = FoundInput.find(base);
    boolean isTorch = found.format() == FoundInput.Format.TORCH;
    StoredWeights stored = isTorch ? StoredWeights.ofTorch(found.path()) : StoredWeights.of(base);
    if (!dequantise) {
      return stored;
    }
    try {
      StoredWeights plain = DequantisedWeights.of(stored, tree(config));
      new QuantisedBase(plain, tree(config)).check();
      return plain;
    } catch (RuntimeException e) {
      CloseAll.of(stored).closeAfter(e);
      throw e;
    }
  }

  private static BaseWeights plan(
      StoredWeights base, Optional<ModelConfig> config, StoredWeights adapter, LoraConfig how)
      throws IOException {
    try {
      return new MergePlan(base, config, adapter, how).make();
    } catch (IllegalArgumentException e) {
      throw new QuantisedBase(base, tree(config)).explain(e);
    }
  }

  private static Map<String, Object> tree(Optional<ModelConfig> config) {
    return config.map(ModelConfig::tree).orElse(Map.of());
  }

  /**
   * Returns the options with which a result keeps its base's names, unless those are of memory:
   * then it gets the published ones.
   */
  private static SaveOptions inNamesOf(
      StoredWeights base, Optional<ModelConfig> config, SaveOptions options) {
    List<TensorInfo> tensors =
        base.tensors().stream()
            .map(tensor -> new TensorInfo(tensor.name(), tensor.dtype(), tensor.shape()))
            .toList();
    Optional<String> difference = config.flatMap(known -> new ModelForm(known).difference(tensors));
    return difference.map(String::isEmpty).orElse(true)
        ? options.withForm(options.form().withNames(List.of(SAME_NAME)))
        : options;
  }
}
