package dev.cairn.form;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The models that a model is made of, and what is known of all of them, as transformers' {@code
 * get_model_conversion_mapping} collects it.
 */
final class ModelTree {
  private static final Pattern PLAIN = Pattern.compile("[\\w.]+");

  private final FormTable table;
  private final ModelClass root;
  private final List<Member> members = new ArrayList<>();
  private final Map<String, List<String>> claimed = new HashMap<>();

  /** A model inside the whole one. */
  private record Member(String path, ModelClass model, String modelType, Map<String, ?> config) {
    String name(String inner) {
      return path.isEmpty() ? inner : path + "." + inner;
    }
  }

  /**
   * Looks at a model.
   *
   * @param config the model's, with those of its parts inside
   */
  ModelTree(FormTable table, ModelClass root, Map<String, ?> config) {
    this.table = table;
    this.root = root;
    String type = config.get("model_type") instanceof String text ? text : root.modelType();
    add(new Member("", root, type, config));
  }

  private void add(Member member) {
    members.add(member);
    for (ModelClass.Child child : member.model().children()) {
      Map<String, ?> config = inside(member.config(), child.config());
      String className = child.className();
      Optional<String> type = Optional.empty();
      if (!child.auto().isEmpty() && config.get("model_type") instanceof String text) {
        type = Optional.of(text);
        className = table.auto(child.auto(), text).orElse(className);
      }
      ModelClass model = table.find(className).orElse(ModelClass.unknown(className));
      add(new Member(member.name(child.path()), model, type.orElse(model.modelType()), config));
    }
  }

  @SuppressWarnings("unchecked") // JSON's objects have string keys
  private static Map<String, ?> inside(Map<String, ?> config, String path) {
    Map<String, ?> inner = config;
    for (String key : path.isEmpty() ? new String[0] : path.split("\\.")) {
      inner = inner.get(key) instanceof Map<?, ?> map ? (Map<String, ?>) map : Map.of();
    }
    return inner;
  }

  /** Returns the transforms in the order in which a save applies them: the last found first. */
  List<Transform> transforms() {
    List<Transform> transforms = new ArrayList<>();
    claimed.clear();
    for (Member member : members) {
      transforms.addAll(0, claim(member));
    }
    return transforms;
  }

  /** Returns a member's transforms, unless a model around it has the same ones. */
  private List<Transform> claim(Member member) {
    String name = member.model().name();
    if (isClaimed(name, member.path())) {
      return List.of();
    }
    Optional<List<Transform>> found = table.conversions(name);
    boolean isByClass = found.isPresent();
    if (!isByClass && !isClaimed(member.modelType(), member.path())) {
      found = table.conversions(member.modelType());
    }
    if (found.isEmpty()) {
      return List.of();
    }
    claimed.computeIfAbsent(name, key -> new ArrayList<>()).add(member.path());
    if (!isByClass) {
      claimed.computeIfAbsent(member.modelType(), key -> new ArrayList<>()).add(member.path());
    }
    return member.path().isEmpty()
        ? found.get()
        : found.get().stream()
            .map(transform -> transform.scoped(scope(member.path()), root.basePrefix()))
            .toList();
  }

  /** As transformers does: the prefix goes wherever the path begins with its letters. */
  private String scope(String path) {
    String rest =
        path.startsWith(root.basePrefix()) ? path.substring(root.basePrefix().length()) : path;
    return rest.startsWith(".") ? rest.substring(1) : rest;
  }

  private boolean isClaimed(String identifier, String path) {
    return claimed.getOrDefault(identifier, List.of()).stream()
        .anyMatch(ancestor -> ancestor.isEmpty() || path.startsWith(ancestor + "."));
  }

  /** Returns which of these names are F32 in a model of another dtype. */
  Set<String> wide(List<MemoryTensor> memory, boolean isFloat16) {
    Set<String> texts = new HashSet<>();
    for (Member member : members) {
      texts.addAll(member.model().f32());
      texts.addAll(isFloat16 ? member.model().f32Float16() : List.of());
    }
    if (texts.isEmpty()) {
      return Set.of();
    }
    List<Pattern> patterns = texts.stream().map(ModelTree::pattern).toList();
    Set<String> wide = new HashSet<>();
    for (MemoryTensor tensor : memory) {
      if (patterns.stream().anyMatch(pattern -> pattern.matcher(tensor.name()).find())) {
        wide.add(tensor.name());
      }
    }
    return wide;
  }

