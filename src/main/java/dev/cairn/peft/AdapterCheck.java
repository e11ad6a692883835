package dev.cairn.peft;

import dev.cairn.peft.names.LoraPart;
import dev.cairn.peft.names.TargetParameters;
import dev.cairn.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Refuses adapters that PEFT would write or load silently wrong. Pure. */
final class AdapterCheck {
  private final LoraConfig config;

  AdapterCheck(LoraConfig config) {
    this.config = config;
  }

  /** What one layer has. */
  private static final class Layer {
    private Shape a;
    private Shape b;
  }

  /**
   * Checks an adapter.
   *
   * @param saved shapes by name in the adapter file
   * @throws IllegalArgumentException that names the first tensor that is empty, lacks its partner
   *     or has the wrong rank
   */
  void check(Map<String, Shape> saved) {
    Map<String, Layer> layers = new TreeMap<>();
    for (Map.Entry<String, Shape> entry : saved.entrySet()) {
      checkNotEmpty(entry.getKey(), entry.getValue());
      LoraPart part = LoraPart.parse(entry.getKey());
      if (part != null && part.isMatrix()) {
        Layer layer = layers.computeIfAbsent(part.module(), key -> new Layer());
        if (part.isA()) {
          layer.a = entry.getValue();
        } else {
          layer.b = entry.getValue();
        }
      }
    }
    layers.forEach(this::check);
    if (layers.isEmpty() && config.isOn("target_modules")) {
      throw new IllegalArgumentException(
          "empty adapter: no lora_A and lora_B, expected those of target_modules="
              + config.fields().get("target_modules"));
    }
  }

  private static void checkNotEmpty(String name, Shape shape) {
    if (shape.elements() == 0) {
      throw new IllegalArgumentException(
          "adapter tensor of no elements: tensor=%s, shape=%s; a ZeRO-3 placeholder? hand over the"
                  .formatted(name, shape)
              + " global shape (ds_shape) and the rank's partition (ds_tensor) instead");
    }
  }

  private void check(String module, Layer layer) {
    if (layer.a == null || layer.b == null) {
      throw new IllegalArgumentException(
          "adapter is incomplete: module=%s has %s, expected both"
              .formatted(module, layer.a == null ? "only lora_B" : "only lora_A"));
    }
    if (config.isOn("use_bdlora")) {
      return;
    }
    boolean fits =
        layer.a.dimensions() >= 2
            && layer.b.dimensions() >= 2
            && layer.a.dimension(0) == layer.b.dimension(1);
    String name = LoraPart.inBaseModel(module);
    List<String> parameters = new TargetParameters(config.strings("target_parameters")).of(name);
    int rank = config.rank(name);
    boolean isLayers = fits && layer.a.dimension(0) == rank;
    if (parameters.isEmpty()) {
      if (!isLayers) {
        throw new IllegalArgumentException(
            "adapter shapes do not fit: module=%s, A=%s, B=%s, expected [%d,…] and […,%d] (r=%d)"
                .formatted(module, layer.a, layer.b, rank, rank, rank));
      }
    } else if (!isLayers
        && (!fits
            || parameters.stream()
                .allMatch(each -> layer.a.dimension(0) % config.rank(each) != 0))) {
      throw new IllegalArgumentException(
          "adapter shapes do not fit: module=%s, A=%s, B=%s, expected r=%d rows and columns for each"
                  .formatted(module, layer.a, layer.b, config.rank(parameters.get(0)))
              + " expert of target_parameters="
              + config.fields().get("target_parameters"));
    }
  }
}
