package dev.cairn.deepspeed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.deepspeed.saved.ModelStates;
import dev.cairn.deepspeed.saved.OptimizerStates;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.torchfile.StateDict;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AttacksTest {
  /** Far more than any of them takes, and far less than one that hangs. */
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private static Path folder() {
    try {
      return Path.of(AttacksTest.class.getResource("/attacks").toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** File, how it is read, and the error it must get, empty where it is well formed. */
  static Stream<List<String>> attacks() throws IOException {
    return Files.readAllLines(folder().resolve("expected.tsv")).stream()
        .map(line -> List.of(line.split("\t", -1)));
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void attackGetsItsError(List<String> attack) throws IOException {
    Path file = folder().resolve(attack.get(0));
    String expected = attack.get(2);
    if (expected.isEmpty()) {
      read(file, attack.get(1));
      return;
    }
    CorruptFileException error =
        assertTimeout(
            LIMIT, () -> assertThrows(CorruptFileException.class, () -> read(file, attack.get(1))));
    assertTrue(error.getMessage().contains(expected), error.getMessage());
    assertTrue(error.getMessage().contains("=" + file), error.getMessage());
    assertFalse(error.getMessage().contains("\n"), error.getMessage());
  }

  private static void read(Path file, String kind) throws IOException {
    if (kind.equals("model")) {
      ModelStates.read(file, true);
    } else if (kind.equals("state")) {
      StateDict.read(file);
    } else {
      OptimizerStates.read(file).worldSize();
    }
  }

  @Test
  void everyFileHasItsLine() throws IOException {
    Set<String> listed = attacks().map(attack -> attack.get(0)).collect(Collectors.toSet());
    try (Stream<Path> files = Files.list(folder())) {
      Set<String> there =
          files
              .map(file -> file.getFileName().toString())
              .filter(name -> name.endsWith(".pt"))
              .collect(Collectors.toSet());
      assertEquals(there, listed);
    }
  }
}
