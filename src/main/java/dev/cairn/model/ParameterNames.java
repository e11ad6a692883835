package dev.cairn.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What wrappers put into a parameter's name, and attributes of composite models. */
final class ParameterNames {
  /** torch.compile, Lightning, FSDP, activation checkpointing: no model calls a part so. */
  private static final Set<String> WRAPPERS =
      Set.of("_orig_mod", "_forward_module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module");

  /** DDP and DeepSpeed; a model may have a part of that name, but not around all others. */
  private static final String MODULE = "module";

  private ParameterNames() {}

  /** Returns the name without wrappers, wherever they stand; {@code module} where it leads. */
  static String unwrapped(String name) {
    if (!name.startsWith(MODULE) && name.indexOf('_') < 0) {
      return name; // most names, at no cost
    }
    List<String> kept = new ArrayList<>();
    String[] components = name.split("\\.", -1);
    for (int index = 0; index < components.length; index++) {
      String component = components[index];
      boolean isLast = index == components.length - 1; // the parameter itself
      boolean isWrapper =
          WRAPPERS.contains(component) || (kept.isEmpty() && component.equals(MODULE));
      if (isLast || !isWrapper) {
        kept.add(component);
      }
    }
    return kept.size() == components.length ? name : String.join(".", kept);
  }

  /**
   * Returns the name inside the attribute, or null if it is not in it. The attribute may be named
   * from the wrapped model on.
   */
  static String inside(String attribute, String name) {
    String prefix = unwrapped(attribute) + ".";
    return name.startsWith(prefix) ? unwrapped(name.substring(prefix.length())) : null;
  }

  /** Returns the first components of dotted names: the attributes that there are. */
  static Set<String> attributes(List<Parameter> parameters) {
    Set<String> attributes = new TreeSet<>();
    for (Parameter parameter : parameters) {
      int dot = parameter.name().indexOf('.');
      if (dot > 0) {
        attributes.add(parameter.name().substring(0, dot));
      }
    }
    return attributes;
  }
}
