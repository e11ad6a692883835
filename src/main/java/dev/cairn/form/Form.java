package dev.cairn.form;

import dev.cairn.json.Json;
import dev.cairn.json.JsonFields;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

  /**
   * {@return this form, by which some more tensors stay F32}
   *
   * @param names in memory
   */
  public Form keepingF32(Set<String> names) {
    Set<String> all = new HashSet<>(wide);
    all.addAll(names);
    return withWide(all);
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
    return Json.compact(
        Map.of(
            "transforms", transforms.stream().map(TransformJson::encode).toList(),
            "numbers", configNumbers,
            "renamed", renamed,
            "kept", List.copyOf(kept),
            "ignored", List.copyOf(ignored),
            "wide", List.copyOf(wide),
            "tied", tied));
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
      return new Form(
          JsonFields.objects(json, "transforms").stream().map(TransformJson::decode).toList(),
          JsonFields.numbers(json, "numbers"),
          JsonFields.texts(json, "renamed"),
          JsonFields.names(json, "kept"),
          JsonFields.names(json, "ignored"),
          JsonFields.names(json, "wide"),
          JsonFields.texts(json, "tied"));
    } catch (IOException e) {
      throw new IllegalArgumentException("not a form: " + e.getMessage(), e);
    }
  }

  /**
   * Applies the form.
   *
   * @param memory no name twice
   * @return what is published, in the order of the first tensors in memory that it is made of; a
   *     name may be there twice, if two names in memory become one
   * @throws UnpublishableException if a tensor is not made of runs of others
   */
  public List<PublishedTensor> apply(List<MemoryTensor> memory) {
    if (isNone()) {
      return IntStream.range(0, memory.size())
          .mapToObj(index -> whole(memory.get(index).name(), memory, index))
          .toList();
    }
    Renamer renamer = new Renamer(transforms);
    if (renamer.hasGroups()) {
      memory.forEach(tensor -> renamer.activate(asInMemory(tensor)));
    }
    List<PublishedTensor> whole = new ArrayList<>(Collections.nCopies(memory.size(), null));
    ConversionGroups groups = new ConversionGroups(memory, configNumbers);
    for (int index = 0; index < memory.size(); index++) {
      MemoryTensor tensor = memory.get(index);
      if (ignored.contains(tensor.name())) {
        continue;
      }
      if (kept.contains(tensor.name())) {
        whole.set(index, whole(asInMemory(tensor), memory, index));
        continue;
      }
      Renamer.Match match = renamer.rename(asInMemory(tensor));
      if (match.conversion().isEmpty()) {
        whole.set(index, whole(renamer.renamed(), memory, index));
      } else {
        groups.add(index, renamer.renamed(), match);
      }
    }
    return merged(whole, groups.convert());
  }

  private String asInMemory(MemoryTensor tensor) {
    return renamed.isEmpty() ? tensor.name() : renamed.getOrDefault(tensor.name(), tensor.name());
  }

  private static PublishedTensor whole(String name, List<MemoryTensor> memory, int index) {
    return new PublishedTensor(name, memory.get(index).shape(), index, 0);
  }

  private static List<PublishedTensor> merged(
      List<PublishedTensor> whole, Map<Integer, List<PublishedTensor>> converted) {
    if (converted.isEmpty() && !whole.contains(null)) {
      return whole;
    }
    List<PublishedTensor> all = new ArrayList<>(whole.size());
    for (int index = 0; index < whole.size(); index++) {
      if (whole.get(index) != null) {
        all.add(whole.get(index));
      }
      if (!converted.isEmpty()) {
        all.addAll(converted.getOrDefault(index, List.of()));
      }
    }
    return all;
  }
}
