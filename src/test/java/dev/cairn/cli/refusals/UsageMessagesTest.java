package dev.cairn.cli.refusals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.cli.CommandRun;
import dev.cairn.cli.Fixture;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said of options that make no sense: one line for a person, nothing of Java. */
class UsageMessagesTest {
  @TempDir private Path folder;

  private CommandRun consolidate(String... options) throws IOException {
    List<String> command = new ArrayList<>(List.of("consolidate"));
    command.add(Fixture.of("a_z3_w2_llama").toString());
    command.add(folder.resolve("out").toString());
    command.addAll(List.of(options));
    return CommandRun.of(command.toArray(String[]::new));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--max-shard-size | 0 | shard size out of range: value=0, expected at least 1 byte, below 2^63",
        "--max-shard-size | 20KiB | not a size: value=20KiB, expected for example 50GB, 500MB or plain bytes"
      })
  void sizesThatAreNone(String option, String value, String expected) throws IOException {
    CommandRun run = consolidate(option, value);
    assertEquals(2, run.exitCode());
    assertEquals(
        "cairn consolidate: Invalid value for option '" + option + "': " + expected,
        run.err().lines().findFirst().orElseThrow());
  }

  @Test
  void countThatIsNone() {
    CommandRun run = CommandRun.of("demo", "--parameters", "many");
    assertEquals(2, run.exitCode());
    assertEquals(
        "cairn demo: Invalid value for option '--parameters': not a count: value=many, expected a"
            + " number like 124M, 1.5B or 4096",
        run.err().lines().findFirst().orElseThrow());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "(.*)=$2 | No group 2",
        "lm_head=${name} | No group with name {name}",
        "lm_head=x\\ | character to be escaped is missing"
      })
  void renamingsThatNameNoGroup(String renaming, String expected) throws IOException {
    CommandRun run = consolidate("--rename", renaming);
    assertEquals(2, run.exitCode());
    assertEquals(
        "cairn consolidate: bad renaming: \"" + renaming + "\": " + expected + "\n", run.err());
  }

  @Test
  void memoryThatIsNotThere() throws IOException {
    CommandRun run = consolidate("--threads", "2000000000");
    assertEquals(3, run.exitCode());
    assertTrue(
        run.err()
            .matches("cairn consolidate: not enough memory: no host memory: lengthBytes=\\d+\\R"),
        run.err());
  }
}
