package dev.cairn.safetensors;

import java.nio.charset.StandardCharsets;

/**
 * Checks file names that come from a file: they must be names of files, and stay inside its folder.
 */
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

  /** Returns whether {@code path} can name something below the folder that it is relative to. */
  static boolean isInside(String path) {
    if (path.isEmpty() || path.indexOf('\\') >= 0 || path.chars().anyMatch(c -> c < ' ')) {
      return false;
    }
    for (String component : path.split("/", -1)) {
      if (component.isEmpty() || component.equals(".") || component.equals("..")) {
        return false;
      }
    }
    return StandardCharsets.UTF_8.newEncoder().canEncode(path); // not half a character
  }
}
