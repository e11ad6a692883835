package dev.cairn.form;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The transforms of a form, for one pass over the names. Not thread-safe. */
final class Renamer {
  private final List<Renaming> conversions;
  private final List<Renaming> renamings;

  /** As transformers looks it up: of conversions with one source pattern the last. */
  private final Map<String, Transform> bySource = new HashMap<>();

  /**
   * What became of a name.
   *
   * @param conversion which takes the tensor, if one does
   * @param source the pattern of the conversion that it matched; else the old name
   */
  record Result(String name, Optional<Transform> conversion, String source) {}

  Renamer(List<Transform> transforms) {
    List<Renaming> all = transforms.stream().map(Renaming::new).toList();
    conversions = all.stream().filter(Renamer::converts).toList();
    renamings = all.stream().filter(renaming -> !converts(renaming)).toList();
    for (Renaming conversion : conversions) {
      Transform transform = conversion.transform();
      transform.sources().forEach(source -> bySource.put(source, transform));
    }
  }

  private static boolean converts(Renaming renaming) {
    return renaming.transform().kind() == Transform.Kind.CONVERT;
  }

  /** Returns whether it matters which name comes first. */
  boolean needsOrder() {
    return !conversions.isEmpty()
        || renamings.stream()
            .anyMatch(renaming -> renaming.transform().kind() == Transform.Kind.GROUP);
  }

  Result rename(String given) {
    String name = given;
    Optional<Transform> conversion = Optional.empty();
    String source = given;
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
