package dev.cairn.cli;

import dev.cairn.cli.options.BaseModelOptions;
import dev.cairn.cli.options.DTypeOption;
import dev.cairn.cli.options.FolderOptions;
import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.text.ExitCode;
import dev.cairn.hf.ModelConfig;
import dev.cairn.input.FoundInput;
import dev.cairn.input.InputRefusal;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.peft.LoraConfig;
import dev.cairn.peft.merge.LoraMerge;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;

/** A base model and a LoRA adapter into a model folder. */
@Command(
    name = "merge-lora",
    sortOptions = false,
    defaultValueProvider = MergeLoraCommand.Defaults.class,
    description =
        "Merges a LoRA adapter, as PEFT saves it, into its base model: a model folder that needs no"
            + " PEFT. Computes in F32, rounds once, and needs little memory.",
    footer = {
      "",
      "Example: cairn merge-lora --base ~/models/olmo --adapter runs/lora --output out/merged"
    })
final class MergeLoraCommand implements Callable<Integer> {
  private static final int BUFFER_BYTES = 4 << 20;
  private static final int MAX_THREADS = 8;

  @Option(
      names = "--base",
      required = true,
      paramLabel = "DIR",
      description = "The model folder that the adapter was trained on, safetensors or .bin files.")
  private Path base;

  @Option(
      names = "--adapter",
      required = true,
      paramLabel = "DIR",
      description = "The folder with adapter_model.safetensors, or .bin, and adapter_config.json.")
  private Path adapter;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "DIR",
      description = "The model folder to make.")
  private Path output;

  @Option(
      names = "--dequantise",
      description =
          "If the base's weights are FP8 with scales: make plain weights of them, in the dtype of"
              + " its config, as transformers does, and merge into these.")
  private boolean dequantise;

  @Mixin private BaseModelOptions baseOptions;

  @Mixin private FolderOptions folderOptions;

  @Mixin private OutputOptions speech;

  /** A merged model is saved in its base's dtype unless another is asked for. */
  static final class Defaults implements IDefaultValueProvider {
    @Override
    public String defaultValue(ArgSpec argument) {
      boolean isDtype =
          argument instanceof OptionSpec option && option.longestName().equals("--dtype");
      return isDtype ? DTypeOption.KEEP.toString() : null;
    }
  }

  @Override
  public Integer call() throws IOException {
    folderOptions.checkTarget(output, base, adapter);
    for (Path input : List.of(base, adapter)) {
      if (!Files.isDirectory(input)) {
        throw new NoSuchFileException(input.toString(), null, "no such folder");
      }
    }
    checkBase();
    checkAdapter();
    baseOptions.sayWhatIsLeft(base, speech);
    int threads = Math.min(MAX_THREADS, Runtime.getRuntime().availableProcessors());
    SaveOptions options =
        folderOptions
            .save()
            .mode(SaveMode.PARALLEL)
            .stagingBuffers(threads)
            .stagingBufferBytes(BUFFER_BYTES)
            .build();
    long startNanos = System.nanoTime();
    SaveReport report = merge(options);
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    baseOptions.sayDtype(base, output, speech);
    SaveSummary.print(speech, output, report, seconds, folderOptions.durability());
    return ExitCode.FINE;
  }

  private void checkBase() throws IOException {
    boolean isAdapter =
        Files.exists(base.resolve(LoraConfig.FILE_NAME))
            && !Files.exists(base.resolve(ModelConfig.FILE_NAME));
    if (isAdapter) {
      throw InputRefusal.ADAPTER_AS_BASE.of(base, "option", "--base");
    }
    if (!FoundInput.holdsSafetensors(base)
        && FoundInput.find(base).format() == FoundInput.Format.DEEPSPEED) {
      throw InputRefusal.CHECKPOINT_AS_MODEL.of(base);
    }
  }

  private void checkAdapter() throws IOException {
    if (!Files.exists(adapter.resolve(LoraConfig.FILE_NAME))) {
      FoundInput found = FoundInput.find(adapter);
      if (found.format() == FoundInput.Format.DEEPSPEED) {
        throw InputRefusal.CHECKPOINT_AS_ADAPTER.of(adapter);
      }
      throw InputRefusal.MODEL_AS_ADAPTER.of(adapter);
    }
  }

  /** What does not fit is the input's fault, not the command line's. */
  private SaveReport merge(SaveOptions options) throws IOException {
    try {
      return LoraMerge.merge(
          base, adapter, output, options, baseOptions.generationConfig(), dequantise);
    } catch (IllegalArgumentException e) {
      throw new CorruptFileException(e.getMessage(), e);
    }
  }
}
