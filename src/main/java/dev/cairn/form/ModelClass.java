package dev.cairn.form;

import dev.cairn.json.JsonFields;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What is known of a class of models.
 *
 * @param name of the class
 * @param modelType of its config
 * @param basePrefix of the names of the base model inside it
 * @param children the models that it is made of
 * @param f32 patterns of names that are F32 in a model of 16 bits
 * @param f32Float16 patterns of names that are F32 in a model of F16
 * @param tied what is the same as what, if the config ties: parameters, modules, or patterns
 * @param ignored names below the class's own that are not saved
 * @param unexpected patterns of names that may be in files all the same
 * @param missing patterns of names that need not be in files
 */
record ModelClass(
    String name,
    String modelType,
    String basePrefix,
    List<Child> children,
    List<String> f32,
    List<String> f32Float16,
    Map<String, String> tied,
    List<String> ignored,
    List<String> unexpected,
    List<String> missing) {
  /**
   * A model inside another.
   *
   * @param path of attributes from the outer one
   * @param className with the usual config
   * @param config the path of its config inside the outer one's; empty if it is the same
   * @param auto what chooses its class by its config's type; empty if nothing does
   */
  record Child(String path, String className, String config, String auto) {}

  /** Returns a class of which nothing is known but that there may be conversions under its name. */
  static ModelClass unknown(String name) {
    return decode(name, Map.of());
  }

  static ModelClass decode(String name, Map<String, Object> json) {
    return new ModelClass(
        name,
        JsonFields.text(json, "model_type"),
        JsonFields.text(json, "base_model_prefix"),
        JsonFields.objects(json, "children").stream().map(ModelClass::child).toList(),
        Stream.of("f32", "f32Made").flatMap(key -> JsonFields.strings(json, key).stream()).toList(),
        JsonFields.strings(json, "f32Float16"),
        JsonFields.texts(json, "tied"),
        JsonFields.strings(json, "ignoredOnSave"),
        JsonFields.strings(json, "unexpectedOnLoad"),
        JsonFields.strings(json, "missingOnLoad"));
  }

  private static Child child(Map<String, Object> json) {
    return new Child(
        JsonFields.text(json, "path"),
        JsonFields.text(json, "class"),
        JsonFields.text(json, "config"),
        JsonFields.text(json, "auto"));
  }
}
