package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.gate.Distribution.Finished;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The archive does its work where there is a C library and a shell, and nothing else. */
@Tag("distribution")
@Tag("processes")
class DistributionIT {
  private static final long MAX_BYTES = 40L << 20;
  private static final int MAX_GLIBC_MINOR = 17;
  private static final Pattern GLIBC = Pattern.compile("GLIBC_2\\.(\\d+)");
  private static final Pattern NEEDED = Pattern.compile("NEEDED +(\\S+)");
  private static final Set<String> LIBC =
      Set.of("libc", "libm", "libdl", "libpthread", "librt", "ld-linux-x86-64");

  private static final String CAIRN = "cairn/bin/cairn ";

  @TempDir private static Path root;
  private static Path archive;
  private static Path home;

  @BeforeAll
  static void unpackInAnEmptyRoot() throws Exception {
    archive = Distribution.make();
    Distribution.makeRoot(root);
    Path work = root.resolve("work");
    Distribution.run(List.of("tar", "xf", archive.toString(), "-C", work.toString()));
    home = work.resolve("cairn"); // a name of its user's choice
    Files.move(work.resolve("cairn-" + System.getProperty("cairn.version")), home);
    copy("src/test/resources/deepspeed/a_z3_w2_llama", "checkpoint");
    copy("target/dist/work/sample", "sample");
  }

  private static void copy(String from, String name) throws Exception {
    String to = root.resolve("work").resolve(name).toString();
    assertEquals(0, Distribution.run(List.of("cp", "-r", from, to)).status());
  }

  private static String said(int status, String line) throws Exception {
    Finished run = Distribution.inRoot(root, line);
    assertEquals(status, run.status(), run.said());
    return run.said();
  }

  private static String cairn(String arguments) throws Exception {
    return said(0, CAIRN + arguments);
  }

  @Test
  void checkpointBecomesAModelFolder() throws Exception {
    cairn("consolidate checkpoint model --hf checkpoint");
    assertTrue(cairn("verify model").startsWith("fine: "));
    assertTrue(cairn("inspect model").contains("21 tensors"));
    List<Path> written;
    try (Stream<Path> files = Files.walk(root.resolve("root"))) {
      written = files.filter(Files::isRegularFile).toList();
    }
    assertEquals(List.of(), written, "in the home directory");
    try (Stream<Path> files = Files.list(root.resolve("tmp"))) {
      assertEquals(List.of(), files.toList(), "in the folder for temporary files");
    }
  }

  @Test
  void ranksSaveInParallel() throws Exception {
    String said = cairn("demo --ranks 2 --parameters 1M --output demo");
    assertTrue(said.contains("(parallel, "), said);
    assertTrue(said.contains("verified: "), said);
  }

  @Test
  void adapterIsMerged() throws Exception {
    cairn("merge-lora --base sample/base --adapter sample/adapter --output merged");
    assertTrue(cairn("verify merged").startsWith("fine: "));
  }

  @Test
  void planIsMadeAndDrawn() throws Exception {
    String plan = "plan --bytes 10GB --mtbf-hours 100 --steps 1000 --step-seconds 2";
    assertTrue(cairn(plan + " --plot cost.svg").contains("save every"));
    String plot = Files.readString(root.resolve("work/cost.svg"));
    assertTrue(plot.contains(">expected cost, % of training time</text>"), plot);
  }

  @Test
  void whatIsSeparateIsNamed() throws Exception {
    String gloo = said(3, CAIRN + "demo --mode gather");
    assertTrue(gloo.contains("-linux-x86_64-gloo.tar.gz in /work\n"), gloo);
    String gpu = said(3, CAIRN + "demo --device=cuda");
    assertTrue(gpu.contains("-linux-x86_64-gpu.tar.gz in /work\n"), gpu);
    assertEquals(2, (gloo + gpu).lines().count(), gloo + gpu);
  }

  @Test
  void anotherLibcIsRefusedInOneLine(@TempDir Path musl) throws Exception {
    Distribution.makeRoot(musl);
    Files.move(musl.resolve("lib64/ld-linux-x86-64.so.2"), musl.resolve("lib/loader"));
    Path script = musl.resolve("work/cairn/bin/cairn");
    Files.createDirectories(script.getParent());
    Files.createDirectories(musl.resolve("work/cairn/runtime"));
    Files.copy(home.resolve("bin/cairn"), script);
    // The shell, too, needs what the root has not: it is started by that, under another name.
    Files.move(musl.resolve("bin/sh"), musl.resolve("bin/dash"));
    List<String> shell =
        List.of("/usr/sbin/chroot", musl.toString(), "/lib/loader", "--library-path", "/lib");
    List<String> command = new java.util.ArrayList<>(shell);
    command.addAll(List.of("/bin/dash", "/work/cairn/bin/cairn", "--version"));
    Finished run = Distribution.run(command);
    assertEquals(3, run.status(), run.said());
    assertEquals(1, run.said().lines().count(), run.said());
    assertTrue(run.said().contains("needs glibc 2.17 or newer"), run.said());
  }

