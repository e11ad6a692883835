package dev.cairn.gpu;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Check;
import dev.cairn.device.Emulation;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.peft.AdapterCheckpointer;
import dev.cairn.peft.LoraConfig;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Adapters saved from the memory of GPUs and read back into it, on ranks that are threads. */
final class DeviceAdapterProgram {
  private static final String Q = "base_model.model.model.layers.0.self_attn.q_proj.";
  private static final String V = "base_model.model.model.layers.0.self_attn.v_proj.";
  private static final LoraConfig CONFIG =
      LoraConfig.builder().rank(8).targetModules(List.of("q_proj", "v_proj")).build();
  private static final List<String> FILES =
      List.of("adapter_model.safetensors", "adapter_config.json");
  private static final int LARGEST_GROUP = 4;
  private static final int RESTORING_RANKS = 3;
  private static final int ROUNDS_OF_A_MISTAKE = 12;

  private final Path folder;
  private int saves;

  private DeviceAdapterProgram(Path folder) {
    this.folder = folder;
  }

  /** The argument is a folder of its own. */
  public static void main(String[] arguments) throws Exception {
    Emulation.load();
    DeviceAdapterProgram program = new DeviceAdapterProgram(Path.of(arguments[0]));
    for (int worldSize = 1; worldSize <= LARGEST_GROUP; worldSize++) {
      Check.equal(Optional.empty(), program.wrongFile(worldSize), "wrong file of " + worldSize);
    }
    program.missingWaitShows();
    program.stepIsReadBackIntoGpus();
    Check.nothingIsLeft("at the end");
    System.out.println("done");
  }

  private static ReferenceModel model() {
    return new ReferenceModel(21)
        .add(Q + "base_layer.weight", DType.BF16, Layout.zero3(), 301, 67)
        .add(Q + "lora_A.default.weight", DType.F32, Layout.zero3(), 8, 67)
        .add(Q + "lora_B.default.weight", DType.F32, Layout.zero3(), 301, 8)
        .add(V + "lora_A.default.weight", DType.BF16, Layout.zero3(), 8, 1031)
        .add(V + "lora_B.default.weight", DType.F16, Layout.replicated(), 37, 8);
  }

  private static SaveOptions options() {
    return DeviceSaves.options(SaveMode.PARALLEL, Optional.empty()).build();
  }

  private static OnDevice onGpu(Communicator ranks, ParameterSet host) {
    return new OnDevice(DeviceSaves.gpu(ranks), host);
  }

  /** Saves from host memory and from GPUs; returns a file that is not the same. */
  private Optional<String> wrongFile(int worldSize) throws Exception {
    Path fromHost = folder.resolve("host-" + saves);
    Path fromGpu = folder.resolve("gpu-" + saves++);
    Group.values(
        worldSize,
        ranks -> {
          ParameterSet host = model().on(ranks.rank(), ranks.size());
          try (Checkpointer checkpointer = Checkpointer.open(ranks, options());
              OnDevice trainer = onGpu(ranks, host)) {
            AdapterCheckpointer adapter = new AdapterCheckpointer(checkpointer, CONFIG);
            SaveReport report = adapter.save(fromGpu, trainer.parameters());
            Check.equal(SaveMode.PARALLEL, report.mode(), "mode");
            Emulation.skipStreamWaits(0, 0);
            return adapter.save(fromHost, host);
          }
        });
    for (String file : FILES) {
      if (Files.mismatch(fromHost.resolve(file), fromGpu.resolve(file)) >= 0) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  /** The comparison bites: without the wait for the trainer's stream, bytes are wrong. */
  private void missingWaitShows() throws Exception {
    boolean wrong = false;
    for (int round = 0; round < ROUNDS_OF_A_MISTAKE && !wrong; round++) {
      Emulation.skipStreamWaits(0, 1_000_000);
      wrong = wrongFile(1).isPresent();
    }
    Check.equal(true, wrong, "noticed that the trainer's stream was not waited for");
  }

  private void stepIsReadBackIntoGpus() throws Exception {
    RunOptions run = RunOptions.in(folder.resolve("run"));
    Group.values(2, ranks -> saveStep(ranks, run));
    Group.values(RESTORING_RANKS, ranks -> restore(ranks, run));
  }

  private static SaveReport saveStep(Communicator ranks, RunOptions run) throws IOException {
    try (Checkpointer checkpointer = Checkpointer.open(ranks, options(), run);
        OnDevice trainer = onGpu(ranks, model().on(ranks.rank(), ranks.size()))) {
      return new AdapterCheckpointer(checkpointer, CONFIG)
          .save(5, trainer.parameters(), TrainerState.builder().value("seen", 50).build());
    }
  }

  private static boolean restore(Communicator ranks, RunOptions run) throws IOException {
    ParameterSet host = model().poisonedOn(ranks.rank(), ranks.size());
    ParameterSet poison = model().poisonedOn(ranks.rank(), ranks.size());
    TrainerState nothing = TrainerState.builder().build();
    try (Checkpointer checkpointer = Checkpointer.open(ranks, options(), run);
        OnDevice trainer = onGpu(ranks, poison)) {
      AdapterCheckpointer adapter = new AdapterCheckpointer(checkpointer, CONFIG);
      Checkpoint latest = adapter.latest().orElseThrow();
      Check.equal(5L, latest.step(), "step");
      adapter.restore(latest, host, nothing);
      adapter.restore(latest, trainer.parameters(), nothing);
      ParameterSet restored = trainer.download();
      Check.equal(Optional.empty(), DeviceRestores.firstDifference(host, restored), "different");
      holdsTheModel(restored, ranks);
    }
    return true;
  }

  /** The adapter's elements are the saved ones, the base's still poison. */
  private static void holdsTheModel(ParameterSet restored, Communicator ranks) {
    ParameterSet expected = model().on(ranks.rank(), ranks.size());
    ParameterSet poison = model().poisonedOn(ranks.rank(), ranks.size());
    for (int index = 0; index < expected.parameters().size(); index++) {
      Parameter given = expected.parameters().get(index);
      int validBytes = (int) given.validBytes(ranks.rank(), ranks.size());
      ParameterSet right = given.name().contains("lora_") ? expected : poison;
      Check.equal(
          right.parameters().get(index).partition().view(0, validBytes),
          restored.parameters().get(index).partition().view(0, validBytes),
          given.name());
    }
  }
}
