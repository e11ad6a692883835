package dev.cairn.dcp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.model.Parameter;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DistributedCheckpointTest {
  @TempDir private Path folder;

  @BeforeEach
  void copy() throws IOException {
    // Not from the class path: Maven leaves files named .metadata out of it.
    Path source = Path.of("src/test/resources/dcp/tp2_fsdp2");
    for (String name :
        List.of(".metadata", "__0_0.distcp", "__1_0.distcp", "__2_0.distcp", "__3_0.distcp")) {
      Files.copy(source.resolve(name), folder.resolve(name));
    }
  }

  @Test
  void modelIsFoundAmongOthersAndItsCutIsKnown() throws IOException {
    DistributedCheckpoint checkpoint = DistributedCheckpoint.open(folder);
    assertEquals(
        Set.of("a.weight", "a.bias", "b.weight", "b.bias", "n"), checkpoint.tensors().keySet());
    assertEquals(1, checkpoint.others());
    assertEquals(Shape.of(10, 6), checkpoint.tensors().get("a.weight").shape());
    assertEquals(List.of(0), checkpoint.tensors().get("a.weight").cut());
    assertEquals(List.of(0, 1), checkpoint.tensors().get("b.weight").cut());
    assertEquals(4, checkpoint.tensors().get("b.weight").pieces());
  }

  @Test
  void fileOutsideTheFolderIsRefused() throws IOException {
    replace("__3_0.distcp", "../_0.distcp");
    assertRefused("file of a tensor leads out of the checkpoint");
  }

  @Test
  void holeIsNamed() throws IOException {
    // the size of a.weight, [10, 6], is written once: 10 is then 11
    byte[] bytes = Files.readAllBytes(folder.resolve(".metadata"));
    int at = indexOf(bytes, "app.model.a.weight".getBytes(StandardCharsets.US_ASCII));
    while (bytes[at] != 'K' || bytes[at + 1] != 10 || bytes[at + 2] != 'K') {
      at++;
    }
    bytes[at + 1] = 11;
    Files.write(folder.resolve(".metadata"), bytes);
    assertRefused("pieces leave a hole in the tensor: hole=[10:11,0:6]");
  }

  @Test
  void shortenedFileIsRefused() throws IOException {
    Path file = folder.resolve("__3_0.distcp");
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
    assertRefused("tensor lies outside its file");
    assertRefused("/__3_0.distcp; it is cut short, or of another save");
  }

  /** Ranks that did not talk, {@code use_collectives=False}, of which each says what it has. */
  @Test
  void whatRanksSayOfThemselvesIsPutTogether() throws IOException {
    DistributedCheckpoint checkpoint =
        DistributedCheckpoint.open(Path.of("src/test/resources/dcp/by_rank"));
    assertEquals(Set.of("a", "b", "plain"), checkpoint.tensors().keySet());
    assertEquals(Shape.of(5, 4), checkpoint.tensors().get("a").shape());
    assertEquals(List.of(0), checkpoint.tensors().get("a").cut());
    assertEquals(List.of(1), checkpoint.tensors().get("b").cut());
    try (DistributedParameterSet set = new DistributedParameterSet(checkpoint, Optional.empty())) {
      for (Parameter parameter : set.parameters().parameters()) { // each counts up from 0
        ByteBuffer bytes = ByteBuffer.allocate((int) parameter.partition().lengthBytes());
        parameter.partition().read(0, bytes);
        FloatBuffer floats = bytes.flip().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
        for (int i = 0; i < floats.limit(); i++) {
          assertEquals(i, floats.get(i), parameter.name());
        }
      }
    }
  }

  @Test
  void rankThatSaysNothingOfItselfIsNamed() throws IOException {
    Files.delete(folder.resolve(".metadata"));
    Path source = Path.of("src/test/resources/dcp/by_rank/__1.metadata");
    Files.copy(source, folder.resolve("__1.metadata"));
    assertRefused("a torch.distributed checkpoint without __0.metadata");
  }

  private void replace(String from, String to) throws IOException {
    byte[] bytes = Files.readAllBytes(folder.resolve(".metadata"));
    int at = indexOf(bytes, from.getBytes(StandardCharsets.US_ASCII));
    System.arraycopy(to.getBytes(StandardCharsets.US_ASCII), 0, bytes, at, to.length());
    Files.write(folder.resolve(".metadata"), bytes);
  }

  private static int indexOf(byte[] bytes, byte[] wanted) {
    for (int at = 0; at + wanted.length <= bytes.length; at++) {
      if (Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length)) {
        return at;
      }
    }
    throw new IllegalStateException("not there");
  }

  private void assertRefused(String expected) {
    CorruptFileException error =
        assertThrows(CorruptFileException.class, () -> DistributedCheckpoint.open(folder));
    assertTrue(error.getMessage().contains(expected), error.getMessage());
  }
}
