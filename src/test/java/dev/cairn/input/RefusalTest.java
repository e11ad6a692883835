package dev.cairn.input;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RefusalTest {
  private static final Path PAGE = Path.of("src/site/markdown/command-line.md");

  @Test
  void tableInThePageIsTheRefusals() throws Exception {
    List<String> page = Files.readAllLines(PAGE);
    List<String> rows = page.subList(page.indexOf("## What is turned away"), page.size());
    List<String> expected =
        Arrays.stream(Refusal.values())
            .map(one -> "| %s | %s | %s |".formatted(one.found(), one.why(), one.next()))
            .toList();
    assertEquals(
        String.join("\n", expected),
        String.join("\n", rows.stream().filter(row -> row.startsWith("| ")).skip(1).toList()));
  }

  @ParameterizedTest
  @EnumSource(Refusal.class)
  void messageIsOneLineInTheStyleOfTheOthers(Refusal refusal) {
    String message = refusal.message(Path.of("a"), "names", "x\ny");
    assertFalse(message.contains("\n"), message);
    assertFalse(message.endsWith("."), message);
    assertEquals(
        refusal.found().replace("{names}", "x?y").replace("{path}", "a"),
        message.substring(0, message.indexOf(": path=a; ")));
  }
}
