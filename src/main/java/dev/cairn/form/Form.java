package dev.cairn.form;

import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * From tensors in memory to the published ones. Immutable; any thread.
 *
 * <p>The steps are those of transformers' {@code revert_weight_conversion}: of the conversions the
 * first that a name matches, then all renamings one after the other.
 */
public final class Form {
  private static final Form NONE =
      new Form(List.of(), Map.of(), Map.of(), Set.of(), Set.of(), Set.of(), Map.of());

  private final List<Transform> transforms;
  private final Map<String, Long> configNumbers;
  private final Map<String, String> renamed;
  private final Set<String> kept;
  private final Set<String> ignored;
  private final Set<String> wide;
  private final Map<String, String> tied;

  /**
   * Creates a form.
   *
   * @param transforms in the order in which a save applies them
   * @param configNumbers what operations ask the config for
   * @param renamed names in memory, and what they should have been there
   * @param kept names in memory of what no transform is applied to
   * @param ignored names in memory of what is not published
   * @param wide names in memory of what stays F32
   * @param tied what need not be published if it is the same as another, names in memory
   */
  Form(
      List<Transform> transforms,
      Map<String, Long> configNumbers,
      Map<String, String> renamed,
      Set<String> kept,
      Set<String> ignored,
      Set<String> wide,
      Map<String, String> tied) {
    this.transforms = List.copyOf(transforms);
    this.configNumbers = Map.copyOf(configNumbers);
    this.renamed = Map.copyOf(renamed);
    this.kept = Set.copyOf(kept);
    this.ignored = Set.copyOf(ignored);
    this.wide = Set.copyOf(wide);
    this.tied = Map.copyOf(tied);
  }

  /** {@return the form in which everything is published as it is in memory} */
  public static Form none() {
    return NONE;
  }

  List<Transform> transforms() {
    return transforms;
  }

  Form withTransforms(List<Transform> others) {
    return new Form(others, configNumbers, renamed, kept, ignored, wide, tied);
  }

  /** Returns this form, by which some tensors are published as they are in memory. */
  Form keeping(Set<String> names) {
    return new Form(transforms, configNumbers, renamed, names, ignored, wide, tied);
  }

  /** Returns this form for names that are not as they should be in memory. */
  Form withRenamed(Map<String, String> names) {
    return new Form(transforms, configNumbers, names, kept, ignored, wide, tied);
  }

  /**
   * {@return this form, by which some names are as a caller wants them}
   *
   * @param rules of which the first counts that is about a name
   * @param memory the model's tensors
   */
  public Form withRules(List<NameRule> rules, List<MemoryTensor> memory) {
    if (rules.isEmpty()) {
      return this;
    }
    Map<String, String> names = new HashMap<>(renamed);
    Set<String> untouched = new HashSet<>(kept);
    for (MemoryTensor tensor : memory) {
      rules.stream()
          .flatMap(rule -> rule.apply(tensor.name()).stream())
          .findFirst()
          .ifPresent(
              name -> {
                names.put(tensor.name(), name);
                untouched.add(tensor.name());
              });
    }
    return new Form(transforms, configNumbers, names, untouched, ignored, wide, tied);
  }

  /** Returns this form, by which some tensors may be left out if they are the same as others. */
  Form withTied(Map<String, String> pairs) {
    return new Form(transforms, configNumbers, renamed, kept, ignored, wide, pairs);
  }

  /** Returns this form, by which some tensors stay F32. */
  Form withWide(Set<String> names) {
    return new Form(transforms, configNumbers, renamed, kept, ignored, names, tied);
  }

  /** {@return whether everything is published as it is in memory} */
  public boolean isNone() {
    return transforms.isEmpty() && ignored.isEmpty() && renamed.isEmpty();
  }

  /**
   * {@return names in memory of the tensors that a save leaves in F32 if memory has them in F32}
   */
  public Set<String> wide() {
    return wide;
  }

  /**
   * {@return which tensors need not be published if they are the same as others, by names in
   * memory}
   */
  public Map<String, String> tied() {
    return tied;
  }

