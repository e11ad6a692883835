package dev.cairn.deepspeed;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Gives parameters the names that a user has for them. */
final class OtherNames {
  private static final String TIED = "tied_modules.";

  private OtherNames() {}

  /**
   * Returns the parameters under other names.
   *
   * @throws IllegalArgumentException if a name is not there, or a parameter has no other
   */
  static List<CheckpointParameter> of(
      List<CheckpointParameter> parameters, Map<String, String> names) {
    Map<String, String> left = new LinkedHashMap<>(names);
    List<CheckpointParameter> renamed = new ArrayList<>();
    List<CheckpointParameter> unnamed = new ArrayList<>();
    for (CheckpointParameter parameter : parameters) {
      String name = left.remove(parameter.name());
      if (name == null && parameter.tiedTo().isEmpty()) {
        unnamed.add(parameter);
      } else if (name != null) {
        renamed.add(parameter.named(name));
      }
    }
    if (unnamed.size() == 1 && left.size() == 1 && isTied(unnamed.get(0).name(), left)) {
      renamed.add(0, unnamed.remove(0).named(left.values().iterator().next()));
      left.clear();
    }
    if (!unnamed.isEmpty()) {
      throw new IllegalArgumentException(
          "parameter without another name: parameter="
              + unnamed.get(0).name()
              + ", parameters without one="
              + unnamed.size()
              + "; `cairn inspect` lists all");
    }
    if (!left.isEmpty()) {
      throw new IllegalArgumentException(
          "name that no parameter has: name="
              + left.keySet().iterator().next()
              + ", names="
              + left.size()
              + "; `cairn inspect` lists those that there are");
    }
    return renamed;
  }

  /** Without masters no file says that a layer's tensor is tied, and its name is the layer's. */
  private static boolean isTied(String name, Map<String, String> left) {
    String tied = left.keySet().iterator().next();
    return tied.startsWith(TIED)
        && tied.substring(tied.indexOf('.', TIED.length()) + 1)
            .equals(name.substring(name.indexOf('.') + 1));
  }
}
