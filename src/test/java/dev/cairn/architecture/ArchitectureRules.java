package dev.cairn.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.elements.GivenClassesConjunction;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Who may use what, as rules over the packages below one root: {@code dev.cairn} for the project,
 * the fixtures' package for the test of the rules themselves.
 */
final class ArchitectureRules {
  /** Topmost first; a package uses only packages of later lines. The empty name is the root. */
  private static final List<List<String>> LINES =
      List.of(
          List.of("cli"),
          List.of("peft.merge"),
          List.of("peft.stored"),
          List.of("peft", "deepspeed", "dcp", "torch"),
          List.of("deepspeed.saved"),
          List.of("content", "deepspeed.parallel"),
          List.of("peft.names", "torchfile"),
          List.of("torchfile.checksum"),
          List.of(""),
          List.of("restore", "run"),
          List.of("save"),
          List.of("hf.fit"),
          List.of("hf"),
          List.of("hf.generation", "hf.files"),
          List.of("gpu", "meter"),
          List.of("ranks", "commit"),
          List.of("copy"),
          List.of("comm"),
          List.of("comm.gloo", "comm.nccl", "comm.rendezvous"),
          List.of("comm.bulk"),
          List.of("comm.control"),
          List.of("kernels", "comm.channel", "io"),
          List.of("model", "options"),
          List.of("device"),
          List.of("machine"),
          List.of("form.check", "form.place"),
          List.of("form", "plan"),
          List.of("form.template"),
          List.of("layout", "safetensors", "policy"),
          List.of("json", "input", "checksum"),
          List.of("tensor"));

  /** Each meets the world outside in its own way, and none of them sees another. */
  private static final List<String> EDGES = List.of("kernels", "comm", "io");

  /** Each reads what another library made, and none of them sees another. */
  private static final List<String> READERS = List.of("peft", "deepspeed", "dcp", "torch");

  private static final List<String> PURE =
      List.of("tensor", "layout", "safetensors", "policy", "plan", "form", "json", "checksum");

  private static final String[] FILES_SOCKETS_CLOCKS_THREADS = {
    "java.io.File.*|java.io.RandomAccessFile|java.nio.file\\..*|java.nio.channels\\..*",
    "java.net\\..*|javax.net\\..*",
    "java.time.Clock|java.time.Instant|java.util.Timer",
    "java.lang.Thread.*|java.lang.Process.*|java.util.concurrent\\..*",
    "org.bytedeco\\..*"
  };

  /** Read what a trainer or user hands over, or copy it; checkpoints are not their business. */
  private static final String READERS_OF_INPUT =
      ".*\\.(ModelConfig|GenerationConfig|TokenIds|VocabularyReader|SmallFiles|FolderFile"
          + "|FolderDescription)(\\$.*)?";

  private final String root;

  /** Makes the rules for the packages below {@code root}. */
  ArchitectureRules(String root) {
    this.root = root;
  }

  /** Returns the packages that no line names, of these. */
  Set<String> unnamed(Set<String> packages) {
    Set<String> unnamed = new TreeSet<>(packages);
    unnamed.removeIf(name -> named().anyMatch(line -> isOf(name, line)));
    return unnamed;
  }

  private static Stream<String> named() {
    return LINES.stream().flatMap(List::stream);
  }

  private boolean isOf(String packageName, String line) {
    String exactly = line.isEmpty() ? root : root + "." + line;
    return packageName.equals(exactly) || (!isExact(line) && packageName.startsWith(exactly + "."));
  }

  /** A line stands for the packages below its own as well, unless these have lines themselves. */
  private static boolean isExact(String line) {
    return line.isEmpty() || named().anyMatch(other -> other.startsWith(line + "."));
  }

  /** Returns every rule under the name that a failing test shows. */
  Map<String, ArchRule> byName() {
    Map<String, ArchRule> rules = new LinkedHashMap<>();
    rules.put("layers", layers());
    rules.put("edges", apart(EDGES));
    rules.put("readers", apart(READERS));
    rules.put("purity", purity());
    rules.put("clocks", clocks());
    rules.put("disk", disk());
    rules.put("natives", natives());
    rules.put("pytorch", pytorch());
    rules.put("cuda", cuda());
    rules.put("picocli", picocli());
    rules.put("system-out", systemOut());
    rules.put("logging", logging());
    rules.replaceAll((name, rule) -> rule.allowEmptyShould(true));
    return rules;
  }

