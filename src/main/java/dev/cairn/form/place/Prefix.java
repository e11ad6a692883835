package dev.cairn.form.place;

import dev.cairn.form.FormResolver;
import dev.cairn.form.MemoryTensor;
import dev.cairn.safetensors.TensorInfo;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The prefix of a base model's names, which one model has and another has not.
 *
 * @param text with a dot at its end; empty for none
 * @param isAdded whether names get it; else they lose it
 */
record Prefix(String text, boolean isAdded) {
  static final Prefix NONE = new Prefix("", true);

  /** Returns what names may lack or have more than the model's, likeliest first. */
  static List<Prefix> candidates(
      FormResolver resolver, Map<String, TensorInfo> files, List<MemoryTensor> wanted) {
    List<Prefix> all = new ArrayList<>(List.of(NONE));
    String known = resolver.basePrefix();
    if (!known.isEmpty()) {
      all.add(new Prefix(known, true));
      all.add(new Prefix(known, false));
    } else if (!resolver.isKnown()) {
      guessed(files, wanted).ifPresent(all::add);
    }
    return all;
  }

  /** Returns the first component that names of files have and wanted ones lack, or the reverse. */
  private static Optional<Prefix> guessed(
      Map<String, TensorInfo> files, List<MemoryTensor> wanted) {
    for (MemoryTensor tensor : wanted) {
      String name = tensor.name();
      String inner = name.substring(name.indexOf('.') + 1);
      if (files.containsKey(inner)) {
        return Optional.of(new Prefix(name.substring(0, name.length() - inner.length()), false));
      }
      for (String file : files.keySet()) {
        if (file.endsWith("." + name) && file.indexOf('.') == file.length() - name.length() - 1) {
          return Optional.of(new Prefix(file.substring(0, file.indexOf('.') + 1), true));
        }
      }
    }
    return Optional.empty();
  }

  String apply(String name) {
    return isAdded ? text + name : without(name);
  }

  /** Returns a name without the prefix. */
  String without(String name) {
    return name.startsWith(text) ? name.substring(text.length()) : name;
  }
}
