package dev.cairn.cli;

import dev.cairn.Checkpointer;
import dev.cairn.SingleFile;
import dev.cairn.cli.options.AdapterChoice;
import dev.cairn.cli.options.AdapterJob;
import dev.cairn.cli.options.BaseModelOptions;
import dev.cairn.cli.options.FolderOptions;
import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.options.ParallelOptions;
import dev.cairn.cli.text.ExitCode;
import dev.cairn.cli.text.Progress;
import dev.cairn.comm.Communicator;
import dev.cairn.deepspeed.ConsolidationOptions;
import dev.cairn.form.NameRule;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelFiles;
import dev.cairn.input.FoundInput;
import dev.cairn.input.InputRefusal;
import dev.cairn.kernels.Kernels;
import dev.cairn.machine.Machine;
import dev.cairn.options.FormOptions;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.peft.LoraConfig;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Any checkpoint into a model folder. */
@Command(
    name = "consolidate",
    sortOptions = false,
    description = {
      "Makes a Hugging Face model folder of any checkpoint, in one pass and little memory, without"
          + " running anything that is in it.",
      "It takes what DeepSpeed made: a save's folder, the one with the file latest, ZeRO or not, universal,"
          + " a pipeline's;",
      "  what is around it: a Trainer's output_dir or checkpoint-N, Lightning's X.ckpt, accelerate's"
          + " folders;",
      "  what torch wrote: pytorch_model.bin, its shards, adapter_model.bin, one .bin, .pt or .ckpt."
    },
    footer = {
      "",
      "Example: cairn consolidate checkpoints/global_run out/olmo --hf ~/models/olmo",
      "         cairn consolidate checkpoints/global_run/global_step500 out/olmo --dtype f32",
      "         cairn consolidate trainer_output out/olmo --step 1000",
      "         cairn consolidate epoch=1-step=30.ckpt out/olmo --attribute model --hf ~/models/olmo",
      "         cairn consolidate accelerate_state out/policy --tag pytorch_model_1",
      "         cairn consolidate old-model-with-bin-files out/olmo --dtype keep",
      "         cairn consolidate weights.pt out/olmo --hf ~/models/olmo",
      "         cairn consolidate checkpoints/lora_run out/lora --adapter-config adapter_config.json"
    })
final class ConsolidateCommand implements Callable<Integer> {
  private static final Logger LOG = System.getLogger(ConsolidateCommand.class.getName());

  /**
   * Stays in a core's cache from the cast to the write, and goes to the page cache in small steps.
   */
  private static final int BUFFER_BYTES = 512 << 10;

  @Parameters(
      index = "0",
      paramLabel = "CHECKPOINT",
      description = "The folder or file to read, or a folder around it.")
  private Path checkpoint;

  @Parameters(index = "1", paramLabel = "OUTPUT", description = "The model folder to make.")
  private Path output;

  @Option(
      names = "--tag",
      paramLabel = "T",
      description = "Which save, by its folder's name (default: the one that latest names).")
  private String tag;

  @Option(
      names = "--step",
      paramLabel = "N",
      description = "Which save, by the step in its folder's name (default: the newest).")
  private Long step;

  @Option(
      names = "--hf",
      paramLabel = "DIR",
      description = "The base model: its config, generation config and tokenizer are taken.")
  private Path baseModel;

  @Option(names = "--exclude-frozen", description = "Leave frozen parameters out.")
  private boolean excludeFrozen;