  private static Pattern pattern(String text) {
    return Pattern.compile(text.replace("*", ".*"));
  }

  /**
   * Returns what may be the same as what, both in memory, alias to canonical name.
   *
   * @param isCertain whether a model is known in whose files aliases are not
   */
  Map<String, String> tied(Collection<String> names, boolean isCertain) {
    Map<String, String> tied = new TreeMap<>();
    Map<String, String> plain = new HashMap<>();
    for (Member member : members) {
      if (isCertain || Boolean.TRUE.equals(member.config().get("tie_word_embeddings"))) {
        plain.putAll(plain(member));
        member
            .model()
            .tied()
            .forEach(
                (alias, canonical) -> {
                  if (!isParameter(alias)) {
                    addTied(member, alias, canonical, Set.copyOf(names), tied);
                  }
                });
      }
    }
    Set<String> wanted = new HashSet<>(plain.keySet());
    wanted.addAll(plain.values());
    Set<String> there = new HashSet<>();
    names.stream().filter(wanted::contains).forEach(there::add);
    plain.forEach(
        (alias, canonical) -> {
          if (there.contains(alias) && there.contains(canonical)) {
            tied.put(alias, canonical);
          }
        });
    return tied;
  }

  /** Returns every parameter's name that may be the same as another, alias to canonical name. */
  Map<String, String> aliases() {
    Map<String, String> plain = new TreeMap<>();
    members.forEach(member -> plain.putAll(plain(member)));
    Map<String, String> aliases = new TreeMap<>();
    plain.forEach(
        (alias, canonical) -> {
          String last = canonical;
          for (int i = 0; i < plain.size() && plain.containsKey(last); i++) {
            last = plain.get(last);
          }
          aliases.put(alias, last);
        });
    return aliases;
  }

  /** Returns a member's parameters that may be the same as others, by their names in the whole. */
  private static Map<String, String> plain(Member member) {
    Map<String, String> plain = new HashMap<>();
    member
        .model()
        .tied()
        .forEach(
            (alias, canonical) -> {
              if (isParameter(alias)) {
                plain.put(member.name(alias), member.name(canonical.replace("^", "")));
              }
            });
    return plain;
  }

  /** Returns whether a tied name is that of a parameter, and no pattern and no module. */
  private static boolean isParameter(String alias) {
    return PLAIN.matcher(alias).matches() && (alias.endsWith("weight") || alias.endsWith("bias"));
  }

  private static void addTied(
      Member member, String alias, String canonical, Set<String> names, Map<String, String> tied) {
    String begin = member.name("");
    String other = member.name(canonical.replace("^", ""));
    Pattern pattern = Pattern.compile(alias);
    for (String name : names) {
      if (name.startsWith(begin)) {
        String inner = name.substring(begin.length());
        Matcher matcher = pattern.matcher(inner);
        String rest = matcher.lookingAt() ? inner.substring(matcher.end()) : "?";
        boolean isWhole = rest.isEmpty() || rest.startsWith(".");
        if (isWhole && !name.equals(other + rest) && names.contains(other + rest)) {
          tied.put(name, other + rest);
        }
      }
    }
  }

  /** Returns whether a loader does not mind if a name is missing. */
  boolean mayMiss(String name) {
    for (Member member : members) {
      if (member.model().ignored().stream().anyMatch(one -> name.equals(member.name(one)))
          || matches(member.model().missing(), name)) {
        return true;
      }
    }
    return false;
  }

  /** Returns whether a loader does not mind if a name that it does not know is there. */
  boolean mayStand(String name) {
    return members.stream().anyMatch(member -> matches(member.model().unexpected(), name));
  }

  private static boolean matches(List<String> patterns, String name) {
    return patterns.stream().anyMatch(text -> Pattern.compile(text).matcher(name).find());
  }

  /** Returns the names in memory that are not saved. */
  Set<String> ignored() {
    Set<String> ignored = new HashSet<>();
    for (Member member : members) {
      member.model().ignored().forEach(name -> ignored.add(member.name(name)));
    }
    return ignored;
  }
}
