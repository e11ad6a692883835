package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.gate.Distribution.Finished;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A release of these sources, made in another folder and signed with a key that is thrown away. */
@Tag("processes")
class ReleaseIT {
  private static final String ADDRESS = "https://cairn.invalid/project";
  private static final List<String> JARS = List.of("", "-linux-x86_64", "-sources", "-javadoc");

  @TempDir private static Path folder;
  private static Path checkout;
  private static String name;

  @BeforeAll
  static void release() throws Exception {
    assumeTrue(Boolean.getBoolean("cairn.release"), "takes minutes: mvn -P full verify");
    name = "cairn-" + System.getProperty("cairn.version");
    checkout = Files.createDirectory(folder.resolve("checkout"));
    Files.createDirectory(folder.resolve("keys"));
    sh("chmod 700 keys");
    sh("gpg --batch --passphrase '' --quick-gen-key 'Nobody <nobody@cairn.invalid>'");
    String source = Path.of("").toAbsolutePath().toString();
    sh(
        "cd '"
            + source
            + "' && git ls-files -z --cached --others --exclude-standard"
            + " | xargs -0 cp --parents -t '"
            + checkout
            + "'");
    String maven = System.getProperty("cairn.maven.home") + "/bin/mvn";
    sh(
        "cd checkout && '"
            + maven
            + "' -B -q -P release,dist verify -DskipTests"
            + " -Drelease.url="
            + ADDRESS
            + " -Drelease.scm="
            + ADDRESS
            + ".git");
  }

  private static String sh(String line) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("env", "JAVA_HOME=" + System.getProperty("java.home")));
    command.add("GNUPGHOME=" + folder.resolve("keys"));
    command.addAll(List.of("sh", "-c", "cd '" + folder + "' && " + line));
    Finished run = Distribution.run(command);
    assertEquals(0, run.status(), line + "\n" + run.said());
    return run.said();
  }

  private static Path made(String file) {
    return checkout.resolve("target").resolve(file);
  }

  /**
   * Not that of natives: JavaCPP writes functions in whatever order reflection gives it methods.
   */
  @Test
  void jarsHaveTheBytesOfThisBuild() throws Exception {
    for (String classifier : List.of("", "-sources", "-javadoc")) {
      byte[] here = Files.readAllBytes(JarsIT.jar(classifier));
      byte[] there = Files.readAllBytes(made(name + classifier + ".jar"));
      assertArrayEquals(here, there, "made in another folder: classifier=" + classifier);
    }
  }

  @Test
  void everythingIsSigned() throws Exception {
    List<String> files = new ArrayList<>(List.of(name + ".pom", "bom.json"));
    JARS.forEach(classifier -> files.add(name + classifier + ".jar"));
    for (String file : files) {
      sh("gpg --verify '" + made(file + ".asc") + "' '" + made(file) + "'");
    }
  }

  @Test
  void pomSaysWhereTheReleaserSaysItIs() throws Exception {
    String pom = Files.readString(made(name + ".pom"));
    assertTrue(pom.contains("<url>" + ADDRESS + "</url>"), pom);
    assertTrue(pom.contains("<connection>scm:git:" + ADDRESS + ".git</connection>"), pom);
    for (String asked : List.of("<name>", "<description>", "<licenses>", "<developers>")) {
      assertTrue(pom.contains(asked), asked);
    }
    assertFalse(pom.contains("${"), pom);
  }

  @Test
  void partsAreListed() throws Exception {
    String parts = Files.readString(made("bom.json"));
    for (String part : List.of("org.bytedeco/javacpp@", "jackson-core@", "picocli@")) {
      assertTrue(parts.contains(part), part);
    }
  }
}
