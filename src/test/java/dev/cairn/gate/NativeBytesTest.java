package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The library of natives is a function of its sources and its compiler. */
@Tag("native")
@Tag("processes")
class NativeBytesTest {
  private static final String LIBRARY = "target/classes/dev/cairn/linux-x86_64/libjnicairn.so";
  private static final String SOURCES = "target/native/jni";

  @TempDir private Path folder;

  @Test
  void areTheSameInAnotherFolderForAnotherUserAndWithFunctionsInAnotherOrder() throws Exception {
    assumeTrue(Files.exists(Path.of(LIBRARY)), "natives were not built");
    Files.createDirectories(folder.resolve(SOURCES));
    for (String name : List.of("jnicairn.cpp", "jnijavacpp.cpp")) {
      reverse(Path.of(SOURCES, name), folder.resolve(SOURCES).resolve(name));
    }
    run("cp", "-r", "cppbuild.sh", "native", folder.toString());
    List<String> command = new ArrayList<>(List.of("env", "LC_ALL=C.UTF-8", "TZ=Asia/Tokyo"));
    command.add("JAVA_HOME=" + System.getProperty("java.home"));
    if (run("id", "-u").strip().equals("0")) {
      run("chown", "-R", "nobody", folder.toString());
      command.addAll(0, List.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"));
    }
    command.addAll(List.of("bash", folder.resolve("cppbuild.sh").toString()));
    run(command.toArray(String[]::new));
    assertArrayEquals(
        Files.readAllBytes(Path.of(LIBRARY)), Files.readAllBytes(folder.resolve(LIBRARY)));
  }

  /** Copies what JavaCPP wrote as if reflection had listed the methods the other way round. */
  private static void reverse(Path written, Path reversed) throws IOException {
    String text = Files.readString(written);
    int end = text.lastIndexOf("\n}") + 1;
    String[] parts = text.substring(0, end).split("(?m)(?=^JNIEXPORT .* Java_)");
    assertTrue(parts.length > 5, () -> written + ": functions=" + (parts.length - 1));
    List<String> functions = Arrays.asList(parts).subList(1, parts.length);
    Collections.reverse(functions);
    Files.writeString(reversed, parts[0] + String.join("", functions) + text.substring(end));
  }

  private static String run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    return output;
  }
}
