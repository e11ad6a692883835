package dev.cairn.form;

import java.util.List;
import java.util.Map;

/**
 * What is known of a class of models.
 *
 * @param name of the class
 * @param modelType of its config
 * @param basePrefix of the names of the base model inside it
 * @param children the models that it is made of, with its usual config
 * @param keepsF32 patterns of the tensors that are never narrower than F32
 * @param ignored names that are not saved
 */
record ModelClass(
    String name,
    String modelType,
    String basePrefix,
    List<Child> children,
    List<String> keepsF32,
    List<String> ignored) {
  /**
   * A model inside another.
   *
   * @param path of attributes from the outer one
   * @param className with the usual config
   * @param config the path of its config inside the outer one's; empty if it is the same
   */
  record Child(String path, String className, String config) {}

  static ModelClass decode(String name, Map<String, Object> json) {
    return new ModelClass(
        name,
        TransformJson.text(json, "model_type"),
        TransformJson.text(json, "base_model_prefix"),
        TransformJson.objects(json, "children").stream().map(ModelClass::child).toList(),
        TransformJson.strings(json, "f32"),
        TransformJson.strings(json, "ignoredOnSave"));
  }

  private static Child child(Map<String, Object> json) {
    return new Child(
        TransformJson.text(json, "path"),
        TransformJson.text(json, "class"),
        TransformJson.text(json, "config"));
  }
}
