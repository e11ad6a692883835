package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.hf.FolderCheck;
import dev.cairn.kernels.Kernels;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
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

/**
 * A Maven project that depends on Cairn as the page for trainers says, with a local repository that
 * has never seen it: it resolves what was published, compiles README's example and saves.
 */
final class ConsumerProject {
  private static final int LIMIT_SECONDS = 120;

  private final Path folder;
  private final Path java;
  private final String example;

  /** Builds the project in a folder, with a JDK, from the repository that Cairn is in. */
  ConsumerProject(Path folder, Path java, URI repository) throws Exception {
    this.folder = folder;
    this.java = java;
    String source = ReadmeSnippets.example();
    example = ReadmeSnippets.className(source);
    Path sources = Files.createDirectories(folder.resolve("src/main/java"));
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
            "@BUILT@", repository.toString(),
            "@FETCHED@", Path.of(System.getProperty("cairn.maven.repository")).toUri().toString(),
            "@COMPILER_PLUGIN@", System.getProperty("cairn.compiler.plugin"));
    copy("pom.xml", values);
    copy("settings.xml", values);
    run(
        Path.of(System.getProperty("cairn.maven.home"), "bin", "mvn").toString(),
        "--batch-mode",
        "--no-transfer-progress",
        "--settings=settings.xml",
        "--global-settings=settings.xml",
        "-Dmaven.repo.local=" + folder.resolve("repository"),
        "compile",
        "org.apache.maven.plugins:maven-dependency-plugin:%s:copy-dependencies"
            .formatted(System.getProperty("cairn.dependency.plugin")),
        "-DincludeScope=runtime",
        "-Dmdep.useBaseVersion=true",
        "-DoutputDirectory=lib");
  }

  private void copy(String name, Map<String, String> values) throws IOException {
    String text;
    try (InputStream template = ConsumerProject.class.getResourceAsStream("/consumer/" + name)) {
      text = new String(template.readAllBytes(), StandardCharsets.UTF_8);
    }
    for (Map.Entry<String, String> value : values.entrySet()) {
      text = text.replace(value.getKey(), value.getValue());
    }
    Files.writeString(folder.resolve(name), text);
  }

  /** Returns the names of what the project runs with, without versions. */
  List<String> libraries() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve("lib"))) {
      return files
          .map(file -> file.getFileName().toString())
          .map(name -> name.replaceFirst("-\\d+(\\.\\d+)*(-SNAPSHOT)?", "-*"))
          .sorted()
          .toList();
    }
  }

  /** Saves as README's example does, checks the folder and returns what was said. */
  String save(String... options) throws Exception {
    return verify(runJava(example, options));
  }

  /** Saves in a module that requires Cairn's alone: what the example uses is exported. */
  String saveAsModule() throws Exception {
    Path sources = Files.createDirectories(folder.resolve("src/module/example"));
    String source = "package example;\n" + ReadmeSnippets.example();
    Files.writeString(sources.resolve(example + ".java"), source);
    Path module = sources.resolveSibling("module-info.java");
    Files.writeString(module, "module example { requires dev.cairn; }\n");
    run(
        program("javac"),
        "--module-path=lib",
        "-d",
        "modules/example",
        module.toString(),
        sources.resolve(example + ".java").toString());
    return verify(
        run(
            program("java"),
            "--module-path=modules" + File.pathSeparator + "lib",
            "--add-modules=ALL-MODULE-PATH",
            "--module=example/example." + example));
  }

  /** Returns the name of the kernels that a program gets. */
  String kernels() throws Exception {
    return runJava("PrintKernels").strip();
  }

  private String verify(String said) throws IOException {
    assertTrue(said.contains("[model.safetensors]: "), said);
    Path model = folder.resolve("model");
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

  private String runJava(String mainClass, String... options) throws Exception {
    List<String> command = new ArrayList<>(List.of(program("java")));
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", "target/classes:lib/*", mainClass));
    return run(command.toArray(String[]::new));
  }

  private String program(String name) {
    return java.resolve("bin").resolve(name).toString();
  }

  /** Runs a command in the project to its end and returns what it printed. */
  private String run(String... command) throws IOException, InterruptedException {
    Path out = Files.createTempFile(folder, "out", null);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.directory(folder.toFile()).redirectErrorStream(true).redirectOutput(out.toFile());
    builder.environment().put("JAVA_HOME", java.toString());
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
