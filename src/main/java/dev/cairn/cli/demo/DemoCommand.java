package dev.cairn.cli.demo;

import dev.cairn.cli.options.AdapterChoice;
import dev.cairn.cli.options.AdapterJob;
import dev.cairn.cli.options.DTypeOption;
import dev.cairn.cli.options.FolderOptions;
import dev.cairn.cli.options.ModelOptions;
import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.options.Verification;
import dev.cairn.cli.text.Amounts;
import dev.cairn.cli.text.DemoFailedException;
import dev.cairn.cli.text.ExitCode;
import dev.cairn.cli.text.Progress;
import dev.cairn.commit.AbandonedFolders;
import dev.cairn.device.Cuda;
import dev.cairn.device.Device;
import dev.cairn.hf.Finding;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.options.SaveMode;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The main job on one machine: several processes that hold a model together save it. */
@Command(
    name = "demo",
    sortOptions = false,
    description =
        "Starts a process for each rank, gives each its ZeRO-3 partitions of a model, saves the"
            + " model as one Hugging Face folder, and checks it. Each process saves a few bytes"
            + " before, so that what is measured is a save and not the start of a JVM.",
    footer = {
      "",
      "Example: cairn demo --ranks 4 --parameters 124M",
      "         cairn demo --from ~/models/olmo --ranks 2 --dtype keep --output /tmp/copy",
      "         cairn demo --from runs/peft_state --adapter-config adapter_config.json --ranks 2"
    })
public final class DemoCommand implements Callable<Integer> {
  private static final int DEFAULT_RANKS = 4;
  private static final int MAX_RANKS = 1024;

  @Option(
      names = "--ranks",
      description = "How many processes (default: 4; with --device cuda one for each GPU).")
  private Integer ranks;

  @Option(
      names = "--parameters",
      defaultValue = "124M",
      converter = CountConverter.class,
      description =
          "About how many parameters the made-up, Llama-shaped model has (default:"
              + " ${DEFAULT-VALUE}).")
  private long parameters;

  @Option(
      names = "--held",
      defaultValue = "f32",
      description =
          "The dtype that the made-up model is held in: f32 or bf16 (default: ${DEFAULT-VALUE}).")
  private DTypeOption held;

  @Option(
      names = "--from",
      paramLabel = "HF_DIR",
      description = "Save the model of this folder instead; each rank reads only its own part.")
  private Path from;

  @Option(
      names = "--mode",
      defaultValue = "auto",
      description =
          "Who writes: gather (rank 0), parallel (every rank), or auto (default:"
              + " ${DEFAULT-VALUE}).")
  private SaveMode mode;

  @Option(
      names = "--device",
      defaultValue = "cpu",
      description =
          "What memory the ranks hold the model in: cpu, or cuda, on as many GPUs as there are"
              + " (default: ${DEFAULT-VALUE}).")
  private Device.Kind device;

