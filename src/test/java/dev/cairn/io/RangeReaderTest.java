package dev.cairn.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RangeReaderTest {
  @TempDir Path folder;

  @Test
  void closingDuringAReadIsRefused() throws IOException {
    Path path = Files.writeString(folder.resolve("file"), "text");
    RangeReader reader = RangeReader.open(path);
    reader.beginRead();
    Exception e = assertThrows(IllegalStateException.class, reader::close);
    assertEquals(
        "file is being read: reads=1, file=" + path + "; close it afterwards", e.getMessage());
    reader.endRead();
    reader.close();
    assertThrows(IllegalStateException.class, reader::beginRead);
  }
}
