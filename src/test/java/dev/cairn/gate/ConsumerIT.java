package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.hf.FolderCheck;
import dev.cairn.kernels.Kernels;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A Maven project that depends on Cairn as the page for trainers says, with a local repository that
 * has never seen it: it resolves what this build has published, compiles README's example and
 * saves.
 */
@Tag("processes")
class ConsumerIT {
  private static final Path BUILD = Path.of(System.getProperty("cairn.build.directory", "target"));
  private static final int LIMIT_SECONDS = 120;

  @TempDir private static Path project;
  private static String example;

  @BeforeAll
  static void buildTheProject() throws Exception {
    String mavenHome = System.getProperty("cairn.maven.home");
    assumeTrue(mavenHome != null, "runs inside mvn verify, which tells where Maven is");
    String source = ReadmeSnippets.example();
    example = ReadmeSnippets.className(source);
    Path sources = Files.createDirectories(project.resolve("src/main/java"));
    Files.writeString(sources.resolve(example + ".java"), source);
    Files.writeString(
        sources.resolve("PrintKernels.java"),
        """
        class PrintKernels {
          public static void main(String[] args) {
            System.out.println(dev.cairn.kernels.Kernels.best().name());
          }
        }
        """);
    Map<String, String> values =
        Map.of(
            "@DEPENDENCIES@", ReadmeSnippets.dependencies(),
            "@BUILT@", publish().toUri().toString(),
            "@FETCHED@", Path.of(System.getProperty("cairn.maven.repository")).toUri().toString(),
            "@COMPILER_PLUGIN@", System.getProperty("cairn.compiler.plugin"));
    copy("pom.xml", values);
    copy("settings.xml", values);
    run(
        Path.of(mavenHome, "bin", "mvn").toString(),
        "--batch-mode",
        "--no-transfer-progress",
        "--settings=settings.xml",
        "--global-settings=settings.xml",
        "-Dmaven.repo.local=" + project.resolve("repository"),
        "compile",
        "org.apache.maven.plugins:maven-dependency-plugin:%s:copy-dependencies"
            .formatted(System.getProperty("cairn.dependency.plugin")),
        "-DincludeScope=runtime",
        "-Dmdep.useBaseVersion=true",
        "-DoutputDirectory=lib");
  }

  /** Lays the POM and every jar of the build out as a Maven repository has them. */
  private static Path publish() throws IOException {
    String version = System.getProperty("cairn.version");
    Path built = project.resolve("built");
    Path place = Files.createDirectories(built.resolve("dev/cairn/cairn").resolve(version));
    Files.copy(Path.of("pom.xml"), place.resolve("cairn-" + version + ".pom"));
    try (Stream<Path> files = Files.list(BUILD)) {
      for (Path jar : files.filter(file -> file.toString().endsWith(".jar")).toList()) {
        Files.copy(jar, place.resolve(jar.getFileName()));
      }
    }
    return built;
  }

  private static void copy(String name, Map<String, String> values) throws IOException {
    String text;
    try (InputStream template = ConsumerIT.class.getResourceAsStream("/consumer/" + name)) {
      text = new String(template.readAllBytes(), StandardCharsets.UTF_8);
    }
    for (Map.Entry<String, String> value : values.entrySet()) {
      text = text.replace(value.getKey(), value.getValue());
    }
    Files.writeString(project.resolve(name), text);
  }

  @Test
  void dependsOnTwoLibrariesBesideCairn() throws IOException {
    try (Stream<Path> files = Files.list(project.resolve("lib"))) {
      assertEquals(
          List.of("cairn-*-linux-x86_64.jar", "cairn-*.jar", "jackson-core-*.jar", "javacpp-*.jar"),
          files
              .map(file -> file.getFileName().toString())
              .map(name -> name.replaceFirst("-\\d+(\\.\\d+)*(-SNAPSHOT)?", "-*"))
              .sorted()
              .toList());
    }
  }

  @Test
  void savesAFolderThatVerifies() throws Exception {
    saveAndVerify();
  }

  @Test
  void savesWithoutTheNativeLibraryToo() throws Exception {
    String said = saveAndVerify("-Dorg.bytedeco.javacpp.platform=linux-riscv64");
    assertTrue(said.contains("native library not loaded"), said);
  }

  /** A module that requires Cairn's alone: what the example uses is exported. */
  @Test
  void savesAsAModule() throws Exception {
    Path sources = Files.createDirectories(project.resolve("src/module/example"));
    String source = "package example;\n" + ReadmeSnippets.example();
    Files.writeString(sources.resolve(example + ".java"), source);
    Path module = sources.resolveSibling("module-info.java");
    Files.writeString(module, "module example { requires dev.cairn; }\n");
    String java = Path.of(System.getProperty("java.home"), "bin").toString();
    run(
        Path.of(java, "javac").toString(),
        "--module-path=lib",
        "-d",
        "modules/example",
        module.toString(),
        sources.resolve(example + ".java").toString());
    String said =
        run(
            Path.of(java, "java").toString(),
            "--module-path=modules" + File.pathSeparator + "lib",
            "--add-modules=ALL-MODULE-PATH",
            "--module=example/example." + example);
    assertFalse(said.contains("native library not loaded"), said);
    verify(said);
  }

  private static String saveAndVerify(String... options) throws Exception {
    return verify(runJava(example, options));
  }

  private static String verify(String said) throws IOException {
    assertTrue(said.contains("[model.safetensors]: "), said);
    Path model = project.resolve("model");
    assertTrue(Files.exists(model.resolve("COMPLETED")));
    Kernels kernels = Kernels.best();
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    assertEquals(List.of(), FolderCheck.check(model, kernels::crc32c, buffer, bytes -> {}));
    try (Stream<Path> files = Files.walk(model)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
    return said;
  }

  @Test
  void getsTheNativeKernels() throws Exception {
    String kernels = runJava("PrintKernels").strip();
    assertTrue(List.of("baseline", "avx2", "avx512").contains(kernels), kernels);
  }

  private static String runJava(String mainClass, String... options) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", "target/classes:lib/*", mainClass));
    return run(command.toArray(String[]::new));
  }

  /** Runs a command in the project to its end and returns what it printed. */
  private static String run(String... command) throws IOException, InterruptedException {
    Path out = Files.createTempFile(project, "out", null);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.directory(project.toFile()).redirectErrorStream(true).redirectOutput(out.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("MAVEN_SKIP_RC", "true");
    builder.environment().remove("MAVEN_ARGS");
    Process process = builder.start();
    if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
      throw new IOException("did not end: " + command[0] + "\n" + Files.readString(out));
    }
    assertEquals(0, process.exitValue(), Files.readString(out));
    return Files.readString(out);
  }
}
