package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.kernels.Kernels;
import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Exports;
import java.lang.module.ModuleDescriptor.Requires.Modifier;
import java.lang.module.ModuleFinder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What is published: the jars as they lie under target/. */
@Tag("processes")
class JarsIT {
  private static final Path BUILD = Path.of(System.getProperty("cairn.build.directory", "target"));
  private static final String PLATFORM = "-linux-x86_64";

  /** Prints which kernels a program gets. */
  static final class PrintKernels {
    private PrintKernels() {}

    public static void main(String[] arguments) {
      System.out.println(Kernels.best().name());
    }
  }

  @Test
  void mainJarHoldsClassesAndNoNatives() throws IOException {
    List<String> names = names(jar(""));
    assertTrue(names.contains("dev/cairn/Checkpointer.class"), names::toString);
    assertEquals(List.of(), names.stream().filter(JarsIT::isNative).toList());
  }

  @Test
  void nativesJarHoldsTheLibraryAndNoClasses() throws IOException {
    List<String> names = names(jar(PLATFORM));
    assertTrue(names.stream().anyMatch(name -> name.endsWith("/libjnicairn.so")), names::toString);
    assertFalse(names.stream().anyMatch(name -> name.contains("-gpu")), names::toString);
    assertFalse(names.stream().anyMatch(name -> name.endsWith(".class")), names::toString);
  }

  @Test
  void everyJarHoldsTheLicences() throws IOException {
    for (String classifier : List.of("", PLATFORM, "-sources")) {
      List<String> names = names(jar(classifier));
      assertTrue(names.contains("META-INF/LICENSE"), classifier);
      assertTrue(names.contains("META-INF/THIRD-PARTY.txt"), classifier);
    }
  }

  /** A build at another time makes the same bytes only if no file in a jar tells the time. */
  @Test
  void filesInJarsAreOfTheTimeThatTheBuildIsGiven() throws IOException {
    Instant time = Instant.parse(System.getProperty("cairn.time"));
    for (String classifier : List.of("", PLATFORM, "-sources", "-javadoc")) {
      try (ZipFile zip = new ZipFile(jar(classifier).toFile())) {
        for (ZipEntry entry : zip.stream().toList()) {
          LocalDateTime packed = entry.getTimeLocal();
          assertEquals(
              LocalDateTime.ofInstant(time, ZoneOffset.UTC), packed, classifier + ": " + entry);
        }
      }
    }
  }

  @Test
  void programWithBothJarsGetsNativeKernels() throws Exception {
    String kernels = kernelsOfProgramWith(jar(""), jar(PLATFORM));
    assertTrue(List.of("baseline", "avx2", "avx512").contains(kernels), kernels);
  }

  @Test
  void programWithoutTheNativesJarGetsJavaKernels() throws Exception {
    assertEquals("java", kernelsOfProgramWith(jar("")));
  }

  @Test
  void programOnTheModulePathGetsNativeKernels() throws Exception {
    List<String> path = new ArrayList<>(List.of(jar("").toString(), jar(PLATFORM).toString()));
    path.addAll(libraries());
    String kernels =
        kernelsOfProgramWith(
            "--module-path",
            String.join(":", path),
            "--add-modules=ALL-MODULE-PATH",
            "--class-path",
            BUILD.resolve("test-classes").toString());
    assertTrue(List.of("baseline", "avx2", "avx512").contains(kernels), kernels);
  }

  @Test
  void jarsAreModulesOfTheirOwn() throws IOException {
    assertEquals("dev.cairn", moduleOf(jar("")));
    assertEquals("dev.cairn.linux.x86_64", moduleOf(jar(PLATFORM)));
  }

  @Test
  void moduleExportsWhatUsersMayUseAndNothingElse() throws IOException {
    ModuleDescriptor module = ModuleFinder.of(jar("")).find("dev.cairn").orElseThrow().descriptor();
    Set<String> exported =
        module.exports().stream().map(Exports::source).collect(Collectors.toSet());
    assertTrue(exported.containsAll(Set.of("dev.cairn", "dev.cairn.model")), exported::toString);
    Set<String> internal =
        Set.of("cli", "commit", "copy", "gpu", "io", "json", "machine", "ranks", "restore", "save");
    internal.forEach(name -> assertFalse(exported.contains("dev.cairn." + name), name));
    module.requires().stream()
        .filter(required -> required.name().matches("info.picocli|org.bytedeco.(pytorch|cuda)"))
        .forEach(
            required ->
                assertTrue(required.modifiers().contains(Modifier.STATIC), required.name()));
  }

  static String moduleOf(Path jar) {
    return ModuleFinder.of(jar).findAll().iterator().next().descriptor().name();
  }

  @Test
  void sourcesAndJavadocAreThere() throws IOException {
    assertTrue(names(jar("-sources")).contains("dev/cairn/Checkpointer.java"));
    assertTrue(
        names(jar("-javadoc")).stream()
            .anyMatch(name -> name.endsWith("dev/cairn/Checkpointer.html")));
  }

  /** Runs a program that has the jars, JavaCPP and the JSON parser, nothing more. */
  static String kernelsOfProgramWith(Path... jars) throws Exception {
    List<String> classpath = new ArrayList<>();
    for (Path jar : jars) {
      classpath.add(jar.toString());
    }
    classpath.addAll(libraries());
    classpath.add(BUILD.resolve("test-classes").toString());
    return kernelsOfProgramWith(
        "--enable-native-access=ALL-UNNAMED", "-cp", String.join(":", classpath));
  }

  private static List<String> libraries() throws IOException {
    try (Stream<Path> libraries = Files.list(BUILD.resolve("lib"))) {
      return libraries
          .map(Path::toString)
          .filter(name -> name.contains("javacpp") || name.contains("jackson"))
          .toList();
    }
  }

  private static String kernelsOfProgramWith(String... options) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    command.add(PrintKernels.class.getName());
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor());
    return out.strip();
  }

  static Path jar(String classifier) throws IOException {
    return find(classifier)
        .orElseThrow(() -> new IOException("no such jar: classifier=" + classifier));
  }

  /** Returns a jar of this version, if it has been built. */
  static Optional<Path> find(String classifier) throws IOException {
    String name = "cairn-[0-9.]+(-SNAPSHOT)?" + classifier + "\\.jar";
    try (Stream<Path> files = Files.list(BUILD)) {
      return files.filter(file -> file.getFileName().toString().matches(name)).findFirst();
    }
  }

  static List<String> names(Path jar) throws IOException {
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      return zip.stream().map(ZipEntry::getName).toList();
    }
  }

  private static boolean isNative(String name) {
    return name.matches(".*\\.(so|a|dll|dylib|o)(\\.\\d+)*");
  }
}
