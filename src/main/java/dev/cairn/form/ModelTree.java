package dev.cairn.form;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The models that a model is made of, and the conversions of all of them, as transformers' {@code
 * get_model_conversion_mapping} collects them.
 */
final class ModelTree {
  private final FormTable table;
  private final ModelClass root;
  private final List<Transform> transforms = new ArrayList<>();
  private final Map<String, List<String>> seen = new HashMap<>();

  private ModelTree(FormTable table, ModelClass root) {
    this.table = table;
    this.root = root;
  }

  /**
   * Returns the transforms for a model, in the order in which a save applies them.
   *
   * @param config the model's, with its parts' inside
   */
  static List<Transform> transforms(FormTable table, ModelClass root, Map<String, ?> config) {
    ModelTree tree = new ModelTree(table, root);
    tree.visit("", root, config);
    return tree.inSavingOrder();
  }

  /** Conversions of one model, in saving order. */
  private final List<List<Transform>> collected = new ArrayList<>();

  /** What is collected last is applied first. */
  private List<Transform> inSavingOrder() {
    for (int index = collected.size() - 1; index >= 0; index--) {
      transforms.addAll(collected.get(index));
    }
    return transforms;
  }

  private void visit(String path, ModelClass model, Map<String, ?> config) {
    collect(path, model, modelType(model, config));
    for (ModelClass.Child child : model.children()) {
      String childPath = path.isEmpty() ? child.path() : path + "." + child.path();
      Map<String, ?> childConfig = inside(config, child.config());
      child(child, childConfig).ifPresent(found -> visit(childPath, found, childConfig));
    }
  }

  private static String modelType(ModelClass model, Map<String, ?> config) {
    return config.get("model_type") instanceof String type && !type.isEmpty()
        ? type
        : model.modelType();
  }

  /** The usual class, unless the config asks for a model of another type. */
  private Optional<ModelClass> child(ModelClass.Child child, Map<String, ?> config) {
    Optional<ModelClass> usual = table.find(child.className());
    if (child.config().isEmpty() || !(config.get("model_type") instanceof String type)) {
      return usual;
    }
    if (usual.isPresent() && usual.get().modelType().equals(type)) {
      return usual;
    }
    return table.autoModel(type).flatMap(table::find).or(() -> usual);
  }

  @SuppressWarnings("unchecked") // JSON's objects have string keys
  private static Map<String, ?> inside(Map<String, ?> config, String path) {
    Map<String, ?> inner = config;
    for (String key : path.isEmpty() ? new String[0] : path.split("\\.")) {
      inner = inner.get(key) instanceof Map<?, ?> map ? (Map<String, ?>) map : Map.of();
    }
    return inner;
  }

  private void collect(String path, ModelClass model, String modelType) {
    if (isSeen(model.name(), path)) {
      return;
    }
    Optional<List<Transform>> found = table.conversions(model.name());
    boolean isByClass = found.isPresent();
    if (!isByClass) {
      if (isSeen(modelType, path)) {
        return;
      }
      found = table.conversions(modelType);
    }
    if (found.isEmpty()) {
      return;
    }
    collected.add(
        path.isEmpty()
            ? found.get()
            : found.get().stream()
                .map(transform -> transform.scoped(scope(path), root.basePrefix()))
                .toList());
    seen.computeIfAbsent(model.name(), key -> new ArrayList<>()).add(path);
    if (!isByClass) {
      seen.computeIfAbsent(modelType, key -> new ArrayList<>()).add(path);
    }
  }

  /** As transformers does: the prefix goes wherever the path begins with its letters. */
  private String scope(String path) {
    String rest =
        path.startsWith(root.basePrefix()) ? path.substring(root.basePrefix().length()) : path;
    return rest.startsWith(".") ? rest.substring(1) : rest;
  }

  private boolean isSeen(String identifier, String path) {
    return seen.getOrDefault(identifier, List.of()).stream()
        .anyMatch(ancestor -> ancestor.isEmpty() || path.startsWith(ancestor + "."));
  }
}
