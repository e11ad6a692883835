package dev.cairn.cli;

import dev.cairn.Checkpointer;
import dev.cairn.cli.options.AdapterChoice;
import dev.cairn.cli.options.AdapterJob;
import dev.cairn.cli.options.BaseModelOptions;
import dev.cairn.cli.options.FolderOptions;
import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.text.ExitCode;
import dev.cairn.cli.text.Progress;
import dev.cairn.comm.Communicator;
import dev.cairn.deepspeed.CheckpointParameters;
import dev.cairn.deepspeed.ConsolidationOptions;
import dev.cairn.deepspeed.DeepSpeedCheckpoint;
import dev.cairn.form.NameRule;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelFiles;
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
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A DeepSpeed checkpoint folder into a model folder. */
@Command(
    name = "consolidate",
    sortOptions = false,
    description =
        "Converts a DeepSpeed ZeRO-1, -2 or -3 checkpoint folder into a Hugging Face model folder, in"
            + " one pass and little memory, without running anything that is in it.",
    footer = {
      "",
      "Example: cairn consolidate checkpoints/global_run out/olmo --hf ~/models/olmo",
      "         cairn consolidate checkpoints/global_run out/policy --attribute policy --dtype f32",
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
      description = "The folder with the file latest, or one save's folder in it.")
  private Path checkpoint;

  @Parameters(index = "1", paramLabel = "OUTPUT", description = "The model folder to make.")
  private Path output;

  @Option(
      names = "--tag",
      paramLabel = "T",
      description = "Which save of the checkpoint (default: the one that the file latest names).")
  private String tag;

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

  @Mixin private AdapterChoice adapter;

  @Mixin private BaseModelOptions baseOptions;

  @Mixin private FolderOptions folderOptions;

  @Mixin private OutputOptions speech;

  @Override
  public Integer call() throws IOException {
    checkOptions();
    long startNanos = System.nanoTime();
    preload();
    DeepSpeedCheckpoint opened =
        tag == null
            ? DeepSpeedCheckpoint.open(checkpoint)
            : DeepSpeedCheckpoint.open(checkpoint, tag);
    SaveReport report = save(opened);
    double seconds = (System.nanoTime() - startNanos) / 1e9;
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

  private SaveReport save(DeepSpeedCheckpoint opened) throws IOException {
    SaveOptions options = saveOptions();
    Optional<AdapterJob> job = adapter.job();
    Optional<DType> dtype = job.isPresent() ? adapter.dtype(folderOptions) : options.dtype();
    ConsolidationOptions taken =
        new ConsolidationOptions(excludeFrozen, dtype.isEmpty(), Optional.ofNullable(attribute));
    try (CheckpointParameters parameters = new CheckpointParameters(opened, taken);
        Communicator communicator = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(communicator, options);
        Progress progress = speech.progress("consolidating", parameters.lengthBytes())) {
      parameters.onRead(progress::add);
      if (job.isPresent()) {
        return job.get().save(checkpointer, output, parameters.parameters(), dtype);
      }
      ModelFiles files =
          baseModel == null
              ? ModelFiles.none()
              : ModelFiles.fromFolder(baseModel, baseOptions.generationConfig());
      return checkpointer.save(output, parameters.parameters(), files);
    }
  }

  private void checkOptions() throws IOException {
    folderOptions.checkTarget(adapter.job().map(job -> job.target(output)).orElse(output));
    if (threads != null && threads < 1) {
      throw new IllegalArgumentException(
          "bad --threads: threads=" + threads + ", expected at least 1");
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
      boolean isAdapter = Files.exists(baseModel.resolve(LoraConfig.FILE_NAME));
      throw new IllegalArgumentException(
          "no model folder: --hf=%s has no %s%s"
              .formatted(
                  baseModel,
                  ModelConfig.FILE_NAME,
                  isAdapter ? "; it is an adapter: give the model that it was trained on" : ""));
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
