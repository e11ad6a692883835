package dev.cairn.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.io.DirectFile.Blocks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DirectFileTest {
  private static final int BLOCK = 4096;
  private static final int MIN = DirectFile.MIN_BYTES;

  @TempDir Path temporary;

  private Path made(String name) throws IOException {
    Path file = temporary.resolve(name);
    Disk.local().create(file, 1 << 20, 1 << 20).close();
    return file;
  }

  /** Bytes that are not zero, which begin so far behind a block's border. */
  private static ByteBuffer bytes(int behindBorder, int lengthBytes) {
    ByteBuffer room = ByteBuffer.allocateDirect(lengthBytes + 2 * BLOCK);
    int border = (BLOCK - room.alignmentOffset(0, BLOCK)) % BLOCK;
    ByteBuffer bytes = room.slice(border + behindBorder, lengthBytes);
    for (int i = 0; i < lengthBytes; i++) {
      bytes.put(i, (byte) (1 + i % 255));
    }
    return bytes;
  }

  private static long written(Path file) throws IOException {
    byte[] all = Files.readAllBytes(file);
    long count = 0;
    for (byte one : all) {
      count += one == 0 ? 0 : 1;
    }
    return count;
  }

  /** What goes past the cache is caught in another file. */
  @ParameterizedTest
  @CsvSource({
    "0, 65536, 0, 65536", // whole blocks only
    "0, 65537, 0, 65536", // and the beginning of one
    "4000, 70000, 4000, 69632", // and the end of one
    "100, 69000, 100, 0", // too few whole ones
    "8192, 131072, 8, 0", // which memory has elsewhere
    "8200, 131072, 8, 126976", // in the same place of other pages
    "0, 65535, 0, 0",
    "5, 0, 5, 0",
  })
  void wholeBlocksGoPastTheCache(long fileOffset, int lengthBytes, int behindBorder, long expected)
      throws IOException {
    Path cachedFile = made("cached");
    Path pastFile = made("past");
    ByteBuffer bytes = bytes(behindBorder, lengthBytes);
    Blocks past = new Blocks(FileChannel.open(pastFile, StandardOpenOption.WRITE), BLOCK);
    try (DirectFile file = new DirectFile(cachedFile, Disk.local().open(cachedFile), past)) {
      file.writeFully(bytes, fileOffset);
    }
    assertEquals(0, bytes.remaining());
    assertEquals(expected, written(pastFile), "past the cache");
    assertEquals(lengthBytes - expected, written(cachedFile), "through the cache");
    byte[] both = Files.readAllBytes(cachedFile);
    byte[] other = Files.readAllBytes(pastFile);
    for (int i = 0; i < lengthBytes; i++) {
      int at = (int) fileOffset + i;
      assertTrue(both[at] == 0 || other[at] == 0, "written twice: " + at);
      assertEquals(bytes.get(i), (byte) (both[at] | other[at]), "byte " + at);
    }
  }

  @Test
  void fileSystemGetsAllBytesWhetherItRefusesOrNot() throws IOException {
    Random random = new Random(1);
    byte[] expected = new byte[1 << 20];
    Path path = made("file");
    try (OutputFile file = Disk.local().openDirect(path)) {
      for (int round = 0; round < 60; round++) {
        int offset = random.nextInt(expected.length / 2);
        int lengthBytes = random.nextInt(expected.length / 2);
        ByteBuffer bytes = bytes(random.nextInt(4) == 0 ? 16 : offset % BLOCK, lengthBytes);
        bytes.get(0, expected, offset, lengthBytes);
        file.willForce(offset, lengthBytes);
        file.writeFully(bytes, offset);
      }
      file.writeBack(0, expected.length);
      file.force();
    }
    assertArrayEquals(expected, Files.readAllBytes(path));
  }

  @Test
  void whereItIsRefusedAllGoesThroughTheCache() throws IOException {
    Path path = made("file");
    try (DirectFile file = new DirectFile(path, Disk.local().open(path), new Blocks(null, BLOCK))) {
      file.writeFully(bytes(0, 2 * MIN), 0);
    }
    assertEquals(2 * MIN, written(path));
  }

  /** Files that refuse what is written, each with its own words, as a locale has its own. */
  @ParameterizedTest
  @ValueSource(strings = {"/proc/self/oom_score_adj", "/dev/full"})
  void whatIsRefusedWhenItIsWrittenGoesThroughTheCache(String refusing) throws IOException {
    Path path = made("file");
    Blocks past = new Blocks(FileChannel.open(Path.of(refusing), StandardOpenOption.WRITE), BLOCK);
    try (DirectFile file = new DirectFile(path, Disk.local().open(path), past)) {
      file.writeFully(bytes(9, 3 * MIN), 9);
    }
    assertEquals(3 * MIN, written(path));
  }

  @Test
  void failureBothWaysNamesFileAndOffsetAndBothReasons() throws IOException {
    Path path = made("file");
    FileChannel closed = FileChannel.open(path, StandardOpenOption.WRITE);
    closed.close();
    OutputFile full = Disk.local().open(Path.of("/dev/full"));
    try (DirectFile file = new DirectFile(path, full, new Blocks(closed, BLOCK))) {
      IOException failure =
          assertThrows(IOException.class, () -> file.writeFully(bytes(0, MIN), 2 * BLOCK));
      assertEquals(
          "write failed: No space left on device, file=/dev/full, fileOffset=8192",
          failure.getMessage());
      assertInstanceOf(ClosedChannelException.class, failure.getSuppressed()[0]);
    }
  }

  @Test
  void heapMemoryIsWrittenToo() throws IOException {
    Path path = made("file");
    byte[] all = new byte[2 * MIN];
    Arrays.fill(all, (byte) 3);
    try (OutputFile file = Disk.local().openDirect(path)) {
      file.writeFully(ByteBuffer.wrap(all), 0);
    }
    assertEquals(all.length, written(path));
  }
}