  @Mixin private FolderOptions folderOptions;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description =
          "The folder to save (default: a new one below target/demo of the checkout, or in the"
              + " working directory).")
  private Path output;

  @Mixin private ModelOptions modelOptions;

  @Mixin private AdapterChoice adapter;

  @Mixin private OutputOptions speech;

  /** Reads {@code 124M}. */
  static final class CountConverter implements ITypeConverter<Long> {
    @Override
    public Long convert(String value) {
      try {
        return Amounts.parseCount(value);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(e.getMessage());
      }
    }
  }

  @Override
  public Integer call() throws IOException {
    checkOptions();
    try (DemoFolders folders = DemoFolders.create()) {
      DemoJob job = job(folders);
      if (job.adapter().isEmpty()) {
        job.choice().files(job.modelFiles()); // refused now, not when the ranks save
      }
      try (DemoModel model = job.openSaved()) {
        long elements = model.tensors().stream().mapToLong(info -> info.shape().elements()).sum();
        long heldBytes = model.tensors().stream().mapToLong(TensorInfo::lengthBytes).sum();
        speech.message(
            "%d ranks hold %d parameters (%s); saving to %s"
                .formatted(ranks, elements, Amounts.bytes(heldBytes), job.target()));
        List<RankReport> reports = save(job, folders);
        int tensors = check(job, model, reports.get(0).bytes());
        DemoResult.of(job, reports, tensors).print(speech);
      }
    }
    return ExitCode.FINE;
  }

  private void checkOptions() throws IOException {
    if (ranks != null && (ranks < 1 || ranks > MAX_RANKS)) {
      throw new IllegalArgumentException(
          "bad number of ranks: ranks=" + ranks + ", expected 1 to " + MAX_RANKS);
    }
    if (output != null) {
      Optional<AdapterJob> job = adapter.job();
      folderOptions.checkTarget(
          job.map(one -> one.target(output)).orElse(output),
          from,
          job.map(AdapterJob::config).orElse(null));
    }
    checkAdapter();
    if (held.dtype() != DType.F32 && held.dtype() != DType.BF16) {
      throw new IllegalArgumentException("bad option: --held=" + held + ", expected f32 or bf16");
    }
    if (from == null && modelOptions.choice().chatTemplateName() != null) {
      throw new IllegalArgumentException(
          "a made-up model has no tokenizer: --chat-template-name, expected --from beside it");
    }
    if (device == Device.Kind.CUDA) {
      DeviceShare.checkAvailable();
    }
    if (ranks == null) {
      ranks = device == Device.Kind.CUDA ? Cuda.deviceCount() : DEFAULT_RANKS;
    }
  }

  private void checkAdapter() {
    if (adapter.job().isEmpty()) {
      return;
    }
    if (from == null) {
      throw new IllegalArgumentException(
          "a made-up model has no adapter: --adapter-config, expected --from beside it");
    }
    if (modelOptions.choice().chatTemplateName() != null) {
      throw new IllegalArgumentException(
          "an adapter has no generation config: --chat-template-name beside --adapter-config");
    }
  }

  private DemoJob job(DemoFolders folders) throws IOException {
    Path target = output == null ? DemoFolders.freshOutput() : output.toAbsolutePath().normalize();
    if (output == null) {
      Files.createDirectories(target.getParent());
    }
    Path modelFiles =
        from == null
            ? folders.writeConfig(LlamaShape.closestTo(parameters), held.dtype())
            : from.toAbsolutePath();
    return new DemoJob(
        from == null ? null : from.toAbsolutePath(),
        parameters,
        held.dtype(),
        modelFiles,
        target,
        mode,
        adapter.job().isPresent()
            ? adapter.dtype(folderOptions).orElse(null)
            : folderOptions.dtype().dtype(),
        folderOptions.maxShardBytes(),
        folderOptions.durability(),
        folderOptions.isOverwriting(),
        device,
        modelOptions.choice(),
        adapter.job());
  }

  private List<RankReport> save(DemoJob job, DemoFolders folders) throws IOException {
    try (RankProcesses processes = RankProcesses.start(job, ranks, folders.rendezvous())) {
      return processes.await();
    } catch (DemoFailedException e) {
      // Ranks clean up after themselves, but a rank that was killed could not.
      Path parent = job.target().toAbsolutePath().normalize().getParent();
      new AbandonedFolders(Disk.local(), Machine.local(), parent).sweep();
      throw e;
    }
  }

  /** Checks the folder's own checksums, then every byte against what was to be saved. */
  private int check(DemoJob job, DemoModel model, long savedBytes) throws IOException {
    try {
      List<Finding> findings = Finding.errors(Verification.of(job.target(), speech).findings());
      if (!findings.isEmpty()) {
        throw new CorruptFileException(findings.get(0).toString());
      }
      try (Progress progress = speech.progress("comparing", savedBytes)) {
        return new DemoCheck(model, job.dtype()).check(job.target(), progress);
      }
    } catch (CorruptFileException e) {
      throw new DemoFailedException("saved folder is wrong: " + e.getMessage(), ExitCode.FAILURE);
    }
  }
}
