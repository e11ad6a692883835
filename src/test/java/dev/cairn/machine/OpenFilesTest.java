package dev.cairn.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class OpenFilesTest {
  @Test
  void limitIsThatOfThisProcess() {
    List<String> rows =
        List.of(
            "Limit                     Soft Limit           Hard Limit           Units     ",
            "Max processes             15000                15000                processes ",
            "Max open files            1024                 524288               files     ");
    assertEquals(OptionalLong.of(1024), OpenFiles.limit(rows));
    assertTrue(!Files.exists(Path.of("/proc/self/limits")) || OpenFiles.limit().getAsLong() > 0);
  }

  @Test
  void whatHasNoNumberIsNoLimit() {
    assertEquals(
        OptionalLong.empty(),
        OpenFiles.limit(
            List.of("Max open files            unlimited            unlimited   files")));
  }
}
