package dev.cairn.form;

import dev.cairn.json.JsonFields;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Transforms as JSON has them: in the table, and on their way from rank 0 to the others. */
final class TransformJson {
  private static final String OPERATION = "op";

  private TransformJson() {}

  static Map<String, Object> encode(Transform transform) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("kind", transform.kind().name().toLowerCase(Locale.ROOT));
    json.put("scope", transform.scope());
    json.put("base", transform.basePrefix());
    json.put("pattern", transform.pattern());
    json.put("sources", transform.sources());
    json.put("targets", transform.targets());
    json.put("operations", transform.operations().stream().map(TransformJson::encode).toList());
    return json;
  }

  private static Map<String, Object> encode(Transform.Operation operation) {
    Map<String, Object> json = new LinkedHashMap<>(operation.parameters());
    json.put(OPERATION, operation.name());
    return json;
  }

  static Transform decode(Map<String, Object> json) {
    return new Transform(
        Transform.Kind.valueOf(JsonFields.text(json, "kind").toUpperCase(Locale.ROOT)),
        JsonFields.text(json, "scope"),
        JsonFields.text(json, "base"),
        JsonFields.text(json, "pattern"),
        JsonFields.strings(json, "sources"),
        JsonFields.strings(json, "targets"),
        JsonFields.objects(json, "operations").stream().map(TransformJson::operation).toList());
  }

  private static Transform.Operation operation(Map<String, Object> json) {
    Map<String, Object> parameters = new LinkedHashMap<>(json);
    parameters.remove(OPERATION);
    return new Transform.Operation(JsonFields.text(json, OPERATION), parameters);
  }
}
