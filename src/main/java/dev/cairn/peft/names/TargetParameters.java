package dev.cairn.peft.names;

import java.util.List;

/**
 * The parameters that an adapter's {@code target_parameters} name: PEFT wraps the module that has
 * one, and names its matrices after the module alone. A module of which several are trained is
 * wrapped several times, so that the names of all but the outermost end with {@code base_layer}.
 *
 * @param targets ends of the parameters' names, for example {@code mlp.experts.gate_up_proj}
 */
public record TargetParameters(List<String> targets) {
  private static final String WRAPPED = ".base_layer";

  /** Returns a wrapped module's own name. */
  public static String unwrapped(String module) {
    String own = module;
    while (own.endsWith(WRAPPED)) {
      own = own.substring(0, own.length() - WRAPPED.length());
    }
    return own;
  }

  /** Returns how many wrappers are around this one. */
  public static int depth(String module) {
    return (module.length() - unwrapped(module).length()) / WRAPPED.length();
  }

  /**
   * Returns the full names of the parameters that a wrapper may be about.
   *
   * @param module as it stands in names, without the adapter file's prefix
   * @return in the order of the targets; empty if the module is no such wrapper
   */
  public List<String> of(String module) {
    String own = unwrapped(module);
    return targets.stream()
        .map(target -> own + "." + target.substring(target.lastIndexOf('.') + 1))
        .filter(name -> targets.stream().anyMatch(target -> isEnd(name, target)))
        .distinct()
        .toList();
  }

  private static boolean isEnd(String name, String target) {
    return name.equals(target) || name.endsWith("." + target);
  }
}
