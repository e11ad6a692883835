package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.kernels.jni.CpuKernels;
import java.io.IOException;
import java.lang.module.ModuleDescriptor.Version;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Loader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the native library asks of a machine, read from its file with objdump of binutils. */
@Tag("native")
class NativeLibraryFileTest {
  /** The oldest C library that must do: that of Red Hat Enterprise Linux 8. */
  private static final Version OLDEST_GLIBC = Version.parse("2.28");

  private static final Pattern GLIBC_VERSION = Pattern.compile("GLIBC_([0-9.]+)");

  private Path library;

  @BeforeEach
  void libraryAndObjdumpAreThere() throws Exception {
    assumeTrue(NativeLibrary.isLoaded(), NativeLibrary::reasonNotLoaded);
    library = Path.of(Loader.load(CpuKernels.class));
    boolean there;
    try {
      there = !objdump("--version").isEmpty();
    } catch (IOException e) {
      there = false;
    }
    assumeTrue(there, "objdump is not installed; the library's symbols are not checked");
  }

  @Test
  void needsNoGlibcNewerThanTheOldestSupported() throws Exception {
    List<Version> versions =
        GLIBC_VERSION
            .matcher(String.join("\n", objdump("-T", library.toString())))
            .results()
            .map((MatchResult match) -> Version.parse(match.group(1)))
            .sorted()
            .toList();
    assertFalse(versions.isEmpty(), "no glibc symbol found: objdump was misread");
    Version newest = versions.get(versions.size() - 1);
    assertTrue(
        newest.compareTo(OLDEST_GLIBC) <= 0,
        "newest glibc symbol: version=" + newest + ", expected at most " + OLDEST_GLIBC);
  }

  @Test
  void needsTheLibrariesOfTheSystemOnly() throws Exception {
    Set<String> needed = new TreeSet<>();
    for (String line : objdump("-p", library.toString())) {
      if (line.strip().startsWith("NEEDED")) {
        needed.add(line.strip().replaceFirst("NEEDED\\s+", ""));
      }
      // A path of the machine that built it must not be searched on others.
      assertFalse(line.contains("PATH") && !line.strip().endsWith("$ORIGIN/"), line);
    }
    assertEquals(Set.of("libc.so.6", "libdl.so.2"), needed);
  }

  @Test
  void exportsNothingButItsEntriesForJava() throws Exception {
    List<String> exported =
        objdump("-T", library.toString()).stream()
            .filter(line -> line.contains(" g ") && !line.contains("*UND*"))
            .map(line -> line.substring(line.lastIndexOf(' ') + 1))
            .toList();
    assertTrue(exported.contains("Java_dev_cairn_kernels_jni_CpuKernels_cairn_1cast"));
    assertEquals(
        List.of(), exported.stream().filter(name -> !name.matches("(Java|JNI)_.*")).toList());
  }

  private static List<String> objdump(String... arguments)
      throws IOException, InterruptedException {
    String[] command = new String[arguments.length + 1];
    command[0] = "objdump";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    Process process = new ProcessBuilder(command).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), "exit status of objdump");
    return output.lines().toList();
  }
}
