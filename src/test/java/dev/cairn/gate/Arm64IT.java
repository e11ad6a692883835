package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.json.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The natives for 64-bit ARM, run by qemu-user. */
@Tag("processes")
@Timeout(value = 20, unit = TimeUnit.MINUTES)
class Arm64IT {
  private static final Path BUILD =
      Path.of(System.getProperty("cairn.build.directory", "target")).toAbsolutePath();
  private static final String EMULATOR = "qemu-aarch64-static";
  private static final String LIBRARY = "dev/cairn/linux-arm64/libjnicairn.so";
  private static final String ROOT = System.getenv("CAIRN_ARM64_ROOT");
  private static final Pattern GLIBC = Pattern.compile("GLIBC_2\\.(\\d+)");
  private static final int MAX_GLIBC_MINOR = 17;

  @TempDir private Path folder;

  @BeforeAll
  static void isAskedFor() {
    assumeTrue(
        Boolean.getBoolean("cairn.arm64"),
        "needs a cross compiler and an emulator: mvn -P arm64 verify");
  }

  @Test
  void nativeTestsPass() throws Exception {
    said(List.of("env", "PLATFORM=linux-arm64", "bash", "cppbuild.sh", "test"));
  }

  @Test
  void jarHoldsTheLibraryAndIsAModuleOfItsOwn() throws Exception {
    Path jar = JarsIT.jar("-linux-arm64");
    assertTrue(JarsIT.names(jar).containsAll(List.of(LIBRARY, "META-INF/LICENSE")));
    assertEquals("dev.cairn.linux.arm64", JarsIT.moduleOf(jar));
  }

  @Test
  void runsOnTheOldestLibcForThatProcessor() throws Exception {
    String library = BUILD.resolve("classes").resolve(LIBRARY).toString();
    Matcher version = GLIBC.matcher(said(List.of("aarch64-linux-gnu-objdump", "-T", library)));
    int versions = 0;
    for (; version.find(); versions++) {
      assertTrue(Integer.parseInt(version.group(1)) <= MAX_GLIBC_MINOR, version.group());
    }
    assertTrue(versions > 0);
  }

  @Test
  void kernelsDoWhatThoseInJavaDo() throws Exception {
    List<String> command = java();
    for (String name : List.of("BaselineKernels", "KernelsAgreement", "Isa")) {
      command.add("dev.cairn.kernels." + name + "Test");
    }
    String said = said(command);
    Matcher passed = Pattern.compile("passed=(\\d+) failed=0").matcher(said);
    assertTrue(passed.find() && Integer.parseInt(passed.group(1)) >= 10, said);
  }

  @Test
  void ranksThatSaveInParallelWriteTheBytesThatAreWrittenHere() throws Exception {
    Path there = folder.resolve("there");
    List<Process> ranks = new ArrayList<>();
    for (int rank = 0; rank < 2; rank++) {
      List<String> command = new ArrayList<>(List.of("env", "RANK=" + rank, "WORLD_SIZE=2"));
      command.add("CAIRN_RENDEZVOUS=" + Files.createDirectories(folder.resolve("meet")));
      command.addAll(java());
      command.addAll(List.of("save", there.toString()));
      Path out = folder.resolve("rank-" + rank);
      ProcessBuilder process = new ProcessBuilder(command).redirectErrorStream(true);
      ranks.add(process.redirectOutput(out.toFile()).start());
    }
    for (int rank = 0; rank < 2; rank++) {
      int status = ranks.get(rank).waitFor();
      String said = Files.readString(folder.resolve("rank-" + rank));
      assertEquals(0, status, said);
      assertTrue(said.contains("saved with kernels baseline"), said);
    }
    Path here = folder.resolve("here");
    try (Communicator alone = Communicator.single()) {
      Arm64Program.save(alone, here);
    }
    String model = "model.safetensors";
    assertEquals(-1, Files.mismatch(here.resolve(model), there.resolve(model)));
    for (String part :
        List.of("files", "tensors")) { // with checksums; the rest says when and by whom
      assertEquals(record(here).get(part), record(there).get(part));
    }
  }

  private static Map<String, Object> record(Path folder) throws Exception {
    return Json.parseObject(Files.readAllBytes(folder.resolve("cairn.json")));
  }

  /** Returns the start of a command: a JVM for 64-bit ARM and what it runs. */
  private List<String> java() throws Exception {
    assumeTrue(
        ROOT != null,
        "no Java for 64-bit ARM: CAIRN_ARM64_ROOT names no root of a Debian that has one");
    Path java = Path.of(ROOT, "usr/lib/jvm/java-17-openjdk-arm64/bin/java");
    List<String> command = new ArrayList<>(List.of(EMULATOR, "-L", ROOT, java.toString()));
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m"));
    command.add("-Dcairn.build.directory=" + folder);
    command.add("-Djqwik.database=" + folder.resolve("jqwik"));
    command.add("-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("cache"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(Arm64Program.class.getName());
    return command;
  }

  private static String said(List<String> command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    return said;
  }
}
