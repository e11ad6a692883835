package dev.cairn.peft.merge;

import dev.cairn.peft.LoraConfig;
import dev.cairn.peft.names.AdapterKey;
import dev.cairn.peft.names.LoraPart;
import dev.cairn.peft.names.TargetParameters;
import dev.cairn.peft.stored.StoredWeight;
import dev.cairn.peft.stored.StoredWeights;
import dev.cairn.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** The tensors of an adapter file, sorted by what they do to the base model. */
final class AdapterTensors {
  private static final String TOKEN_ADAPTER = ".token_adapter";
  private static final String TOKENS = TOKEN_ADAPTER + "." + AdapterKey.TOKENS;
  private static final String BASE_LAYER = ".base_layer.";
  private static final String COPIES = "." + AdapterKey.MODULES_TO_SAVE + ".";
  private static final Pattern COPY =
      Pattern.compile("\\.modules_to_save\\.(?:[^.]+\\.(?=.*[^.]))?");

  private final Map<String, Layer> layers = new TreeMap<>();
  private final Map<String, List<Layer>> wrappers = new TreeMap<>();
  private final Map<String, StoredWeight> tokens = new TreeMap<>();
  private final Map<String, Replacement> replacements = new TreeMap<>();

  /** What one module has; null is what it has not. */
  static final class Layer {
    private StoredWeight a;
    private StoredWeight b;
    private StoredWeight bias;
    private StoredWeight magnitude;
    private boolean isEmbedding;

    StoredWeight a() {
      return a;
    }

    StoredWeight b() {
      return b;
    }

    StoredWeight bias() {
      return bias;
    }

    StoredWeight magnitude() {
      return magnitude;
    }

    boolean isEmbedding() {
      return isEmbedding;
    }
  }

  /**
   * A tensor that takes the place of the base's.
   *
   * @param tensor in the adapter
   * @param isInPlace whether it is the base layer's, which a tied module shares
   */
  record Replacement(StoredWeight tensor, boolean isInPlace) {}

  /**
   * Sorts the tensors of an adapter.
   *
   * @throws IllegalArgumentException if there are none, or one is empty, lacks its partner or does
   *     not fit the config
   */
  AdapterTensors(StoredWeights adapter, LoraConfig config) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    for (StoredWeight tensor : adapter.tensors()) {
      shapes.put(tensor.name(), tensor.shape());
      add(tensor);
    }
    if (shapes.isEmpty()) {
      throw new IllegalArgumentException("empty adapter: no tensors, file=" + adapter.files());
    }
    config.check(shapes);
    setWrappersApart(new TargetParameters(config.strings("target_parameters")));
  }

  private void setWrappersApart(TargetParameters parameters) {
    Map<String, TreeMap<Integer, Layer>> byDepth = new TreeMap<>();
    layers.forEach(
        (module, layer) -> {
          if (!parameters.of(module).isEmpty()) {
            byDepth
                .computeIfAbsent(TargetParameters.unwrapped(module), key -> new TreeMap<>())
                .put(-TargetParameters.depth(module), layer);
          }
        });
    byDepth.forEach((module, all) -> wrappers.put(module, List.copyOf(all.values())));
    layers.keySet().removeIf(module -> wrappers.containsKey(TargetParameters.unwrapped(module)));
  }

  private void add(StoredWeight tensor) {
    String name = tensor.name();
    LoraPart part = LoraPart.parse(name);
    if (part != null) {
      add(
          layers.computeIfAbsent(LoraPart.inBaseModel(part.module()), key -> new Layer()),
          part,
          tensor);
    } else if (name.contains(TOKENS)) {
      tokens.put(LoraPart.inBaseModel(name.substring(0, name.indexOf(TOKENS))), tensor);
    } else if (!name.contains(".original_module.")) { // what bias=all saves besides: not used
      int base = name.lastIndexOf(BASE_LAYER);
      String target =
          base < 0
              ? name
              : without(TOKEN_ADAPTER, name.substring(0, base))
                  + name.substring(base + BASE_LAYER.length() - 1);
      // a copy may be there twice, under its module's name and under that in the state dict
      String module = COPY.matcher(target).replaceFirst(".");
      replacements.merge(
          LoraPart.inBaseModel(module), new Replacement(tensor, base >= 0), AdapterTensors::either);
    }
  }

  private static Replacement either(Replacement first, Replacement second) {
    boolean isFirstCopy = first.tensor().name().contains(COPIES);
    if (isFirstCopy && second.tensor().name().contains(COPIES)) {
      only(first.tensor(), second.tensor());
    }
    return isFirstCopy ? second : first;
  }

  private static String without(String end, String name) {
    return name.endsWith(end) ? name.substring(0, name.length() - end.length()) : name;
  }

  private static void add(Layer layer, LoraPart part, StoredWeight tensor) {
    layer.isEmbedding |= part.isEmbedding();
    if (part.isBias()) {
      layer.bias = only(layer.bias, tensor);
    } else if (part.part().equals(AdapterKey.MAGNITUDE)) {
      layer.magnitude = only(layer.magnitude, tensor);
    } else if (part.isA()) {
      layer.a = only(layer.a, tensor);
    } else {
      layer.b = only(layer.b, tensor);
    }
  }

  /** A state dict may have several adapters, of which none is the one to merge. */
  private static StoredWeight only(StoredWeight first, StoredWeight tensor) {
    if (first != null) {
      throw new IllegalArgumentException(
          "the adapter's file has one tensor twice, of two adapters or under two names: tensor=%s,"
                  .formatted(first.name())
              + " and tensor="
              + tensor.name());
    }
    return tensor;
  }

  /** Returns the layers by the module's name in the base model. */
  Map<String, Layer> layers() {
    return layers;
  }

  /**
   * Returns the layers around a module of which parameters were trained, the innermost first, by
   * the module's name in the base model.
   */
  Map<String, List<Layer>> wrappers() {
    return wrappers;
  }

  /** Takes back that a module is wrapped: it has the name of one, but the weight of a layer. */
  void unwrap(String module) {
    layers.put(module, wrappers.remove(module).get(0));
  }

  /** Returns the trained tokens' rows by the module's name in the base model. */
  Map<String, StoredWeight> tokens() {
    return tokens;
  }

  /** Returns the other tensors by the name of the tensor they replace. */
  Map<String, Replacement> replacements() {
    return replacements;
  }
}
