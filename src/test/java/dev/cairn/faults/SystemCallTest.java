package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.hf.FolderCheck;
import dev.cairn.kernels.Kernels;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A save seen from the operating system: calls that fail for real. */
@Tag("faults")
@Tag("processes")
@Timeout(90)
class SystemCallTest {
  @TempDir Path temporary;

  private Path target() throws IOException {
    return Files.createDirectories(temporary.resolve("run")).toRealPath().resolve("model");
  }

  @ParameterizedTest
  @Tag("strace")
  @CsvSource({
    "pwrite64:error=EIO:when=2+, Input/output error",
    "fsync:error=EIO, Input/output error",
    "fallocate:error=EDQUOT:when=3+, Disk quota exceeded",
    "renameat2:error=ENOSPC, No space left on device"
  })
  void callThatFailsLeavesNothingAndIsNamed(String injection, String reason) throws Exception {
    assumeTrue(TracedSave.canTrace(), TracedSave.NO_STRACE);
    List<String> tracer =
        List.of("strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=" + injection);
    TracedSave save = TracedSave.run(temporary, tracer, target(), Map.of());
    assertEquals(1, save.exitCode(), save::said);
    assertTrue(save.said().contains("save failed on rank 0 of 1: "), save::said);
    assertTrue(save.said().contains(reason), save::said);
    assertTrue(save.said().contains(temporary.toRealPath().toString()), save::said);
    assertEquals(List.of(), everythingIn(target().getParent()));
    TracedSave again = TracedSave.run(temporary, List.of(), target(), Map.of());
    assertEquals(0, again.exitCode(), again::said);
  }

  @Test
  @Tag("strace")
  void fileSystemThatCannotReserveIsSaidOnce() throws Exception {
    assumeTrue(TracedSave.canTrace(), TracedSave.NO_STRACE);
    List<String> tracer = new ArrayList<>(List.of("strace", "-f", "-qq", "-o", "/dev/null"));
    tracer.addAll(List.of("-e", "inject=fallocate:error=EOPNOTSUPP"));
    TracedSave save = TracedSave.run(temporary, tracer, target(), Map.of());
    assertSaved(save);
    List<String> said =
        save.said().lines().filter(line -> line.contains("space is not reserved")).toList();
    assertEquals(1, said.size(), save::said);
    assertTrue(said.get(0).contains(target().getParent().toString()), save::said);
  }

  @Test
  @Tag("strace")
  void callsThatAreInterruptedAreMadeAgain() throws Exception {
    assumeTrue(TracedSave.canTrace(), TracedSave.NO_STRACE);
    List<String> tracer = new ArrayList<>(List.of("strace", "-f", "-qq", "-o", "/dev/null"));
    for (String call : List.of("pwrite64", "fsync", "fallocate", "sync_file_range")) {
      tracer.addAll(List.of("-e", "inject=" + call + ":error=EINTR:when=1"));
    }
    assertSaved(TracedSave.run(temporary, tracer, target(), Map.of()));
  }

  @Test
  void shortAndInterruptedWritesAreContinued() throws Exception {
    Map<String, String> variables =
        Map.of(
            "LD_PRELOAD", FaultLibrary.build(temporary).toString(), "CAIRN_TEST_SHORT_WRITES", "1");
    assertSaved(TracedSave.run(temporary, List.of(), target(), variables));
  }

  private void assertSaved(TracedSave save) throws IOException {
    assertEquals(0, save.exitCode(), save::said);
    assertEquals(
        List.of(),
        FolderCheck.check(
            target(), Kernels.best()::crc32c, ByteBuffer.allocateDirect(1 << 16), bytes -> {}));
  }

  private static List<String> everythingIn(Path folder) throws IOException {
    try (var paths = Files.list(folder)) {
      return paths.map(Path::toString).toList();
    }
  }
}
