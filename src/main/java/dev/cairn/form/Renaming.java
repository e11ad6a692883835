package dev.cairn.form;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How one transform of transformers changes a name: the first match of a pattern is replaced, below
 * a prefix if it belongs to a part of the model.
 */
final class Renaming {
  private static final Pattern GROUP_REFERENCE = Pattern.compile("\\\\(\\d)");

  private static final Pattern LITERAL_NUMBER = Pattern.compile("(?:^|[.)>^])\\d|\\[[^]]*\\d");

  private final Transform transform;
  private final Pattern pattern;
  private final int[] groups;
  private boolean isActive;

  /** A new name, and which of the transform's sources matched. */
  record Renamed(String name, int source) {}

  Renaming(Transform transform) {
    this.transform = transform;
    this.pattern = Pattern.compile(transform.pattern());
    this.groups = groupIndices(transform.pattern());
    this.isActive = transform.kind() != Transform.Kind.GROUP;
  }

  Transform transform() {
    return transform;
  }

  /** Returns whether it is about a certain layer, or another certain number between dots. */
  boolean knowsNumbers() {
    return LITERAL_NUMBER.matcher(transform.pattern()).find();
  }

  /** Returns the numbers of the groups g0, g1, … among all groups of a pattern. */
  private static int[] groupIndices(String pattern) {
    List<Integer> indices = new ArrayList<>();
    int group = 0;
    for (int at = pattern.indexOf('('); at >= 0; at = pattern.indexOf('(', at + 1)) {
      boolean isEscaped = at > 0 && pattern.charAt(at - 1) == '\\';
      boolean isNamed = pattern.startsWith("(?<g", at);
      if (!isEscaped && (isNamed || !pattern.startsWith("(?", at))) {
        group++;
        if (isNamed) {
          indices.add(group);
        }
      }
    }
    return indices.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Returns the new name, or nothing if the transform is not about this one. */
  Optional<Renamed> apply(String name) {
    int prefixLength = transform.prefixLength(name);
    if (prefixLength < 0) {
      return Optional.empty();
    }
    String rest = name.substring(prefixLength);
    Matcher matcher = pattern.matcher(rest);
    if (!matcher.find()) {
      return Optional.empty();
    }
    int source = 0;
    while (matcher.group(groups[source]) == null) {
      source++;
    }
    isActive |= source == 0;
    if (!isActive) {
      return Optional.empty(); // the first of a group of renamings switches the others on
    }
    boolean isGroup = transform.kind() == Transform.Kind.GROUP;
    String target = transform.targets().get(isGroup ? source : 0);
    int group = groups[source];
    String replacement =
        GROUP_REFERENCE
            .matcher(target)
            .replaceAll(
                reference ->
                    Matcher.quoteReplacement(
                        matcher.group(group + Integer.parseInt(reference.group(1)))));
    // As transformers does: the text that matched, where it first stands.
    String matched = matcher.group();
    int at = rest.indexOf(matched);
    String renamed = rest.substring(0, at) + replacement + rest.substring(at + matched.length());
    return Optional.of(new Renamed(name.substring(0, prefixLength) + renamed, source));
  }
}