  /** {@return this form as bytes, for {@link #decode}} */
  public byte[] encode() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("transforms", transforms.stream().map(TransformJson::encode).toList());
    json.put("numbers", new TreeMap<>(configNumbers));
    json.put("renamed", new TreeMap<>(renamed));
    json.put("kept", kept.stream().sorted().toList());
    json.put("ignored", ignored.stream().sorted().toList());
    json.put("wide", wide.stream().sorted().toList());
    json.put("tied", new TreeMap<>(tied));
    return Json.compact(json);
  }

  /**
   * {@return the form that another rank has encoded}
   *
   * @param bytes of {@link #encode}
   * @throws IllegalArgumentException if they are something else
   */
  public static Form decode(byte[] bytes) {
    try {
      Map<String, Object> json = Json.parseObject(bytes);
      Map<String, Long> numbers = new HashMap<>();
      if (json.get("numbers") instanceof Map<?, ?> map) {
        map.forEach((name, value) -> numbers.put((String) name, ((JsonNumber) value).longValue()));
      }
      return new Form(
          TransformJson.objects(json, "transforms").stream().map(TransformJson::decode).toList(),
          numbers,
          TransformJson.texts(json, "renamed"),
          new HashSet<>(TransformJson.strings(json, "kept")),
          new HashSet<>(TransformJson.strings(json, "ignored")),
          new HashSet<>(TransformJson.strings(json, "wide")),
          TransformJson.texts(json, "tied"));
    } catch (IOException e) {
      throw new IllegalArgumentException("not a form: " + e.getMessage(), e);
    }
  }

  /** What becomes one tensor, or several, together. */
  private static final class Group {
    private final String name;
    private final Transform conversion;
    private final Map<String, List<View>> views = new LinkedHashMap<>();
    private int first;

    Group(String name, Transform conversion, int first) {
      this.name = name;
      this.conversion = conversion;
      this.first = first;
    }
  }

  /**
   * Applies the form.
   *
   * @param memory no name twice
   * @return what is published, in the order of the first tensors in memory that it is made of
   * @throws UnpublishableException if a tensor is not made of runs of others
   * @throws IllegalArgumentException if two tensors get one name
   */
  public List<PublishedTensor> apply(List<MemoryTensor> memory) {
    if (isNone()) {
      return IntStream.range(0, memory.size()).mapToObj(index -> same(memory, index)).toList();
    }
    Map<String, Group> groups = group(memory);
    List<Group> ordered = new ArrayList<>(groups.values());
    ordered.sort(Comparator.comparingInt(group -> group.first));
    Map<String, PublishedTensor> published = new LinkedHashMap<>();
    for (Group group : ordered) {
      published(group, memory)
          .forEach(
              (name, view) -> {
                PublishedTensor tensor = new PublishedTensor(name, view.shape(), view.runs());
                if (published.put(name, tensor) != null) {
                  throw new IllegalArgumentException(
                      "two tensors would have one name in the files: tensor="
                          + name
                          + ", one of them is "
                          + memory.get(group.first).name()
                          + " in memory");
                }
              });
    }
    return List.copyOf(published.values());
  }

  private static PublishedTensor same(List<MemoryTensor> memory, int index) {
    MemoryTensor tensor = memory.get(index);
    View view = View.of(index, tensor.shape());
    return new PublishedTensor(tensor.name(), tensor.shape(), view.runs());
  }

  private Map<String, Group> group(List<MemoryTensor> memory) {
    Renamer renamer = new Renamer(transforms);
    Integer[] order = IntStream.range(0, memory.size()).boxed().toArray(Integer[]::new);
    if (renamer.needsOrder()) {
      String[][] keys = new String[order.length][];
      for (int index = 0; index < keys.length; index++) {
        keys[index] = memory.get(index).name().split("\\.", -1);
      }
      Arrays.sort(order, (a, b) -> NaturalOrder.compare(keys[a], keys[b]));
    }
    Map<String, Group> groups = new HashMap<>();
    for (int index : order) {
      MemoryTensor tensor = memory.get(index);
      if (ignored.contains(tensor.name())) {
        continue;
      }
      String name = renamed.getOrDefault(tensor.name(), tensor.name());
      Renamer.Result result =
          kept.contains(tensor.name())
              ? new Renamer.Result(name, Optional.empty(), name)
              : renamer.rename(name);
      Group group =
          groups.computeIfAbsent(
              result.name(), key -> new Group(key, result.conversion().orElse(null), index));
      group.first = Math.min(group.first, index);
      List<View> views = group.views.computeIfAbsent(result.source(), key -> new ArrayList<>());
      views.add(View.of(index, tensor.shape()));
    }
    return groups;
  }

  private Map<String, View> published(Group group, List<MemoryTensor> memory) {
    if (group.conversion != null) {
      try {
        return new Conversion(group.conversion, this::configNumber).apply(group.views, group.name);
      } catch (UnpublishableException e) {
        throw new UnpublishableException(
            "cannot be saved in the published form: tensor="
                + memory.get(group.first).name()
                + "; "
                + e.getMessage()
                + "; to save it as it is, ask for raw names (--raw-names)");
      }
    }
    List<View> all = new ArrayList<>();
    group.views.values().forEach(all::addAll);
    if (all.size() > 1) {
      throw new IllegalArgumentException(
          "two tensors would have one name in the files: tensor="
              + group.name
              + ", in memory "
              + String.join(", ", group.views.keySet()));
    }
    return Map.of(group.name, all.get(0));
  }

  private long configNumber(String name) {
    Long number = configNumbers.get(name);
    if (number == null) {
      throw new UnpublishableException("the config does not say " + name);
    }
    return number;
  }
}
