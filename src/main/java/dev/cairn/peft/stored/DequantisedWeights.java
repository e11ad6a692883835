package dev.cairn.peft.stored;

import dev.cairn.device.HostMemory;
import dev.cairn.json.JsonNumber;
import dev.cairn.kernels.Kernels;
import dev.cairn.machine.CloseAll;
import dev.cairn.tensor.DType;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The tensors of a base model whose 8-bit floats are read as plain floats: each times its scale, in
 * F32, rounded once, as transformers dequantises them. Range by range; any thread.
 */
public final class DequantisedWeights implements Closeable {
  private static final int STEP_ELEMENTS = 1 << 16;
  private static final long MAX_IDLE_BYTES = 16 << 20;
  private static final String WEIGHT = ".weight";

  /** What stands beside a weight for computing with 8-bit floats; plain ones do not want it. */
  private static final Set<String> FOR_COMPUTING =
      Set.of("activation_scale", "input_scale", "output_scale", "k_scale", "q_scale", "v_scale");

  private final StoredWeights base;
  private final DType dtype;
  private final Kernels kernels = Kernels.best();
  private final MergeMemory pool = new MergeMemory();
  private final Map<String, Quantised> quantised = new LinkedHashMap<>();
  private final Turns<Quantised, Scales> scales =
      new Turns<>(MAX_IDLE_BYTES, weight -> new Scales(values(weight.scale())));

  /** A weight and its scales. */
  private record Quantised(StoredWeight weight, StoredWeight scale, ScaleGrid grid) {}

  /** The scales of one weight in memory. */
  private static final class Scales implements Turns.Sized {
    private final float[] values;

    Scales(float[] values) {
      this.values = values;
    }

    @Override
    public long lengthBytes() {
      return DType.F32.bytes(values.length);
    }

    @Override
    public void close() {}
  }

  /**
   * Returns a base with plain weights and without their scales.
   *
   * @param base open; closed with the result
   * @param config its config.json; empty if there is none
   * @throws IllegalArgumentException if a weight of 8-bit floats has no scales, or they do not fit
   */
  public static StoredWeights of(StoredWeights base, Map<String, ?> config) {
    return new DequantisedWeights(base, config).weights();
  }

  private DequantisedWeights(StoredWeights base, Map<String, ?> config) {
    this.base = base;
    this.dtype = dtype(config);
    Map<String, StoredWeight> byName = new LinkedHashMap<>();
    base.tensors().forEach(tensor -> byName.put(tensor.name(), tensor));
    long[] blocks = blocks(config);
    for (StoredWeight tensor : base.tensors()) {
      if (EightBitFloats.are(tensor.dtype())) {
        StoredWeight scale =
            scaleNames(tensor.name()).stream()
                .filter(byName::containsKey)
                .findFirst()
                .map(byName::get)
                .orElseThrow(
                    () ->
                        new IllegalArgumentException(
                            "8-bit floats without scales: tensor=%s %s, expected %s, base=%s"
                                .formatted(
                                    tensor.name(),
                                    tensor.dtype(),
                                    scaleNames(tensor.name()).get(0),
                                    base.root())));
        quantised.put(
            tensor.name(), new Quantised(tensor, scale, ScaleGrid.of(tensor, scale, blocks)));
      }
    }
  }

  /** Returns the names that a weight's scales may have. */
  private static List<String> scaleNames(String weight) {
    if (weight.endsWith(WEIGHT)) {
      String module = weight.substring(0, weight.length() - WEIGHT.length());
      return List.of(module + ".weight_scale_inv", module + ".weight_scale", module + ".scale");
    }
    return List.of(weight + "_scale_inv", weight + "_scale");
  }

