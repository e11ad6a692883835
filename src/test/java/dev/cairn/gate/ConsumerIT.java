package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A project that uses what this build would publish. */
@Tag("processes")
class ConsumerIT {
  private static final Path BUILD = Path.of(System.getProperty("cairn.build.directory", "target"));

  @TempDir private static Path folder;
  private static ConsumerProject project;

  @BeforeAll
  static void buildTheProject() throws Exception {
    assumeTrue(
        System.getProperty("cairn.maven.home") != null,
        "runs inside mvn verify, which tells where Maven is");
    Path java = Path.of(System.getProperty("java.home"));
    project = new ConsumerProject(folder, java, publish().toUri());
  }

  /** Lays the POM and every jar of the build out as a Maven repository has them. */
  private static Path publish() throws IOException {
    String version = System.getProperty("cairn.version");
    Path built = folder.resolve("built");
    Path place = Files.createDirectories(built.resolve("dev/cairn/cairn").resolve(version));
    Files.copy(Path.of("pom.xml"), place.resolve("cairn-" + version + ".pom"));
    try (Stream<Path> files = Files.list(BUILD)) {
      for (Path jar : files.filter(file -> file.toString().endsWith(".jar")).toList()) {
        Files.copy(jar, place.resolve(jar.getFileName()));
      }
    }
    return built;
  }

  @Test
  void dependsOnTwoLibrariesBesideCairn() throws IOException {
    assertEquals(
        List.of("cairn-*-linux-x86_64.jar", "cairn-*.jar", "jackson-core-*.jar", "javacpp-*.jar"),
        project.libraries());
  }

  @Test
  void savesAFolderThatVerifies() throws Exception {
    project.save();
  }

  @Test
  void savesWithoutTheNativeLibraryToo() throws Exception {
    String said = project.save("-Dorg.bytedeco.javacpp.platform=linux-riscv64");
    assertTrue(said.contains("native library not loaded"), said);
  }

  @Test
  void savesAsAModule() throws Exception {
    String said = project.saveAsModule();
    assertFalse(said.contains("native library not loaded"), said);
  }

  @Test
  void getsTheNativeKernels() throws Exception {
    String kernels = project.kernels();
    assertTrue(List.of("baseline", "avx2", "avx512").contains(kernels), kernels);
  }
}
