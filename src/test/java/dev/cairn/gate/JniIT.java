package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Reads what the JVM said while the native tests ran under {@code -Xcheck:jni}. */
class JniIT {
  private static final Path LOG =
      Path.of(System.getProperty("cairn.build.directory", "target"), "checked-jni.log");

  @Test
  void jvmFoundNothingWrongWithOurNativeCalls() throws IOException {
    assertTrue(Files.exists(LOG), () -> "the checked run left no log: file=" + LOG);
    List<String> lines = Files.readAllLines(LOG, StandardCharsets.ISO_8859_1);
    assertEquals(List.of(), JniWarnings.in(lines).unknown(known()));
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
