package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tests for jcstress compile, though only {@code mvn -P jcstress test} runs them. */
class StressSourcesTest {
  private static final Path SOURCES = Path.of("src/jcstress/java");

  @TempDir private Path folder;

  @Test
  void compileWithoutAWarning() throws IOException {
    List<Path> sources;
    try (Stream<Path> files = Files.walk(SOURCES)) {
      sources = files.filter(file -> file.toString().endsWith(".java")).toList();
    }
    assertFalse(sources.isEmpty(), SOURCES::toString);
    StringWriter said = new StringWriter();
    assertTrue(compiles(sources, said), said::toString);
    assertEquals("", said.toString());
  }

  @Test
  void sourceThatUsesWhatIsNotThereDoesNotCompile() throws IOException {
    Path wrong = folder.resolve("Wrong.java");
    Files.writeString(wrong, "class Wrong { dev.cairn.NotThere field; }");
    assertFalse(compiles(List.of(wrong), new StringWriter()));
  }

  private boolean compiles(List<Path> sources, StringWriter said) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      return compiler
          .getTask(
              said,
              files,
              null,
              List.of(
                  "-proc:none", "-Xlint:all,-classfile,-path", "-Werror", "-d", folder.toString()),
              null,
              files.getJavaFileObjectsFromPaths(sources))
          .call();
    }
  }
}
