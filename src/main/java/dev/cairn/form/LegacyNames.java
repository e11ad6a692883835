package dev.cairn.form;

import java.util.Collection;
import java.util.List;

/** Names that files of old have in place of today's: {@code LayerNorm.gamma}. */
public final class LegacyNames {
  private LegacyNames() {}

  /** Returns what gives today's names those of old; nothing where none of these is among them. */
  static List<Transform> transforms(Collection<String> names) {
    boolean isOld = names.stream().anyMatch(name -> !modern(name).equals(name));
    return isOld ? FormTable.get().legacy() : List.of();
  }

  /**
   * {@return the name that loaders give a tensor first, of which files of old have another}
   *
   * @param name in the files
   */
  public static String modern(String name) {
    for (Transform transform : FormTable.get().legacy()) {
      String old = transform.targets().get(0);
      if (name.endsWith(old)) {
        String source = transform.sources().get(0).replace("$", "");
        return name.substring(0, name.length() - old.length()) + source;
      }
    }
    return name;
  }
}