  @Option(
      names = "--attribute",
      paramLabel = "NAME",
      description = "Take only this attribute of a composite model, for example policy.")
  private String attribute;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "How many threads read, cast and write (default: as many as processors, to 8).")
  private Integer threads;

  @Option(
      names = "--raw-names",
      description =
          "Write names and tensors as they were in memory, not as transformers publishes them; whether"
              + " they are the model is not asked.")
  private boolean isRaw;

  @Option(
      names = "--unchecked",
      description =
          "Write it even if it is not the model that --hf says: tensors missing, unknown, of other"
              + " shapes, or quantised.")
  private boolean isUnchecked;

  @Option(
      names = "--missing-from-base",
      description = "Copy what the checkpoint does not have from the folder that --hf names.")
  private boolean borrows;

  @Option(
      names = "--rename",
      paramLabel = "REGEX=TO",
      description =
          "Write what matches under another name; $1 is what the first group matched. May be given"
              + " several times.")
  private List<String> renamings = List.of();

  @Mixin private ParallelOptions parallel;

  @Mixin private AdapterChoice adapter;

  @Mixin private BaseModelOptions baseOptions;

  @Mixin private FolderOptions folderOptions;

  @Mixin private OutputOptions speech;

  @Override
  public Integer call() throws IOException {
    checkOptions();
    long startNanos = System.nanoTime();
    preload();
    OptionalLong wanted = step == null ? OptionalLong.empty() : OptionalLong.of(step);
    FoundInput found = FoundInput.find(checkpoint, tag, wanted);
    found.note().ifPresent(speech::message);
    SaveReport report = save(found);
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    baseOptions.sayDtype(baseModel == null ? found.path() : baseModel, output, speech);
    SaveSummary.print(speech, output, report, seconds, folderOptions.durability());
    return ExitCode.FINE;
  }

  /** Loads the native kernels while the checkpoint's pickles are read. */
  private static void preload() {
    try {
      Machine.local().start("cairn-preload", Kernels::best);
    } catch (OutOfMemoryError e) {
      LOG.log(Level.DEBUG, "kernels not loaded yet: {0}", e.getMessage()); // the save will do it
    }
  }

  private SaveReport save(FoundInput found) throws IOException {
    SaveOptions options = saveOptions();
    Optional<AdapterJob> job = adapter.job();
    Optional<Path> adapterConfig = ConsolidateInput.adapterConfig(found);
    boolean isAdapter = job.isPresent() || adapterConfig.isPresent();
    Optional<DType> dtype = isAdapter ? adapter.dtype(folderOptions) : options.dtype();
    ConsolidationOptions taken =
        new ConsolidationOptions(excludeFrozen, dtype.isEmpty(), Optional.ofNullable(attribute));
    ModelFiles files = isAdapter ? ModelFiles.none() : files(found);
    try (ConsolidateInput input =
            ConsolidateInput.open(
                found,
                parallel,
                isAdapter,
                taken,
                isAdapter ? options.forSingleFile(dtype) : options,
                files,
                speech::message);
        Communicator communicator = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(communicator, options);
        Progress progress = speech.progress("consolidating", input.parameters().partitionBytes())) {
      input.reads().accept(progress::add);
      if (job.isPresent()) {
        return job.get().save(checkpointer, output, input.parameters(), dtype);
      }
      if (adapterConfig.isPresent()) {
        SingleFile file = AdapterJob.asStored(adapterConfig.get(), input.parameters(), dtype);
        return SingleFile.save(checkpointer, output, () -> file);
      }
      return checkpointer.save(output, input.parameters(), files);
    }
  }

  /** Returns the base model's files, or those that lie beside the weights of a whole model. */
  private ModelFiles files(FoundInput found) throws IOException {
    if (baseModel != null) {
      baseOptions.sayWhatIsLeft(baseModel, speech);
      return ModelFiles.fromFolder(baseModel, baseOptions.generationConfig());
    }
    Path folder = found.path();
    if (found.format() != FoundInput.Format.TORCH
        || !Files.exists(folder.resolve(ModelConfig.FILE_NAME))) {
      return ModelFiles.none();
    }
    ModelFiles files = ModelFiles.fromFolder(folder, baseOptions.generationConfig());
    baseOptions.sayWhatIsLeft(folder, speech);
    speech.message("taking config and tokenizer from " + folder);
    return files;
  }

  private void checkOptions() throws IOException {
    Optional<AdapterJob> job = adapter.job();
    folderOptions.checkTarget(
        job.map(one -> one.target(output)).orElse(output),
        checkpoint,
        baseModel,
        job.map(AdapterJob::config).orElse(null));
    if (threads != null && threads < 1) {
      throw new IllegalArgumentException(
          "bad --threads: threads=" + threads + ", expected at least 1");
    }
    if (tag != null && step != null) {
      throw new IllegalArgumentException("one of --tag and --step chooses the save, not both");
    }
    if (baseModel != null) {
      checkBase();
    } else if (borrows) {
      throw new IllegalArgumentException("--missing-from-base needs --hf BASE_DIR");
    }
  }

  private void checkBase() throws NoSuchFileException {
    if (!Files.isDirectory(baseModel)) {
      throw new NoSuchFileException(baseModel.toString(), null, "no such folder");
    }
    if (!Files.exists(baseModel.resolve(ModelConfig.FILE_NAME))) {
      if (Files.exists(baseModel.resolve(LoraConfig.FILE_NAME))) {
        throw new IllegalArgumentException(
            InputRefusal.ADAPTER_AS_BASE.message(baseModel, "option", "--hf"));
      }
      throw new IllegalArgumentException(
          InputRefusal.NO_BASE.message(
              baseModel, "config", ModelConfig.FILE_NAME, "option", "--hf"));
    }
  }

  private SaveOptions saveOptions() {
    int count = threads == null ? Math.min(8, Runtime.getRuntime().availableProcessors()) : threads;
    return folderOptions
        .save()
        .mode(SaveMode.PARALLEL)
        .form(
            FormOptions.asPublished()
                .withRawNames(isRaw)
                .withUnchecked(isUnchecked)
                .withIncomplete(excludeFrozen)
                .withMissingFromBase(borrows)
                .withNames(renamings.stream().map(NameRule::parse).toList()))
        .stagingBuffers(count)
        .stagingBufferBytes(BUFFER_BYTES)
        .build();
  }
}
