package dev.cairn.peft.merge;

import dev.cairn.form.MemoryTensor;
import dev.cairn.form.place.Location;
import dev.cairn.form.place.Places;
import dev.cairn.peft.LoraConfig;
import dev.cairn.peft.names.TargetParameters;
import dev.cairn.peft.stored.StoredWeights;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Finds which parameters an adapter's wrappers are about, and how their matrices lie. Adapter files
 * do not say it: PEFT wraps in the order of the module's parameters, and what it takes for a
 * stacked parameter's inputs has changed (0.18 takes the second dimension, 0.19 the last one, or
 * the second where the model's code says so). The base's shapes tell; where they allow several
 * readings, nothing is merged.
 *
 * @see <a href="https://github.com/huggingface/peft/blob/v0.21.0/src/peft/tuners/lora/layer.py">
 *     peft 0.21, ParamWrapper</a>
 */
final class ParameterTargets {
  /** The order that experts' parameters have in transformers' models, and so their wrappers. */
  private static final List<String> ORDER =
      List.of(
          "gate_proj",
          "up_proj",
          "gate_up_proj",
          "gate_up_proj_bias",
          "down_proj",
          "down_proj_bias");

  private final LoraConfig config;
  private final TargetParameters parameters;
  private final StoredWeights base;
  private final Function<List<MemoryTensor>, Places> finding;
  private final Map<String, Shape> stored = new HashMap<>();

  /** Where each parameter is, by name and shape. */
  private final Map<MemoryTensor, Location> locations = new HashMap<>();

  /**
   * Prepares a search.
   *
   * @param finding says where the base's files have tensors
   */
  ParameterTargets(
      LoraConfig config, StoredWeights base, Function<List<MemoryTensor>, Places> finding) {
    this.config = config;
    this.parameters = new TargetParameters(config.strings("target_parameters"));
    this.base = base;
    this.finding = finding;
    base.tensors().forEach(tensor -> stored.put(tensor.name(), tensor.shape()));
  }

  /**
   * Returns the modules that are layers: a parameter's name alone, such as {@code down_proj}, may
   * stand for one of any module. Then {@link #find} takes the others.
   *
   * @param wrappers around each module, the innermost first
   */
  List<String> layers(Map<String, List<AdapterTensors.Layer>> wrappers) {
    locate(wrappers);
    return wrappers.entrySet().stream()
        .filter(entry -> entry.getValue().size() == 1)
        .filter(
            entry ->
                targets(entry.getKey(), entry.getValue().get(0)).stream()
                    .noneMatch(target -> location(target).isStored()))
        .map(Map.Entry::getKey)
        .toList();
  }

  /**
   * Returns the targets.
   *
   * @param wrappers around each module, the innermost first
   * @throws IllegalArgumentException if one is not in the base, does not fit it, or fits it in
   *     several ways
   */
  List<ParameterTarget.Found> find(Map<String, List<AdapterTensors.Layer>> wrappers) {
    List<ParameterTarget.Found> all = new ArrayList<>();
    wrappers.forEach(
        (module, layers) ->
            only(module, layers)
                .forEach(target -> all.add(new ParameterTarget.Found(target, location(target)))));
    return all;
  }

  /**
   * Looks for every parameter in every shape that it may have. Those that one reading gives all
   * modules are looked for together, as files may have several parameters in one list.
   */
  private void locate(Map<String, List<AdapterTensors.Layer>> wrappers) {
    int most = wrappers.keySet().stream().mapToInt(each -> inOrder(each).size()).max().orElse(0);
    for (ParameterTarget.Kind kind : ParameterTarget.Kind.values()) {
      for (int first = 0; first < most; first++) {
        Map<String, MemoryTensor> wanted = new LinkedHashMap<>();
        for (Map.Entry<String, List<AdapterTensors.Layer>> each : wrappers.entrySet()) {
          addWanted(each.getKey(), each.getValue(), kind, first, wanted);
        }
        Places places = finding.apply(List.copyOf(wanted.values()));
        wanted.forEach(
            (name, tensor) -> {
              Location found = places.get(name);
              locations.merge(tensor, found, (old, other) -> old.isStored() ? old : other);
            });
      }
    }
  }

  /** Adds the parameters of a module, if its innermost wrapper is about this one of them. */
  private void addWanted(
      String module,
      List<AdapterTensors.Layer> layers,
      ParameterTarget.Kind kind,
      int first,
      Map<String, MemoryTensor> wanted) {
    List<String> names = inOrder(module);
    for (int depth = 0; depth < layers.size(); depth++) {
      String name = names.get((first + depth) % names.size());
      targets(module, layers.get(depth)).stream()
          .filter(target -> target.kind() == kind && target.name().equals(name))
          .forEach(target -> wanted.put(name, new MemoryTensor(name, target.shape())));
    }
  }

