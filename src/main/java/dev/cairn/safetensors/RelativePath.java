package dev.cairn.safetensors;

/** Checks file names that come from a file: they must stay inside its folder. */
final class RelativePath {
  private RelativePath() {}

  /** Returns a path without the {@code ./} that it may begin with. */
  static String plain(String path) {
    String plain = path;
    while (plain.startsWith("./")) {
      plain = plain.substring(2);
    }
    return plain;
  }

  /** Returns whether {@code path} names something below the folder that it is relative to. */
  static boolean isInside(String path) {
    if (path.isEmpty() || path.indexOf('\\') >= 0 || path.chars().anyMatch(c -> c < ' ')) {
      return false;
    }
    for (String component : path.split("/", -1)) {
      if (component.isEmpty() || component.equals(".") || component.equals("..")) {
        return false;
      }
    }
    return true;
  }
}
