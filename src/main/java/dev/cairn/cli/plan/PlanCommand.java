package dev.cairn.cli.plan;

import dev.cairn.cli.options.DTypeOption;
import dev.cairn.cli.options.ModelSize;
import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.text.ExitCode;
import dev.cairn.policy.AdapterSize;
import dev.cairn.policy.CostModel;
import dev.cairn.policy.DiskBudget;
import dev.cairn.policy.IntervalAdvice;
import dev.cairn.policy.LoraTargets;
import dev.cairn.policy.SaveCost;
import dev.cairn.policy.TrainingRun;
import dev.cairn.safetensors.Sharding;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Says what a checkpoint takes and how often to take one. */
@Command(
    name = "plan",
    description = {
      "Says what a checkpoint takes on disk and how often to save: the interval at which lost work"
          + " and stalls together cost least, √(2·stall·MTBF), within what the write time, the"
          + " disk and the run allow. What is unknown may be left out."
    },
    footer = {
      "",
      "Failures of 16384 GPUs were 3 hours apart when Llama 3 was trained: 50000 hours per GPU.",
      "",
      "Example: cairn plan --hf ~/models/olmo --steps 200000 --step-seconds 2 --stall-seconds 1"
          + " --ranks 64 --mtbf-hours 50000 --plot cost.svg"
    })
public final class PlanCommand implements Callable<Integer> {
  private static final String ASSUMED_RATE = "1GB";

  @ArgGroup(exclusive = true)
  private Source source = new Source();

  /** What a checkpoint holds. */
  static final class Source {
    @Option(
        names = "--hf",
        paramLabel = "DIR",
        description = "The model to save: a folder with config.json, safetensors files or both.")
    private Path folder;

    @Option(names = "--bytes", paramLabel = "B", description = "Size of a checkpoint, 13.5GB.")
    private String bytes;
  }

  @Option(
      names = "--dtype",
      defaultValue = "bf16",
      description = "What is saved: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}.")
  private DTypeOption dtype;

  @Option(
      names = "--lora-rank",
      paramLabel = "R",
      description = "Plan for a LoRA adapter of that rank on the model of --hf.")
  private Long loraRank;

  @Option(
      names = "--target-modules",
      paramLabel = "NAMES",
      description = {
        "What the adapter targets, separated by commas, or all-linear. Default: PEFT's own for the"
            + " model_type, q_proj,v_proj for llama."
      })
  private String targetModules;

  @Option(names = "--steps", paramLabel = "N", description = "Steps of the whole training run.")
  private Long totalSteps;

  @Option(names = "--step-seconds", paramLabel = "S", description = "Time of a training step.")
  private Double stepSeconds;

  @Option(
      names = "--stall-seconds",
      paramLabel = "S",
      description = "Time that training stands still for a save. Default: the whole save.")
  private Double stallSeconds;

  @Option(
      names = "--save-seconds",
      paramLabel = "S",
      description = "Time until a save is committed. Default: its bytes at --disk-rate.")
  private Double saveSeconds;

  @Option(
      names = "--disk-rate",
      paramLabel = "B",
      description = "Bytes per second that the disk takes. Default, an assumption: 1GB.")
  private String diskRate;

  @Option(
      names = "--ranks",
      paramLabel = "N",
      defaultValue = "1",
      description = "Ranks that must all be alive. Default: ${DEFAULT-VALUE}.")
  private long ranks;

  @Option(
      names = "--mtbf-hours",
      paramLabel = "H",
      description = "Mean time between failures of one rank.")
  private Double rankMtbfHours;

  @Option(
      names = "--disk-budget",
      paramLabel = "B",
      description = "What all checkpoints together may take, 2TB.")
  private String diskBudget;

  @Option(
      names = "--keep-last",
      paramLabel = "N",
      description = "Checkpoints that are kept. Default: all.")
  private Long keepLast;

  @Option(
      names = "--plot",
      paramLabel = "FILE",
      description = "Draw the cost of every interval into this .svg file.")
  private Path plot;

  @Mixin private OutputOptions speech;