  @Test
  void classDataServesACopyOfAnotherTime(@TempDir Path folder) throws Exception {
    Path copy = folder.resolve("copy");
    Distribution.run(List.of("cp", "-r", home.toString(), copy.toString()));
    Distribution.run(List.of("sh", "-c", "find '" + copy + "' -exec touch {} +"));
    for (String name : List.of("cairn", "consolidate", "merge-lora")) {
      Finished run =
          Distribution.run(
              List.of(
                  copy.resolve("runtime/bin/java").toString(),
                  "-XX:+UseSerialGC",
                  "-Xshare:on", // fails where the data cannot be used
                  "-XX:SharedArchiveFile=" + copy.resolve("lib/" + name + ".jsa"),
                  "--enable-native-access=dev.cairn.app",
                  "-Xlog:class+load=info",
                  "-m",
                  "dev.cairn.app/dev.cairn.cli.Main",
                  "--version"));
      assertEquals(0, run.status(), run.said());
      assertTrue(run.said().contains("dev.cairn.cli.Main source: shared objects file"), run.said());
    }
  }

  @Test
  void runsOnTheOldestLibcThatIsPromised() throws Exception {
    int programs = 0;
    for (Path file : Distribution.files(home)) {
      byte[] start = new byte[4];
      try (var in = Files.newInputStream(file)) {
        in.readNBytes(start, 0, 4);
      }
      if (!new String(start, StandardCharsets.ISO_8859_1).equals("\u007fELF")) {
        continue;
      }
      programs++;
      String dump = Distribution.run(List.of("objdump", "-pT", file.toString())).said();
      for (Matcher version = GLIBC.matcher(dump); version.find(); ) {
        int minor = Integer.parseInt(version.group(1));
        assertTrue(minor <= MAX_GLIBC_MINOR, file + " needs " + version.group());
      }
      for (Matcher needed = NEEDED.matcher(dump); needed.find(); ) {
        String library = needed.group(1);
        boolean isOwn = holds(home, library);
        assertTrue(
            isOwn || LIBC.contains(library.replaceAll("\\.so.*", "")), file + ": " + library);
      }
    }
    assertTrue(programs > 10, "programs and libraries: " + programs);
  }

  private static boolean holds(Path folder, String name) throws IOException {
    return Distribution.files(folder).stream().anyMatch(file -> file.endsWith(name));
  }

  @Test
  void archiveIsSmall() throws IOException {
    assertTrue(Files.size(archive) <= MAX_BYTES, "archiveBytes=" + Files.size(archive));
  }

  @Test
  void noFileMayBeWrittenByOthers() throws IOException {
    try (Stream<Path> files = Files.walk(home)) {
      for (Path file : files.filter(each -> !Files.isSymbolicLink(each)).toList()) {
        Set<PosixFilePermission> may = Files.getPosixFilePermissions(file);
        assertFalse(may.contains(PosixFilePermission.OTHERS_WRITE), file::toString);
        assertTrue(may.contains(PosixFilePermission.OTHERS_READ), file::toString);
      }
    }
  }

  @Test
  void noFileNamesTheFolderThatItWasMadeIn() throws IOException {
    String checkout = Path.of("").toAbsolutePath() + "/";
    for (Path file : Distribution.files(home)) {
      String text = Files.readString(file, StandardCharsets.ISO_8859_1);
      assertFalse(text.contains(checkout), file::toString);
    }
  }

  @Test
  void imageHoldsNoTestAndNoDesktop() throws IOException {
    URI image = URI.create("jrt:/");
    Map<String, String> of = Map.of("java.home", home.resolve("runtime").toString());
    try (FileSystem files = FileSystems.newFileSystem(image, of);
        Stream<Path> modules = Files.list(files.getPath("/modules"));
        Stream<Path> classes = Files.walk(files.getPath("/modules/dev.cairn.app"))) {
      assertEquals(
          Set.of("java.base", "java.logging", "jdk.jfr", "jdk.unsupported", "dev.cairn.app"),
          modules.map(module -> module.getFileName().toString()).collect(Collectors.toSet()));
      List<String> names = classes.map(Path::toString).toList();
      assertTrue(names.stream().anyMatch(name -> name.endsWith("cli/Main.class")));
      assertEquals(
          List.of(),
          names.stream().filter(name -> name.matches(".*(Test|IT)\\.class|.*junit.*")).toList());
    }
  }

  @Test
  void bashCompletesCommandsAndOptions() throws Exception {
    Path completion = home.resolve("share/bash-completion/completions/cairn");
    String line =
        ". '%s'; COMP_WORDS=(cairn con); COMP_CWORD=1; _complete_cairn; echo \"${COMPREPLY[@]}\""
            .formatted(completion);
    Finished run = Distribution.run(List.of("bash", "-c", line));
    assertEquals("consolidate\n", run.said());
  }
}
