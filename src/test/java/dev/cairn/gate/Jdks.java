package dev.cairn.gate;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The JDKs of this machine: the one that runs the tests, and those where systems put theirs. */
final class Jdks {
  private static final Pattern VERSION = Pattern.compile("JAVA_VERSION=\"(\\d+)");
  private static final Path PLACE = Path.of("/usr/lib/jvm");

  private Jdks() {}

  /** Returns the home of one JDK of each version from one on, by their version. */
  static Map<Integer, Path> from(int least) throws IOException {
    List<Path> homes = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"))));
    if (Files.isDirectory(PLACE)) {
      try (Stream<Path> found = Files.list(PLACE)) {
        found.sorted().forEach(homes::add);
      }
    }
    Map<Integer, Path> jdks = new LinkedHashMap<>();
    for (Path home : homes) {
      Path release = home.resolve("release");
      if (Files.exists(home.resolve("bin/javac")) && Files.exists(release)) {
        Matcher version = VERSION.matcher(Files.readString(release));
        if (version.find() && Integer.parseInt(version.group(1)) >= least) {
          jdks.putIfAbsent(Integer.parseInt(version.group(1)), home);
        }
      }
    }
    return jdks;
  }
}
