package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** README's example is compiled and run as it stands. */
@Tag("processes")
class ReadmeTest {
  private static final Pattern EXAMPLE = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern CLASS = Pattern.compile("class (\\w+)");

  @TempDir private Path folder;

  @Test
  void exampleCompilesAndSaves() throws Exception {
    String name = compile(example());
    String classpath = folder + ":" + System.getProperty("java.class.path");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    ShellRun run =
        ShellRun.of(
            folder,
            Map.of(),
            List.of(java, "--enable-native-access=ALL-UNNAMED", "-cp", classpath, name));
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(Files.size(folder.resolve("model/model.safetensors")) > 0);
    assertTrue(Files.exists(folder.resolve("model/COMPLETED")));
  }

  @Test
  void exampleIsShort() throws IOException {
    long lines =
        example().lines().filter(line -> !line.isBlank() && !line.startsWith("import")).count();
    assertTrue(lines <= 15, () -> "lines=" + lines);
  }

  private String compile(String source) throws IOException {
    Matcher matcher = CLASS.matcher(source);
    assertTrue(matcher.find(), "the example has no class");
    String name = matcher.group(1);
    Path file = Files.writeString(folder.resolve(name + ".java"), source);
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-Xlint:all,-processing,-path",
                "-Werror",
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                folder.toString(),
                file.toString());
    assertEquals(0, status, "the example does not compile");
    return name;
  }

  private static String example() throws IOException {
    Matcher matcher = EXAMPLE.matcher(Files.readString(Path.of("README.md")));
    assertTrue(matcher.find(), "README.md has no example");
    return matcher.group(1);
  }
}
