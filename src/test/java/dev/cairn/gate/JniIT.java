package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Reads what the JVMs said while the native tests ran under {@code -Xcheck:jni}. */
class JniIT {
  private static final Path BUILD = Path.of(System.getProperty("cairn.build.directory", "target"));

  @Test
  void jvmFoundNothingWrongWithOurNativeCalls() throws IOException {
    List<Path> logs = new ArrayList<>();
    try (DirectoryStream<Path> found = Files.newDirectoryStream(BUILD, "checked-jni-*.log")) {
      found.forEach(logs::add);
    }
    assertFalse(logs.isEmpty(), "the checked run left no log: folder=" + BUILD);
    for (Path log : logs) {
      List<String> lines = Files.readAllLines(log, StandardCharsets.ISO_8859_1);
      assertEquals(List.of(), JniWarnings.in(lines).unknown(known()), log.toString());
    }
  }

  /** Returns the frames whose warnings are other people's, one prefix a line. */
  private static List<String> known() throws IOException {
    try (InputStream list = JniIT.class.getResourceAsStream("/known-jni-warnings.txt")) {
      return new String(list.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .toList();
    }
  }
}
