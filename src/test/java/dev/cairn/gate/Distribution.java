package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The archive for machines without Java, made of this build and unpacked in an empty root. */
final class Distribution {
  private static final int LIMIT_SECONDS = 900;
  private static final int LEAST_JAVA = 25;
  private static final Path BUILD = Path.of(System.getProperty("cairn.build.directory", "target"));
  private static final Path LOADER = Path.of("/lib64/ld-linux-x86-64.so.2");

  /** All that a process finds in the root beside the archive. */
  private static final List<String> LIBC =
      List.of("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1");

  /** Where in the root what the host does not let be seen is put. */
  static final String WORK = "/work";

  private Distribution() {}

  /** Returns whether the machine has a Java whose jlink makes the archive. */
  static boolean isPossible() throws IOException {
    return !Jdks.from(LEAST_JAVA).isEmpty();
  }

  /** Makes the archive, as the profile does. */
  static Path make() throws IOException, InterruptedException {
    String version = System.getProperty("cairn.version");
    assumeTrue(version != null, "runs inside mvn verify, which tells the version");
    assumeTrue(isPossible(), "no JDK 25 or newer here, with whose jlink the archive is made");
    List<String> command = new ArrayList<>(List.of("bash", "bin/assemble"));
    command.add(System.getProperty("java.home"));
    command.add(JarsIT.jar("").toString());
    command.add(JarsIT.jar("-linux-x86_64").toString());
    command.addAll(List.of(version, System.getProperty("cairn.time")));
    Finished made = run(command);
    assertEquals(0, made.status(), made.said());
    return BUILD.resolve("cairn-" + version + "-linux-x86_64.tar.gz").toAbsolutePath();
  }

  /** Lays out a root that has a C library and a shell, and nothing more. */
  static void makeRoot(Path root) throws IOException {
    for (String folder : List.of("bin", "lib64", "proc", "dev", "tmp", "root", "lib", "work")) {
      Files.createDirectories(root.resolve(folder));
    }
    Files.copy(LOADER, root.resolve("lib64").resolve(LOADER.getFileName()));
    Path libraries = LOADER.toRealPath().getParent();
    for (String name : LIBC) {
      Files.copy(libraries.resolve(name), root.resolve("lib").resolve(name));
    }
    Files.copy(Path.of("/bin/sh").toRealPath(), root.resolve("bin/sh"));
  }

  /**
   * Runs a line of the root's shell in its folder {@link #WORK}, with nothing in its environment.
   */
  static Finished inRoot(Path root, String line) throws IOException, InterruptedException {
    String mounts =
        "mount --bind /proc $1/proc && mount --bind /dev $1/dev && exec env -i "
            + "PATH=/nowhere /usr/sbin/chroot $1 /bin/sh -c \"$2\"";
    String inWork = "cd " + WORK + " && " + line;
    return run(List.of("unshare", "--mount", "sh", "-c", mounts, "sh", root.toString(), inWork));
  }

  /** What a process said, both streams together, and its status. */
  record Finished(int status, String said) {}

  static Finished run(List<String> command) throws IOException, InterruptedException {
    Path out = Files.createTempFile("distribution", null);
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(out.toFile())
              .start();
      if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly().waitFor();
        throw new IOException("did not end: " + command + "\n" + Files.readString(out));
      }
      return new Finished(process.exitValue(), Files.readString(out));
    } finally {
      Files.delete(out);
    }
  }

  /** Returns every plain file below a folder. */
  static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> found = Files.walk(folder)) {
      return found.filter(Files::isRegularFile).toList();
    }
  }
}