  @Override
  public Integer call() throws IOException {
    if (plot != null) {
      CostPlot.check(plot);
    }
    PlanResult plan = plan();
    if (plan.checkpointBytes().isEmpty() && plan.optimumSeconds().isEmpty()) {
      throw new IllegalArgumentException(
          "nothing to plan: give --hf or --bytes for what a checkpoint takes, and for how often to"
              + " save: "
              + String.join(", ", plan.missing()));
    }
    if (plot != null) {
      CostPlot.write(adviceToDraw(plan), plot);
    }
    if (speech.isJson()) {
      speech.printJson(PlanDocument.of(plan));
    } else {
      PlanTable.of(plan).forEach(speech.out()::println);
    }
    return ExitCode.FINE;
  }

  private static IntervalAdvice adviceToDraw(PlanResult plan) {
    return plan.advice()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "nothing to draw: --plot needs " + String.join(", ", plan.missing())));
  }

  private PlanResult plan() throws IOException {
    Optional<ModelSize> model =
        source.folder == null ? Optional.empty() : Optional.of(ModelSize.of(source.folder, dtype));
    Optional<AdapterSize> adapter = adapter(model);
    OptionalLong bytes = checkpointBytes(model, adapter);
    DiskBudget disk = new DiskBudget(bytes, size("--disk-budget", diskBudget), optional(keepLast));
    PlanSave save = PlanSave.of(bytes, saveSeconds, stallSeconds, rate());
    OptionalDouble mtbf =
        rankMtbfHours == null ? OptionalDouble.empty() : OptionalDouble.of(run(1).mtbfSeconds());
    OptionalDouble optimum = optimumSeconds(save.cost(), mtbf);
    return new PlanResult(
        model,
        dtype,
        adapter,
        bytes,
        save.cost(),
        save.origin(),
        mtbf,
        optimum,
        optimum.isPresent() && stepSeconds != null
            ? Optional.of(advise(save.cost().orElseThrow(), disk))
            : Optional.empty(),
        missing(save));
  }

  private IntervalAdvice advise(SaveCost cost, DiskBudget disk) {
    return IntervalAdvice.of(new CostModel(run(stepSeconds), cost), disk);
  }

  private TrainingRun run(double seconds) {
    return new TrainingRun(seconds, optional(totalSteps), ranks, rankMtbfHours);
  }

  private static OptionalDouble optimumSeconds(Optional<SaveCost> cost, OptionalDouble mtbf) {
    return cost.isPresent() && mtbf.isPresent()
        ? OptionalDouble.of(CostModel.optimumSeconds(cost.get().stallSeconds(), mtbf.getAsDouble()))
        : OptionalDouble.empty();
  }

  private Optional<AdapterSize> adapter(Optional<ModelSize> model) {
    if (loraRank == null && targetModules == null) {
      return Optional.empty();
    }
    if (loraRank == null || model.isEmpty()) {
      throw new IllegalArgumentException(
          "an adapter needs --lora-rank and --hf: its size follows from the base model's shapes");
    }
    String type = model.get().modelType();
    List<String> targets =
        targetModules == null
            ? LoraTargets.defaultsFor(type)
            : LoraTargets.parse(targetModules, type);
    return Optional.of(AdapterSize.of(model.get().weights(), loraRank, targets));
  }

  private OptionalLong checkpointBytes(Optional<ModelSize> model, Optional<AdapterSize> adapter) {
    if (adapter.isPresent()) {
      return OptionalLong.of(
          adapter.get().bytes(dtype.dtype() == null ? DType.F32 : dtype.dtype()));
    }
    return model.isPresent() ? OptionalLong.of(model.get().bytes()) : size("--bytes", source.bytes);
  }

  private PlanSave.Rate rate() {
    return diskRate == null
        ? new PlanSave.Rate(size("--disk-rate", ASSUMED_RATE).orElseThrow(), true)
        : new PlanSave.Rate(size("--disk-rate", diskRate).orElseThrow(), false);
  }

  private static OptionalLong size(String option, String text) {
    if (text == null) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Sharding.parseSize(text));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "not a size: %s=%s, expected for example 50GB, 500MB or plain bytes"
              .formatted(option, text),
          e);
    }
  }

  private static OptionalLong optional(Long value) {
    return value == null ? OptionalLong.empty() : OptionalLong.of(value);
  }

  private List<String> missing(PlanSave save) {
    List<String> missing = new ArrayList<>();
    if (stepSeconds == null) {
      missing.add("--step-seconds");
    }
    if (rankMtbfHours == null) {
      missing.add("--mtbf-hours");
    }
    if (save.cost().isEmpty()) {
      missing.add("--save-seconds");
    }
    return missing;
  }
}
