package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a process gets, which depends on how it was started: each test starts one. */
@Tag("processes")
class BestKernelsTest {
  /** Asks twice, and prints what it got and then a checksum. */
  static final class Main {
    private Main() {}

    public static void main(String[] arguments) {
      System.out.println(Kernels.best().name());
      int crc = Kernels.best().crc32c(Casts.direct(32, 0), 32, 0);
      System.out.println(Integer.toHexString(crc));
    }
  }

  private static List<String> run(String cap, String... options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(List.of(options));
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().remove("CAIRN_MAX_ISA");
    if (cap != null) {
      builder.environment().put("CAIRN_MAX_ISA", cap);
    }
    Process process = builder.start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    process.waitFor();
    return output.lines().toList();
  }

  @Test
  void capChoosesTheInstructionSet() throws Exception {
    assumeTrue(NativeLibrary.isLoaded(), NativeLibrary::reasonNotLoaded);
    assertEquals(List.of("baseline", "8a9136aa"), run("baseline"));
  }

  @Test
  void noCapChoosesTheBestSupported() throws Exception {
    assumeTrue(NativeLibrary.isLoaded(), NativeLibrary::reasonNotLoaded);
    assertEquals(List.of(NativeLibrary.supported().label(), "8a9136aa"), run(null));
  }

  @Test
  void javaTakesOverWithOneReasonWhereThereIsNoLibrary() throws Exception {
    List<String> lines = run(null, "-Dorg.bytedeco.javacpp.platform=linux-riscv64");
    assertEquals(4, lines.size(), lines::toString);
    assertTrue(
        lines.get(1).contains("casts and checksums run in Java, slower: native library not loaded"),
        lines::toString);
    assertEquals(List.of("java", "8a9136aa"), lines.subList(2, 4));
  }

  @Test
  void unknownCapIsRefusedEvenWithoutALibrary() throws Exception {
    List<String> lines = run("sse9", "-Dorg.bytedeco.javacpp.platform=linux-riscv64");
    assertTrue(
        lines.get(0).contains("unknown instruction set: CAIRN_MAX_ISA=sse9"), lines::toString);
  }
}