  private LayeredArchitecture layers() {
    LayeredArchitecture layers =
        layeredArchitecture().consideringOnlyDependenciesInLayers().withOptionalLayers(true);
    for (String name : named().toList()) {
      String exactly = name.isEmpty() ? root : root + "." + name;
      layers = layers.layer(layer(name)).definedBy(isExact(name) ? exactly : below(name));
    }
    for (int line = 0; line < LINES.size(); line++) {
      String[] allowed =
          LINES.subList(line + 1, LINES.size()).stream()
              .flatMap(List::stream)
              .map(ArchitectureRules::layer)
              .toArray(String[]::new);
      for (String name : LINES.get(line)) {
        layers =
            allowed.length == 0
                ? layers.whereLayer(layer(name)).mayNotAccessAnyLayer()
                : layers.whereLayer(layer(name)).mayOnlyAccessLayers(allowed);
      }
    }
    return layers;
  }

  private static String layer(String name) {
    return name.isEmpty() ? "root" : name;
  }

  private ArchRule apart(List<String> names) {
    return SlicesRuleDefinition.slices()
        .matching(root + ".(" + String.join("|", names) + ")..")
        .should()
        .notDependOnEachOther();
  }

  private ArchRule purity() {
    return noClasses()
        .that()
        .resideInAnyPackage(pure())
        .should()
        .dependOnClassesThat()
        .haveNameMatching(String.join("|", FILES_SOCKETS_CLOCKS_THREADS));
  }

  private ArchRule clocks() {
    return noClasses()
        .that()
        .resideInAnyPackage(pure())
        .should()
        .callMethod(System.class, "nanoTime")
        .orShould()
        .callMethod(System.class, "currentTimeMillis")
        .orShould()
        .callMethod(System.class, "getenv", String.class)
        .orShould()
        .callMethod(System.class, "getProperty", String.class);
  }

  /** Files of checkpoints are touched through {@code Disk} alone: there a test makes them fail. */
  private ArchRule disk() {
    return noClasses()
        .that()
        .resideInAnyPackage(ofCheckpoints())
        .and()
        .haveNameNotMatching(READERS_OF_INPUT)
        .should()
        .dependOnClassesThat()
        .haveNameMatching(
            "java\\.nio\\.file\\.Files|java\\.nio\\.channels\\..*|java\\.io\\.File.*");
  }

  private String[] ofCheckpoints() {
    return Stream.concat(
            Stream.of(root),
            Stream.of("hf", "run", "restore", "save", "ranks", "meter", "gpu", "commit", "copy")
                .map(this::below))
        .toArray(String[]::new);
  }

  private ArchRule natives() {
    return methods()
        .that()
        .haveModifier(JavaModifier.NATIVE)
        .should()
        .beDeclaredInClassesThat()
        .resideInAnyPackage(below("kernels.jni"), below("io.jni"));
  }

  private ArchRule pytorch() {
    return noClasses()
        .that()
        .resideOutsideOfPackages(below("comm.gloo"), below("torch"))
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.bytedeco.pytorch..");
  }

  private ArchRule cuda() {
    return noClasses()
        .that()
        .resideOutsideOfPackages(below("device"), below("comm.nccl"), below("torch"))
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.bytedeco.cuda..");
  }

  private ArchRule picocli() {
    return outsideCli()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("picocli..", "me.tongfei..");
  }

  private ArchRule systemOut() {
    return outsideCli()
        .should()
        .accessField(System.class, "out")
        .orShould()
        .callMethod(System.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "exit", int.class)
        .orShould()
        .callMethod(Runtime.class, "halt", int.class);
  }

  private ArchRule logging() {
    return noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "java.util.logging..", "org.slf4j..", "org.apache.logging..", "org.apache.commons..");
  }

  private GivenClassesConjunction outsideCli() {
    return noClasses().that().resideOutsideOfPackage(below("cli"));
  }

  private String[] pure() {
    return PURE.stream().map(this::below).toArray(String[]::new);
  }

  private String below(String name) {
    return root + "." + name + "..";
  }
}
