package dev.cairn.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.TensorEntry;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsDataTest {
  private static final Header HEADER =
      Header.of(
          Map.of(),
          List.of(
              new TensorInfo("a", DType.U8, Shape.of(3)),
              new TensorInfo("b", DType.U8, Shape.of(4))));

  @TempDir Path folder;

  private Path file(int dataBytes) throws IOException {
    byte[] header = HEADER.encode();
    ByteBuffer file = ByteBuffer.allocate(header.length + dataBytes).put(header);
    for (int index = 0; index < dataBytes; index++) {
      file.put((byte) (index + 1));
    }
    return Files.write(folder.resolve("a.safetensors"), file.array());
  }

  @Test
  void readsATensorWithoutItsHeader() throws IOException {
    TensorEntry second = HEADER.tensors().get(1);
    try (SafetensorsData data = SafetensorsData.open(Disk.local(), file(7), 7)) {
      ByteBuffer target = ByteBuffer.allocate(3);
      data.read(second, 1, target);
      assertArrayEquals(new byte[] {5, 6, 7}, target.array());
      assertThrows(
          IllegalArgumentException.class, () -> data.read(second, 2, ByteBuffer.allocate(3)));
    }
  }

  @ParameterizedTest
  @CsvSource({"6", "8", "0"})
  void fileOfAnotherLengthIsRefused(int dataBytes) throws IOException {
    Path file = file(dataBytes);
    Exception e =
        assertThrows(CorruptFileException.class, () -> SafetensorsData.open(Disk.local(), file, 7));
    assertEquals(
        "file has another length than its tensors: dataBytes=%d, expected 7, file=%s"
            .formatted(dataBytes, file),
        e.getMessage());
  }

  @Test
  void fileWithoutAHeaderIsRefused() throws IOException {
    Path file = Files.write(folder.resolve("a.safetensors"), new byte[7]);
    Exception e =
        assertThrows(CorruptFileException.class, () -> SafetensorsData.open(Disk.local(), file, 0));
    assertEquals(
        "file too short for a header: fileBytes=7, expected at least 8, file=" + file,
        e.getMessage());
  }
}
