package dev.cairn.peft;

import dev.cairn.tensor.Shape;
import java.util.LinkedHashMap;
import java.util.Map;

/** Says which parameters of a model an adapter's folder holds, without touching any. Pure. */
public final class AdapterSelection {
  private AdapterSelection() {}

  /**
   * Selects and checks what {@link AdapterCheckpointer} saves.
   *
   * @param config the adapter's
   * @param options which adapter, and how
   * @param shapes global shapes of the model's parameters, by their state-dict names without
   *     wrappers, in the model's order
   * @return for each name in the adapter file, the name of the parameter that is saved under it
   * @throws IllegalArgumentException if there is no such adapter, or a tensor of it has no
   *     elements, lacks its partner or does not fit the config
   */
  public static Map<String, String> of(
      LoraConfig config, AdapterOptions options, Map<String, Shape> shapes) {
    Map<String, String> givenBySaved = new AdapterNames(config, options, shapes).select();
    Map<String, Shape> saved = new LinkedHashMap<>();
    givenBySaved.forEach((name, given) -> saved.put(name, shapes.get(given)));
    new AdapterCheck(config).check(saved);
    return givenBySaved;
  }
}
