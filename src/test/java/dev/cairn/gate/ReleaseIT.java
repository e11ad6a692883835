package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.gate.Distribution.Finished;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A release of these sources, made by another user, in another folder, in another time zone, and
 * signed with a key that is thrown away. It lies in a repository, from which projects take it.
 */
@Tag("processes")
class ReleaseIT {
  private static final String ADDRESS = "https://cairn.invalid/project";
  private static final List<String> JARS = List.of("", "-linux-x86_64", "-sources", "-javadoc");

  private static final String FETCHED = System.getProperty("cairn.maven.repository");

  @TempDir private static Path folder;
  private static Path checkout;
  private static String name;
  private static boolean asNobody;

  @BeforeAll
  @Timeout(value = 20, unit = TimeUnit.MINUTES)
  static void release() throws Exception {
    assumeTrue(Boolean.getBoolean("cairn.release"), "takes minutes: mvn -P full verify");
    name = "cairn-" + System.getProperty("cairn.version");
    checkout = folder.resolve("checkout");
    for (String made : List.of("checkout", "keys", "home", "staged")) {
      Files.createDirectory(folder.resolve(made));
    }
    String source = Path.of("").toAbsolutePath().toString();
    sh(
        "cd '%s' && git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t '%s'"
            .formatted(source, checkout));
    // What a release is made with is fetched first.
    String maven = System.getProperty("cairn.maven.home") + "/bin/mvn";
    String profiles = "-B -q -P release,dist -Drelease.url=%s -Drelease.scm=%s.git";
    maven = "cd checkout && '" + maven + "' " + profiles.formatted(ADDRESS, ADDRESS);
    sh(
        "%s -Dmaven.repo.local='%s' org.apache.maven.plugins:maven-dependency-plugin:%s:resolve-plugins"
            .formatted(maven, FETCHED, System.getProperty("cairn.dependency.plugin")));
    String repository = FETCHED;
    if (sh("id -u").strip().equals("0")) {
      repository = folder.resolve("fetched").toString();
      // Folders of nobody's with the same files, which nobody may only read.
      sh("cp -al '%1$s' fetched || cp -a '%1$s' fetched".formatted(FETCHED));
      sh("chown -R nobody checkout keys home staged && find . -type d -exec chown nobody {} +");
      asNobody = true;
    }
    sh("chmod 700 keys");
    sh("gpg --batch --passphrase '' --quick-gen-key 'Nobody <nobody@cairn.invalid>'");
    sh(
        "umask 002 && %s deploy -Dmaven.test.skip=true -Dmaven.install.skip -Dfmt.skip -Dmaven.repo.local='%s'"
                .formatted(maven, repository)
            + " -DaltDeploymentRepository=staged::file:'"
            + folder.resolve("staged")
            + "'");
  }

  /** Runs a line of the shell, as nobody once there is something of nobody's. */
  private static String sh(String line) throws Exception {
    List<String> command = new ArrayList<>();
    if (asNobody) {
      // Of the same group: it may read what was fetched.
      command.addAll(List.of("setpriv", "--reuid=nobody", "--keep-groups"));
    }
    command.addAll(List.of("env", "JAVA_HOME=" + System.getProperty("java.home")));
    command.addAll(List.of("HOME=" + folder.resolve("home"), "TZ=Asia/Tokyo"));
    command.add("MAVEN_OPTS=-Duser.home=" + folder.resolve("home"));
    command.add("GNUPGHOME=" + folder.resolve("keys"));
    command.addAll(List.of("sh", "-c", "cd '" + folder + "' && " + line));
    Finished run = Distribution.run(command);
    assertEquals(0, run.status(), line + "\n" + run.said());
    return run.said();
  }

  private static Path made(String file) {
    return checkout.resolve("target").resolve(file);
  }

  @Test
  void jarsHaveTheBytesOfThisBuild() throws Exception {
    for (String classifier : JARS) {
      assertSame(JarsIT.jar(classifier), made(name + classifier + ".jar"));
    }
  }

  @Test
  void archiveHasTheBytesOfThisBuild() throws Exception {
    assertSame(Distribution.make(), made(name + "-linux-x86_64.tar.gz"));
  }

  private static void assertSame(Path here, Path there) throws Exception {
    assertEquals(-1, Files.mismatch(here, there), there + ": first byte that differs");
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

  @Test
  void projectsOnEveryJdkHereSaveWithWhatIsStaged() throws Exception {
    for (Map.Entry<Integer, Path> jdk : Jdks.from(17).entrySet()) {
      Path place = Files.createDirectory(folder.resolve("project-" + jdk.getKey()));
      var project = new ConsumerProject(place, jdk.getValue(), folder.resolve("staged").toUri());
      String said = project.save() + project.saveAsModule();
      assertFalse(said.contains("native library not loaded"), said);
    }
  }
}
