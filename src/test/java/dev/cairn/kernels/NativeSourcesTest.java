package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.io.jni.FileFunctions;
import dev.cairn.kernels.jni.CpuKernels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The native tests and the format of native sources, run here so that the build counts them; in
 * processes of their own, for which it is no matter how this JVM watches its native calls.
 */
@Tag("native")
@Tag("processes")
class NativeSourcesTest {
  private static final Path NATIVE = Path.of("native");
  private static final Pattern SOURCE = Pattern.compile("\\.(h|cpp|cu|cuh)$");

  @Test
  void nativeTestsPassUnderSanitizersAndForEveryInput() throws Exception {
    assumeTrue(NativeLibrary.isLoaded(), NativeLibrary::reasonNotLoaded);
    assertEquals(0, run("bash", "cppbuild.sh", "test"), "exit status; the output is above");
  }

  @Test
  void sourcesAreFormatted() throws Exception {
    assumeTrue(isThere("clang-format"), "clang-format is not installed; format not checked");
    List<String> command = new ArrayList<>(List.of("clang-format", "--dry-run", "-Werror"));
    try (Stream<Path> paths = Files.walk(NATIVE)) {
      paths.map(Path::toString).filter(path -> SOURCE.matcher(path).find()).forEach(command::add);
    }
    assertEquals(0, run(command.toArray(String[]::new)), "exit status; the output is above");
  }

  @Test
  void declarationsAreOfTheHeadersVersion() throws IOException {
    String header = Files.readString(NATIVE.resolve("include/cairn/cpu.h"));
    String abi = header.replaceFirst("(?s).*#define CAIRN_CPU_ABI (\\d+)\n.*", "$1");
    assertEquals(abi, Integer.toString(CpuKernels.ABI), "kernels");
    assertEquals(abi, Integer.toString(FileFunctions.ABI), "file functions");
  }

  private static boolean isThere(String program) throws InterruptedException {
    try {
      return run(program, "--version") == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static int run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    System.out.print(output);
    return process.waitFor();
  }
}
