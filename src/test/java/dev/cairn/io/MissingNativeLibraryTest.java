package dev.cairn.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.kernels.Kernels;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the file functions do in a process that finds no native library. */
@Tag("processes")
class MissingNativeLibraryTest {
  @TempDir private Path folder;

  /** Prints what each function returns for the file that the argument names. */
  static final class Main {
    private Main() {}

    public static void main(String[] arguments) throws IOException {
      // The same library: that it failed here must not hide that it fails again.
      Kernels.best();
      Path file = Path.of(arguments[0]);
      System.out.println("available " + NativeFiles.isAvailable());
      System.out.println("reserve " + NativeFiles.reserve(file, 100));
      System.out.println("rename " + NativeFiles.rename(file, file, RenameMode.EXCHANGE));
      NativeFiles.startWriteBack(file, 0, 0);
      System.out.println("end");
    }
  }

  @Test
  void everyFunctionSaysUnsupportedAndTheReasonIsLoggedOnce() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    Process process =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/java",
                "-Dorg.bytedeco.javacpp.platform=linux-riscv64",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                file.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    List<String> lines = output.lines().toList();
    assertEquals(
        List.of("available false", "reserve false", "rename false", "end"),
        lines.stream().filter(line -> line.matches("(available|reserve|rename|end).*")).toList(),
        output);
    assertEquals(
        1, lines.stream().filter(line -> line.contains("file space is not reserved")).count());
    assertTrue(Files.size(file) == 0);
  }
}
