package dev.cairn.form;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The transforms of a form, for one pass over the names. Names that differ in nothing but the
 * numbers of layers and experts are looked at once. Not thread-safe.
 */
final class Renamer {
  private final List<Renaming> conversions;
  private final List<Renaming> renamings;
  private final boolean knowsNumbers;

  /** As transformers looks it up: of conversions with one source pattern the last. */
  private final Map<String, Transform> bySource = new HashMap<>();

  private final Map<String, Known> byTemplate = new HashMap<>();

  /**
   * What became of a name.
   *
   * @param conversion which takes the tensor, if one does
   * @param source the pattern of the conversion that it matched; else empty
   */
  record Result(String name, Optional<Transform> conversion, String source) {}

  /** What becomes of all names of a template. */
  private record Known(NumberedName.Template name, Optional<Transform> conversion, String source) {}

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

  Result rename(String name) {
    if (knowsNumbers) {
      return renameAlone(name);
    }
    NumberedName numbered = NumberedName.of(name);
    Known known = byTemplate.get(numbered.template());
    if (known == null) {
      Result result = renameAlone(numbered.marked());
      known = new Known(numbered.templateOf(result.name()), result.conversion(), result.source());
      byTemplate.put(numbered.template(), known);
    }
    return new Result(numbered.fill(known.name()), known.conversion(), known.source());
  }

  private Result renameAlone(String given) {
    String name = given;
    Optional<Transform> conversion = Optional.empty();
    String source = "";
    for (Renaming candidate : conversions) {
      Optional<Renaming.Renamed> renamed = candidate.apply(name);
      if (renamed.isPresent()) {
        name = renamed.get().name();
        source = candidate.transform().sources().get(renamed.get().source());
        conversion = Optional.of(bySource.get(source));
        break;
      }
    }
    for (Renaming renaming : renamings) {
      name = renaming.apply(name).map(Renaming.Renamed::name).orElse(name);
    }
    return new Result(name, conversion, source);
  }
}
