package dev.cairn.input;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RefusalTest {
  private static final Path PAGE = Path.of("src/site/markdown/command-line.md");

  static Stream<Refusal> all() {
    return Stream.concat(
        Arrays.stream(InputRefusal.values()), Arrays.stream(DeepSpeedRefusal.values()));
  }

  @Test
  void tableInThePageIsTheRefusals() throws Exception {
    List<String> page = Files.readAllLines(PAGE);
    List<String> rows = page.subList(page.indexOf("## What is turned away"), page.size());
    List<String> expected =
        all()
            .map(Refusal::text)
            .map(text -> "| %s | %s | %s |".formatted(text.found(), text.why(), text.next()))
            .toList();
    assertEquals(
        String.join("\n", expected),
        String.join("\n", rows.stream().filter(row -> row.startsWith("| ")).skip(1).toList()));
  }

  @ParameterizedTest
  @MethodSource("all")
  void messageIsOneLineInTheStyleOfTheOthers(Refusal refusal) {
    String message = refusal.message(Path.of("a"), "names", "x\ny");
    assertFalse(message.contains("\n"), message);
    assertFalse(message.endsWith("."), message);
    assertEquals(
        refusal.text().found().replace("{names}", "x?y").replace("{path}", "a"),
        message.substring(0, message.indexOf(": path=a; ")));
  }
}
