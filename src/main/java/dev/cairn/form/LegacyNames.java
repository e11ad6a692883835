package dev.cairn.form;

/** Names that files of old have in place of today's: {@code LayerNorm.gamma}. */
public final class LegacyNames {
  private LegacyNames() {}

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
