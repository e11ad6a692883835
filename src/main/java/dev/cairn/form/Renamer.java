package dev.cairn.form;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The transforms of a form, for one pass over the names. Names that differ in nothing but the
 * numbers of layers and experts are looked at once, and as a model's names come layer by layer,
 * what followed a template once is tried first when it comes again. Not thread-safe.
 */
final class Renamer {
  private static final Match NONE = new Match(Optional.empty(), "");

  private final List<Renaming> conversions;
  private final List<Renaming> renamings;
  private final boolean knowsNumbers;

  /** As transformers looks it up: of conversions with one source pattern the last. */
  private final Map<String, Transform> bySource = new HashMap<>();

  private final Map<List<String>, Known> byTemplate = new HashMap<>();
  private final int[] bounds = new int[2 * NameTemplate.MOST_NUMBERS];
  private final StringBuilder builder = new StringBuilder();
  private Known last = new Known(NameTemplate.of(""), "", NONE);
  private String renamed = "";

  /**
   * Which conversion takes a tensor.
   *
   * @param conversion if one does
   * @param source the pattern of the conversion that its name matched; else empty
   */
  record Match(Optional<Transform> conversion, String source) {}

  /** What becomes of all names of a template. */
  private static final class Known {
    private final NameTemplate given;
    private final NameTemplate renamed;
    private final boolean isSame;
    private final Match match;
    private Known next; // after which names of this one were, null before any was

    Known(NameTemplate given, String marked, Match match) {
      this.given = given;
      this.renamed = NameTemplate.ofMarked(marked);
      this.isSame = renamed.isSame(given);
      this.match = match;
    }
  }

  Renamer(List<Transform> transforms) {
    List<Renaming> all = transforms.stream().map(Renaming::new).toList();
    conversions = all.stream().filter(Renamer::converts).toList();
    renamings = all.stream().filter(renaming -> !converts(renaming)).toList();
    for (Renaming conversion : conversions) {
      Transform transform = conversion.transform();
      transform.sources().forEach(source -> bySource.put(source, transform));
    }
    knowsNumbers = all.stream().anyMatch(Renaming::knowsNumbers);
  }

  private static boolean converts(Renaming renaming) {
    return renaming.transform().kind() == Transform.Kind.CONVERT;
  }

  /** Returns whether there are groups of renamings, which {@link #activate} switches on. */
  boolean hasGroups() {
    return renamings.stream()
        .anyMatch(renaming -> renaming.transform().kind() == Transform.Kind.GROUP);
  }

  /** Switches on the groups whose first source is this name. */
  void activate(String name) {
    renamings.forEach(renaming -> renaming.apply(name));
  }

  /** Returns what the name that {@link #rename} was given last has become. */
  String renamed() {
    return renamed;
  }

  /** Renames a tensor and returns which conversion takes it. */
  Match rename(String name) {
    if (knowsNumbers) {
      return renameAlone(name);
    }
    Known known = last.next;
    if (known == null || !known.given.find(name, bounds)) {
      known = look(name);
      last.next = known;
    }
    last = known;
    renamed = known.isSame ? name : filled(known.renamed, name);
    return known.match;
  }

  private Known look(String name) {
    NameTemplate template = NameTemplate.of(name);
    template.find(name, bounds);
    Known known = byTemplate.get(template.texts());
    if (known == null) {
      Match match = renameAlone(template.marked());
      known = new Known(template, renamed, match);
      byTemplate.put(template.texts(), known);
    }
    return known;
  }

  private String filled(NameTemplate template, String name) {
    builder.setLength(0);
    template.fill(name, bounds, builder);
    return builder.toString();
  }

  private Match renameAlone(String given) {
    String name = given;
    Match match = NONE;
    for (Renaming candidate : conversions) {
      Optional<Renaming.Renamed> found = candidate.apply(name);
      if (found.isPresent()) {
        name = found.get().name();
        String source = candidate.transform().sources().get(found.get().source());
        match = new Match(Optional.of(bySource.get(source)), source);
        break;
      }
    }
    for (Renaming renaming : renamings) {
      name = renaming.apply(name).map(Renaming.Renamed::name).orElse(name);
    }
    renamed = name;
    return match;
  }
}
