package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.support.ShellRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** README's example is compiled and run as it stands. */
@Tag("processes")
class ReadmeTest {
  @TempDir private Path folder;

  @Test
  void exampleCompilesAndSaves() throws Exception {
    String name = compile(ReadmeSnippets.example());
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
        ReadmeSnippets.example()
            .lines()
            .filter(line -> !line.isBlank() && !line.startsWith("import"))
            .count();
    assertTrue(lines <= 15, () -> "lines=" + lines);
  }

  @Test
  void exampleImportsFewOfOurs() throws IOException {
    long imports =
        ReadmeSnippets.example()
            .lines()
            .filter(line -> line.startsWith("import dev.cairn."))
            .count();
    assertTrue(0 < imports && imports <= 5, () -> "imports=" + imports);
  }

  private String compile(String source) throws IOException {
    String name = ReadmeSnippets.className(source);
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
}