  private List<String> inOrder(String module) {
    return parameters.of(module).stream()
        .sorted(Comparator.comparingInt(name -> ORDER.indexOf(last(name))))
        .toList();
  }

  /** Returns what a wrapper's matrices may be about, whatever the base has. */
  private List<ParameterTarget> targets(String module, AdapterTensors.Layer layer) {
    List<ParameterTarget> targets = new ArrayList<>();
    long inputs = layer.a().shape().dimension(1);
    long outputs = layer.b().shape().dimension(0);
    for (String name : parameters.of(module)) {
      long rows = layer.a().shape().dimension(0);
      long experts = rows / config.rank(name);
      if (rows % config.rank(name) == 0) {
        for (ParameterTarget.Kind kind : ParameterTarget.Kind.values()) {
          switch (kind) {
            case MATRIX -> {
              if (experts == 1) {
                targets.add(new ParameterTarget(name, layer, Shape.of(outputs, inputs), kind));
              }
            }
            case OUTPUTS_FIRST ->
                targets.add(
                    new ParameterTarget(name, layer, Shape.of(experts, outputs, inputs), kind));
            case INPUTS_FIRST ->
                targets.add(
                    new ParameterTarget(name, layer, Shape.of(experts, inputs, outputs), kind));
          }
        }
      }
    }
    return targets;
  }

  private Location location(ParameterTarget target) {
    return locations.getOrDefault(
        new MemoryTensor(target.name(), target.shape()),
        new Location(target.name(), false, List.of()));
  }

  private boolean isInBase(ParameterTarget target) {
    Location found = location(target);
    return found.isStored()
        && (!found.isWhole() || target.shape().equals(stored.get(found.name())));
  }

  private List<ParameterTarget> only(String module, List<AdapterTensors.Layer> layers) {
    List<List<ParameterTarget>> readings = new ArrayList<>();
    addReadings(module, layers, List.of(), readings);
    boolean isAnyWhole = readings.stream().anyMatch(this::isWhole);
    // a file that has experts' matrices the other way round may be read as it stands, too
    readings.removeIf(reading -> isAnyWhole && !isWhole(reading));
    if (readings.size() == 1) {
      return readings.get(0);
    }
    AdapterTensors.Layer first = layers.get(0);
    if (readings.isEmpty()) {
      throw new IllegalArgumentException(
          "adapter does not fit the base model: module=%s, %s, A=%s, B=%s, none of %s with these"
                  .formatted(
                      module,
                      layers.size() == 1 ? "1 wrapper" : layers.size() + " wrappers",
                      first.a().shape(),
                      first.b().shape(),
                      parameters.of(module))
              + " experts, inputs and outputs in base=%s%s".formatted(base.root(), inBase(module)));
    }
    throw new IllegalArgumentException(
        "cannot tell how experts' matrices lie: module=%s, A=%s, B=%s may be of %s; PEFT's layouts"
                .formatted(module, first.a().shape(), first.b().shape(), told(readings))
            + " have changed, and the shapes do not tell which this is; merge it with the PEFT that"
            + " made it (merge_and_unload)");
  }

  private boolean isWhole(List<ParameterTarget> reading) {
    return reading.stream().allMatch(target -> location(target).isWhole());
  }

  private String inBase(String module) {
    List<String> have =
        parameters.of(module).stream()
            .filter(stored::containsKey)
            .map(name -> name + stored.get(name))
            .toList();
    return have.isEmpty() ? "" : ", which has " + have;
  }

  private static String told(List<List<ParameterTarget>> readings) {
    return readings.stream()
        .map(
            reading ->
                reading.stream()
                    .map(target -> last(target.name()) + target.shape() + " " + target.kind())
                    .toList()
                    .toString())
        .toList()
        .toString();
  }

  /** Adds all ways to read a module's wrappers: the layout of stacked parameters is one for all. */
  private void addReadings(
      String module,
      List<AdapterTensors.Layer> layers,
      List<ParameterTarget> begun,
      List<List<ParameterTarget>> readings) {
    if (begun.size() == layers.size()) {
      readings.add(begun);
      return;
    }
    for (ParameterTarget target : targets(module, layers.get(begun.size()))) {
      if (isInBase(target) && begun.stream().allMatch(before -> agree(before, target))) {
        List<ParameterTarget> longer = new ArrayList<>(begun);
        longer.add(target);
        addReadings(module, layers, longer, readings);
      }
    }
  }

  private static boolean agree(ParameterTarget before, ParameterTarget next) {
    int order = ORDER.indexOf(last(before.name()));
    int nextOrder = ORDER.indexOf(last(next.name()));
    boolean isInOrder = order < 0 || nextOrder < 0 || order < nextOrder;
    boolean isMatrix =
        before.kind() == ParameterTarget.Kind.MATRIX || next.kind() == ParameterTarget.Kind.MATRIX;
    return isInOrder
        && !before.name().equals(next.name())
        && (isMatrix || before.kind() == next.kind());
  }

  private static String last(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }
}