  /** Returns what a loader makes of the weights: the config's dtype, or BF16. */
  private static DType dtype(Map<String, ?> config) {
    for (Object from : new Object[] {config, config.get("text_config")}) {
      if (from instanceof Map<?, ?> fields) {
        Object name = fields.containsKey("dtype") ? fields.get("dtype") : fields.get("torch_dtype");
        Optional<DType> found =
            switch (String.valueOf(name)) {
              case "float32" -> Optional.of(DType.F32);
              case "float16" -> Optional.of(DType.F16);
              case "bfloat16" -> Optional.of(DType.BF16);
              default -> Optional.empty();
            };
        if (found.isPresent()) {
          return found.get();
        }
      }
    }
    return DType.BF16;
  }

  private static long[] blocks(Map<String, ?> config) {
    if (config.get("quantization_config") instanceof Map<?, ?> how
        && how.get("weight_block_size") instanceof List<?> sizes
        && sizes.stream().allMatch(JsonNumber.class::isInstance)) {
      return sizes.stream().mapToLong(size -> ((JsonNumber) size).longValue()).toArray();
    }
    return new long[0];
  }

  private StoredWeights weights() {
    Set<String> used = new HashSet<>();
    quantised.values().forEach(weight -> used.add(weight.scale().name()));
    List<StoredWeight> plain = new ArrayList<>();
    for (StoredWeight tensor : base.tensors()) {
      String last = tensor.name().substring(tensor.name().lastIndexOf('.') + 1);
      if (quantised.containsKey(tensor.name())) {
        plain.add(new StoredWeight(tensor.name(), dtype, tensor.shape()));
      } else if (!used.contains(tensor.name()) && !FOR_COMPUTING.contains(last)) {
        plain.add(tensor);
      }
    }
    return new StoredWeights(base.root(), base.files(), plain, this::read, this);
  }

  private void read(String name, long byteOffset, ByteBuffer target) throws IOException {
    Quantised weight = quantised.get(name);
    if (weight == null) {
      base.read(name, byteOffset, target);
      return;
    }
    long first = byteOffset * 8 / dtype.bits();
    HostMemory memory = pool.take(9L * STEP_ELEMENTS); // as stored, as F32, as wanted
    try (var lease = scales.take(weight)) {
      while (target.hasRemaining()) {
        int elements = Math.min(STEP_ELEMENTS, target.remaining() / (dtype.bits() / 8));
        ByteBuffer stored = memory.view(0, elements);
        base.read(name, first, stored);
        ByteBuffer floats = memory.view(STEP_ELEMENTS, 4 * elements);
        multiply(weight, lease.value().values, first, stored.flip(), floats.asFloatBuffer());
        ByteBuffer wanted = memory.view(5L * STEP_ELEMENTS, (int) dtype.bytes(elements));
        kernels.cast(DType.F32, floats, dtype, wanted, elements);
        target.put(wanted);
        first += elements;
      }
    } finally {
      pool.giveBack(memory);
    }
  }

  private static void multiply(
      Quantised weight, float[] scales, long first, ByteBuffer stored, FloatBuffer floats) {
    float[] values = EightBitFloats.of(weight.weight().dtype());
    int elements = stored.remaining();
    for (int begin = 0; begin < elements; ) {
      float scale = scales[weight.grid().scale(first + begin)];
      int end = (int) Math.min(elements, begin + weight.grid().run(first + begin));
      for (int i = begin; i < end; i++) {
        floats.put(i, values[stored.get(i) & 0xFF] * scale);
      }
      begin = end;
    }
  }

  private float[] values(StoredWeight scale) throws IOException {
    int elements = Math.toIntExact(scale.shape().elements());
    if (scale.dtype().isCastable()) {
      try (FloatTensor read =
          FloatTensor.read(new WeightSource(base, scale), 0, elements, kernels, pool)) {
        return read.toArray();
      }
    }
    float[] table = EightBitFloats.of(scale.dtype());
    ByteBuffer bytes = ByteBuffer.allocate(elements);
    base.read(scale.name(), 0, bytes);
    float[] values = new float[elements];
    for (int i = 0; i < elements; i++) {
      values[i] = table[bytes.get(i) & 0xFF];
    }
    return values;
  }

  @Override
  public void close() throws IOException {
    CloseAll.of(base, pool, scales).closeIo();
  }
}
