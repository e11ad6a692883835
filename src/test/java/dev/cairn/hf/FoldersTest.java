package dev.cairn.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class FoldersTest {
  @Test
  void checksumOfTheTestsIsJavas() {
    byte[] bytes = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    CRC32C java = new CRC32C();
    java.update(bytes);
    assertEquals((int) java.getValue(), Folders.crc32c(bytes, 0, bytes.length));
    int half = Folders.crc32c(bytes, 0, 5);
    assertEquals(
        (int) java.getValue(), Folders.crc32c(ByteBuffer.wrap(bytes).position(5), 5, half));
  }
}
