package dev.cairn.hf.fit;

import dev.cairn.json.JsonNumber;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Changes of a config's tree. Each returns a new one. Pure. */
final class ConfigEdits {
  private static final String VOCABULARY = "vocab_size";
  private static final String TEXT = "text_config";
  private static final String LABELS = "id2label";
  private static final String LABEL_IDS = "label2id";
  private static final String COUNT = "num_labels";
  private static final String PROBLEM = "problem_type";

  /** As many as transformers takes if nothing is said. */
  private static final long USUAL_LABELS = 2;

  private ConfigEdits() {}

  /** Returns a tree with one class of models. */
  static Map<String, Object> withArchitecture(Map<String, Object> tree, String name) {
    Map<String, Object> edited = new LinkedHashMap<>(tree);
    edited.put("architectures", List.of(name));
    return edited;
  }

  /**
   * Returns trees with another size of the vocabulary: in each place alone that says one, and in
   * all of them. A place that says that size already is none.
   */
  static List<Map<String, Object>> withVocabulary(Map<String, Object> tree, long size) {
    List<List<String>> paths = new ArrayList<>();
    find(tree, List.of(), paths);
    if (paths.isEmpty()) {
      paths.add(tree.get(TEXT) instanceof Map ? List.of(TEXT, VOCABULARY) : List.of(VOCABULARY));
    }
    List<Map<String, Object>> all = new ArrayList<>();
    Map<String, Object> everywhere = tree;
    for (List<String> path : paths) {
      if (!JsonNumber.of(size).equals(get(tree, path))) {
        all.add(put(tree, path, size));
        everywhere = put(everywhere, path, size);
      }
    }
    if (all.size() > 1) {
      all.add(everywhere);
    }
    return all;
  }

  private static void find(Map<?, ?> tree, List<String> prefix, List<List<String>> paths) {
    tree.forEach(
        (key, value) -> {
          List<String> path = new ArrayList<>(prefix);
          path.add((String) key);
          if (key.equals(VOCABULARY) && value instanceof JsonNumber) {
            paths.add(path);
          } else if (value instanceof Map<?, ?> part) {
            find(part, path, paths);
          }
        });
  }

  private static Object get(Map<?, ?> tree, List<String> path) {
    Object at = tree;
    for (String key : path) {
      at = at instanceof Map<?, ?> map ? map.get(key) : null;
    }
    return at;
  }

  @SuppressWarnings("unchecked") // JSON's objects have string keys
  private static Map<String, Object> put(Map<String, Object> tree, List<String> path, long size) {
    Map<String, Object> edited = new LinkedHashMap<>(tree);
    String key = path.get(0);
    edited.put(
        key,
        path.size() == 1
            ? JsonNumber.of(size)
            : put((Map<String, Object>) tree.get(key), path.subList(1, path.size()), size));
    return edited;
  }

  /** Returns a tree with so many labels: their names stay if there are as many. */
  static Map<String, Object> withLabels(Map<String, Object> tree, long count) {
    Map<String, Object> edited = new LinkedHashMap<>(tree);
    edited.remove(COUNT);
    if (labels(tree) != count || (count != USUAL_LABELS && !(tree.get(LABELS) instanceof Map))) {
      Map<String, Object> names = new LinkedHashMap<>();
      Map<String, Object> ids = new LinkedHashMap<>();
      for (long label = 0; label < count; label++) {
        names.put(Long.toString(label), "LABEL_" + label);
        ids.put("LABEL_" + label, JsonNumber.of(label));
      }
      edited.put(LABELS, names);
      edited.put(LABEL_IDS, ids);
    }
    if (count == 1 && "single_label_classification".equals(tree.get(PROBLEM))) {
      edited.remove(PROBLEM); // transformers refuses it with one label
    }
    return edited;
  }

  /** Returns how many labels a config says. */
  static long labels(Map<String, Object> tree) {
    if (tree.get(LABELS) instanceof Map<?, ?> names) {
      return names.size();
    }
    return JsonNumber.whole(tree.get(COUNT)).orElse(USUAL_LABELS);
  }
}
