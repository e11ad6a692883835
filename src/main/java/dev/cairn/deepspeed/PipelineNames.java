package dev.cairn.deepspeed;

import dev.cairn.form.check.FormCheck;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a base model calls the weights of a pipeline, whose files number the layers: found where
 * names inside a layer, shapes and the layers' order leave one way only.
 *
 * <p>Layers with the same tensors are the modules of the base that have the same. There have to be
 * as many of the one as of the other, and their order has to be known: the numbers of one list, or
 * that of two modules the one after the decoder is the model's head. Every tensor of the base has
 * to be taken in the end.
 */
final class PipelineNames {
  private static final Pattern NUMBERED = Pattern.compile("(\\d{1,6}|tied_modules\\.[^.]+)\\.(.+)");
  private static final int TIED = -1;

  private final Map<String, Shape> base;
  private final Map<String, String> names = new LinkedHashMap<>();

  /** Per list of the base, which layer of the pipeline each of its numbers is. */
  private final Map<String, TreeMap<Integer, Integer>> lists = new HashMap<>();

  private PipelineNames(Map<String, Shape> base) {
    this.base = new TreeMap<>(base);
  }

  /** A layer: what its names begin with, its number or {@link #TIED}, and its tensors. */
  private record Layer(String prefix, int number, Map<String, Shape> tensors) {}

  /** A module of the base, what its names begin with; in a list, what is around its number. */
  private record Module(String prefix, String list, int number) {}

  /** Returns whether the names are a pipeline's, which begin with the layers' numbers. */
  static boolean areNumbered(List<CheckpointParameter> parameters) {
    return parameters.stream().allMatch(one -> NUMBERED.matcher(one.name()).matches());
  }

  /**
   * Returns the base's name for each of a pipeline's; empty if there is none or more than one way.
   *
   * @param parameters with numbered names
   * @param base the base model's tensors
   */
  static Optional<Map<String, String>> find(
      List<CheckpointParameter> parameters, Map<String, Shape> base) {
    Map<Map<String, Shape>, List<Layer>> alike = new LinkedHashMap<>();
    for (Layer layer : layers(parameters)) {
      alike.computeIfAbsent(layer.tensors(), key -> new ArrayList<>()).add(layer);
    }
    List<Map<String, Shape>> largestFirst = new ArrayList<>(alike.keySet());
    largestFirst.sort(Comparator.comparingInt((Map<String, Shape> tensors) -> -tensors.size()));
    PipelineNames found = new PipelineNames(base);
    for (Map<String, Shape> tensors : largestFirst) {
      if (!found.name(tensors, alike.get(tensors))) {
        return Optional.empty();
      }
    }
    return found.base.isEmpty() && found.isInOrder() ? Optional.of(found.names) : Optional.empty();
  }

  private static List<Layer> layers(List<CheckpointParameter> parameters) {
    Map<String, Layer> layers = new LinkedHashMap<>();
    for (CheckpointParameter parameter : parameters) {
      Matcher matcher = NUMBERED.matcher(parameter.name());
      if (matcher.matches() && parameter.tiedTo().isEmpty()) {
        String prefix = matcher.group(1);
        boolean isTied = !Character.isDigit(prefix.charAt(0));
        int number = isTied ? TIED : Integer.parseInt(prefix);
        layers
            .computeIfAbsent(prefix, key -> new Layer(prefix + ".", number, new TreeMap<>()))
            .tensors()
            .put(matcher.group(2), parameter.shape());
      }
    }
    return new ArrayList<>(layers.values());
  }

  /** Names layers that have the same tensors; returns whether that can be done in one way. */
  private boolean name(Map<String, Shape> tensors, List<Layer> layers) {
    List<Module> modules = modules(tensors);
    boolean isOrdered = layers.size() == 1 || layers.stream().noneMatch(l -> l.number() == TIED);
    if (modules.size() != layers.size() || !isOrdered || !sort(modules, tensors)) {
      return false;
    }
    layers.sort(Comparator.comparingInt(Layer::number));
    for (int i = 0; i < modules.size(); i++) {
      Module module = modules.get(i);
      for (String key : tensors.keySet()) {
        names.put(layers.get(i).prefix() + key, module.prefix() + key);
        base.remove(module.prefix() + key);
      }
      if (module.list() != null) {
        lists
            .computeIfAbsent(module.list(), key -> new TreeMap<>())
            .put(module.number(), layers.get(i).number());
      }
    }
    return true;
  }

  /** Returns the modules of the base, among those not taken yet, that have all these tensors. */
  private List<Module> modules(Map<String, Shape> tensors) {
    String first = tensors.keySet().iterator().next();
    List<Module> modules = new ArrayList<>();
    for (String name : base.keySet()) {
      String prefix =
          name.endsWith(first) ? name.substring(0, name.length() - first.length()) : "none";
      boolean isModule = prefix.isEmpty() || prefix.endsWith(".");
      if (isModule
          && tensors.entrySet().stream()
              .allMatch(entry -> entry.getValue().equals(base.get(prefix + entry.getKey())))) {
        modules.add(module(prefix));
      }
    }
    return modules;
  }

  private static Module module(String prefix) {
    String[] words = prefix.split("\\.");
    OptionalInt number = OptionalInt.empty();
    for (int i = 0; i < words.length; i++) {
      if (words[i].matches("\\d{1,6}")) {
        if (number.isPresent()) {
          return new Module(prefix, null, 0); // a list in a list
        }
        number = OptionalInt.of(Integer.parseInt(words[i]));
        words[i] = "#";
      }
    }
    return number.isEmpty()
        ? new Module(prefix, null, 0)
        : new Module(prefix, String.join(".", words), number.getAsInt());
  }

  /** Puts modules into the order in which a model runs them; returns whether that is known. */
  private static boolean sort(List<Module> modules, Map<String, Shape> tensors) {
    if (modules.size() == 1) {
      return true;
    }
    String list = modules.get(0).list();
    if (list != null && modules.stream().allMatch(module -> list.equals(module.list()))) {
      modules.sort(Comparator.comparingInt(Module::number));
      return true;
    }
    String key = tensors.keySet().iterator().next();
    modules.sort(Comparator.comparing(module -> FormCheck.isHead(module.prefix() + key)));
    return modules.size() == 2
        && !FormCheck.isHead(modules.get(0).prefix() + key)
        && FormCheck.isHead(modules.get(1).prefix() + key);
  }

  /** Returns whether a list's modules follow each other in the pipeline, too. */
  private boolean isInOrder() {
    for (TreeMap<Integer, Integer> list : lists.values()) {
      List<Integer> layers = new ArrayList<>(list.values());
      if (!layers.equals(List.copyOf(new TreeSet<>(layers)))) {
        return false;
      }
    }
    return true;
  }
}
