package dev.cairn;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What wrappers put before a parameter's name, and attributes of composite models. */
final class ParameterNames {
  /** DDP and DeepSpeed, torch.compile, FSDP. */
  private static final List<String> WRAPPERS =
      List.of("module.", "_orig_mod.", "_fsdp_wrapped_module.");

  private ParameterNames() {}

  /** Returns the name without leading wrappers, however many there are. */
  static String unwrapped(String name) {
    String rest = name;
    for (boolean found = true; found; ) {
      found = false;
      for (String wrapper : WRAPPERS) {
        if (rest.startsWith(wrapper)) {
          rest = rest.substring(wrapper.length());
          found = true;
        }
      }
    }
    return rest;
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
