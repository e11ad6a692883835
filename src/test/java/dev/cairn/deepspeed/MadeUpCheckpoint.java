package dev.cairn.deepspeed;

import dev.cairn.content.PartitionedContent;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.PickleWriter;
import dev.cairn.torchfile.PickleWriter.Call;
import dev.cairn.torchfile.PickleWriter.TensorData;
import dev.cairn.torchfile.PtFileWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A made-up checkpoint in DeepSpeed's layout, streamed to disk, of any size.
 *
 * <p>Element e of a parameter has a value that follows from the parameter's name and e alone, see
 * {@link MadeUpValues}; padding is NaN. Run {@link #main} to make a Llama-shaped one for
 * measurements.
 */
public final class MadeUpCheckpoint {
  static final String TAG = "global_step7";
  static final String VERSION = "0.19.6";

  final int stage;
  final int worldSize;
  final List<Map<String, Shape>> groups = new ArrayList<>();
  final Map<String, Shape> frozen = new LinkedHashMap<>();
  final Map<String, Shape> buffers = new LinkedHashMap<>();
  final Map<String, String> shared = new LinkedHashMap<>();
  DType held = DType.BF16;

  /** Where ZeRO-3's flat content is cut into flat groups, in elements; the rest is the last. */
  List<Long> cuts = List.of();

  /** Whether ZeRO-1/2 is written as BF16_Optimizer does: no stage, padding kept. */
  boolean bf16Optimizer;

  /** Steps that the optimizer has made. */
  int step = 7;

  /** Whether Adam's moments stand before the masters, as holes of a sparse file. */
  boolean moments;

  /** Whether the module's BF16 weights are what the masters round to. */
  boolean agrees;

  /** Whether storages are holes too: for sizes that only the offsets are tested of. */
  boolean sparse;

  /** Added to the top level of the model states, as DeepSpeed does with client_state. */
  Map<String, Object> clientState = Map.of();

  public MadeUpCheckpoint(int stage, int worldSize) {
    this.stage = stage;
    this.worldSize = worldSize;
  }

  public MadeUpCheckpoint group(Map<String, Shape> shapes) {
    groups.add(shapes);
    return this;
  }

  /** Writes everything into {@code folder}, which is made. */
  public Path write(Path folder) throws IOException {
    Path tag = Files.createDirectories(folder.resolve(TAG));
    Files.writeString(folder.resolve("latest"), TAG);
    for (int rank = 0; rank < worldSize; rank++) {
      writeOptimizerStates(tag, rank);
      if (stage == 3 || rank == 0) {
        writeModelStates(tag, rank);
      }
    }
    return folder;
  }

  private void writeOptimizerStates(Path tag, int rank) throws IOException {
    String prefix = held == DType.BF16 ? "bf16_" : "";
    Path file = tag.resolve(prefix + "zero_pp_rank_" + rank + "_mp_rank_00_optim_states.pt");
    List<MadeUpFlat> flats = flats(rank);
    List<Object> masters = new ArrayList<>();
    Map<String, Object> moment = new LinkedHashMap<>();
    moment.put("step", step);
    for (int i = 0; i < flats.size(); i++) {
      masters.add(tensor("g" + i, DType.F32, flats.get(i).elements()));
      if (moments) {
        moment.put("exp_avg" + i, tensor("m" + i, DType.F32, flats.get(i).elements()));
      }
    }
    Map<String, Object> states = new LinkedHashMap<>();
    if (!bf16Optimizer) {
      states.put(
          "zero_stage", new Call("deepspeed.runtime.zero.config", "ZeroStageEnum", List.of(stage)));
    }
    states.put(
        stage == 3 ? "optimizer_state_dict" : "base_optimizer_state",
        Map.of("state", Map.of(0, moment)));
    states.put("partition_count", stage == 3 ? worldSize : partitionCounts());
    states.put(stage == 3 ? "fp32_flat_groups" : "single_partition_of_fp32_groups", masters);
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("optimizer_state_dict", states);
    root.put("ds_version", VERSION);
    try (PtFileWriter writer = new PtFileWriter(file, PickleWriter.pickle(root))) {
      for (int i = 0; i < flats.size(); i++) {
        long lengthBytes = 4 * flats.get(i).elements();
        if (moments) {
          writer.storage("m" + i, lengthBytes, null);
        }
        writer.storage("g" + i, lengthBytes, sparse ? null : flats.get(i)::fill);
      }
    }
  }

  private List<Object> partitionCounts() {
    List<Object> counts = new ArrayList<>();
    groups.forEach(group -> counts.add(worldSize));
    return counts;
  }

  private List<MadeUpFlat> flats(int rank) {
    List<MadeUpFlat> flats = new ArrayList<>();
    if (stage == 3) {
      MadeUpFlat whole = MadeUpFlat.zero3(groups, rank, worldSize);
      long begin = 0;
      for (long cut : cuts) {
        flats.add(whole.part(begin, cut));
        begin = cut;
      }
      flats.add(whole.part(begin, whole.elements()));
    } else {
      for (Map<String, Shape> group : groups) {
        flats.add(MadeUpFlat.zero12(group, rank, worldSize, !bf16Optimizer));
      }
    }
    return flats;
  }

  private void writeModelStates(Path tag, int rank) throws IOException {
    Path file =
        tag.resolve(
            (stage == 3 ? "zero_pp_rank_" + rank + "_" : "") + "mp_rank_00_model_states.pt");
    Map<String, long[]> storages = new LinkedHashMap<>();
    Map<String, Object> module = new LinkedHashMap<>();
    for (Map<String, Shape> group : groups) {
      group.forEach((name, shape) -> module.put(name, held(name, shape, storages)));
    }
    Map<String, Object> fragments = new LinkedHashMap<>();
    frozen.forEach(
        (name, shape) -> {
          module.put(name, held(name, shape, storages));
          fragments.put(name, fragment(name, shape, rank, storages));
        });
    shared.forEach((alias, name) -> module.put(alias, module.get(name)));
    buffers.forEach((name, shape) -> module.put(name, stored(name, DType.F32, shape, storages)));
    Map<String, Object> root = new LinkedHashMap<>();
    root.put("module", module);
    root.put("buffer_names", new ArrayList<>(buffers.keySet()));
    root.put("param_shapes", groups);
    // ZeRO-1 says nothing of frozen parameters: they are in the module alone.
    root.put("frozen_param_shapes", stage == 1 ? null : frozen);
    root.put("shared_params", rank == 0 ? shared : Map.of());
    root.put("frozen_param_fragments", stage == 1 ? null : fragments);
    root.put("global_steps", step);
    root.put("dp_world_size", worldSize);
    root.put("mp_world_size", 1);
    root.put("ds_version", VERSION);
    root.putAll(clientState);
    try (PtFileWriter writer = new PtFileWriter(file, PickleWriter.pickle(root))) {
      for (Map.Entry<String, long[]> entry : storages.entrySet()) {
        String name = entry.getKey().substring(entry.getKey().indexOf(':') + 1);
        long[] storage = entry.getValue();
        DType dtype = buffers.containsKey(name) ? DType.F32 : held;
        writer.storage(
            entry.getKey(),
            dtype.bytes(storage[1]),
            sparse ? null : new MadeUpValues(name, dtype, storage[0], storage[2], agrees)::fill);
      }
    }
  }

  private TensorData held(String name, Shape shape, Map<String, long[]> storages) {
    if (stage == 3) {
      storages.put("p:" + name, new long[] {0, 0, 0});
      return new TensorData("p:" + name, 0, held, 0, Shape.of(0));
    }
    return stored(name, held, shape, storages);
  }

  private static TensorData stored(
      String name, DType dtype, Shape shape, Map<String, long[]> storages) {
    storages.put("s:" + name, new long[] {0, shape.elements(), shape.elements()});
    return new TensorData("s:" + name, shape.elements(), dtype, 0, shape);
  }

  private TensorData fragment(String name, Shape shape, int rank, Map<String, long[]> storages) {
    if (stage != 3) {
      return stored(name, held, shape, storages);
    }
    long partition = PartitionedContent.partitionElements(shape.elements(), worldSize);
    storages.put("f:" + name, new long[] {rank * partition, partition, shape.elements()});
    return tensor("f:" + name, held, partition);
  }

  private static TensorData tensor(String storage, DType dtype, long elements) {
    return new TensorData(storage, elements, dtype, 0, Shape.of(elements));
  }

  /** Returns the parameters of a Llama of about {@code elements} elements, one group. */
  static Map<String, Shape> llama(long elements) {
    long hidden = 128;
    while (12 * hidden * hidden * 24 + 2 * 32_000 * hidden < elements) {
      hidden += 128;
    }
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("model.embed_tokens.weight", Shape.of(32_000, hidden));
    for (int layer = 0; layer < 24; layer++) {
      String prefix = "model.layers." + layer + ".";
      for (String name : List.of("q", "k", "v", "o")) {
        shapes.put(prefix + "self_attn." + name + "_proj.weight", Shape.of(hidden, hidden));
      }
      long wide = 8 * hidden / 3;
      shapes.put(prefix + "mlp.gate_proj.weight", Shape.of(wide, hidden));
      shapes.put(prefix + "mlp.up_proj.weight", Shape.of(wide, hidden));
      shapes.put(prefix + "mlp.down_proj.weight", Shape.of(hidden, wide));
      shapes.put(prefix + "input_layernorm.weight", Shape.of(hidden));
      shapes.put(prefix + "post_attention_layernorm.weight", Shape.of(hidden));
    }
    shapes.put("model.norm.weight", Shape.of(hidden));
    shapes.put("lm_head.weight", Shape.of(32_000, hidden));
    return shapes;
  }

  /**
   * Writes a ZeRO-3 checkpoint for measurements: {@code MadeUpCheckpoint FOLDER ELEMENTS
   * WORLD_SIZE}.
   */
  public static void main(String[] arguments) throws IOException {
    int stage = arguments.length > 3 ? Integer.parseInt(arguments[3]) : 3;
    MadeUpCheckpoint checkpoint = new MadeUpCheckpoint(stage, Integer.parseInt(arguments[2]));
    checkpoint.group(llama((long) Double.parseDouble(arguments[1])));
    checkpoint.moments = true;
    checkpoint.agrees = true;
    checkpoint.write(Path.of(arguments[0]));
  }
}
