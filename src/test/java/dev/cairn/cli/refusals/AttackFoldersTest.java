package dev.cairn.cli.refusals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.support.RankJvm;
import dev.cairn.support.ShellRun;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every hostile file as a part of every kind of folder, in one process with the heap that {@code
 * bin/cairn consolidate} has: refused in one line or read, and the process stays small.
 */
@Tag("processes")
class AttackFoldersTest {
  private static final int HEAP_MEBIBYTES = 160;
  private static final int MOST_KIBIBYTES = 256 << 10;

  @TempDir private Path temp;

  @Test
  void noFolderTakesMoreMemoryOrAnythingElse() throws Exception {
    List<String> command =
        new ArrayList<>(RankJvm.command(HEAP_MEBIBYTES, System.getProperty("java.class.path")));
    command.addAll(List.of(AttackFolders.class.getName(), attacks().toString(), temp.toString()));
    ShellRun run = ShellRun.of(temp, Map.of(), command);
    assertEquals(0, run.exitCode(), run.err());
    assertEquals(List.of(), lines(run, "wrong: ").toList());
    assertTrue(number(run, "commands=(\\d+)") > 800, run.out());
    assertEquals(6, lines(run, "refused=").count());
    assertTrue(
        lines(run, "refused=").noneMatch(line -> line.matches("refused=\\d{1,2} .*")), run.out());
    int peakKibibytes = number(run, "VmHWM:\\s+(\\d+) kB");
    assertTrue(peakKibibytes > 20 << 10 && peakKibibytes < MOST_KIBIBYTES, run.out());
  }

  private static Stream<String> lines(ShellRun run, String begin) {
    return run.out().lines().filter(line -> line.startsWith(begin));
  }

  private static int number(ShellRun run, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(run.out());
    assertTrue(matcher.find(), run.out());
    return Integer.parseInt(matcher.group(1));
  }

  private static Path attacks() throws URISyntaxException {
    return Path.of(AttackFoldersTest.class.getResource("/attacks").toURI());
  }
}
