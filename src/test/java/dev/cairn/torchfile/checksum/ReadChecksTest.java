package dev.cairn.torchfile.checksum;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReadChecksTest {
  private static final int BEGIN = 100;
  private static final int STORAGE_BYTES = 10 * ReadChecks.LAST_BYTES;

  @TempDir private Path folder;
  private final byte[] bytes = new byte[BEGIN + 2 * STORAGE_BYTES];
  private final Random random = new Random(7);
  private Path file;

  /** Two storages side by side, after other bytes. */
  @BeforeEach
  void write() throws IOException {
    random.nextBytes(bytes);
    file = Files.write(folder.resolve("file"), bytes);
  }

  private StorageTable table(int secondCrc) {
    return new StorageTable.Builder()
        .add(BEGIN + STORAGE_BYTES, STORAGE_BYTES, secondCrc)
        .add(BEGIN, STORAGE_BYTES, crc(BEGIN))
        .build();
  }

  private int crc(int begin) {
    CRC32 crc = new CRC32();
    crc.update(bytes, begin, STORAGE_BYTES);
    return (int) crc.getValue();
  }

  /** Returns ranges that cover all bytes, some of them several times, in any order. */
  private List<int[]> ranges() {
    List<int[]> ranges = new ArrayList<>();
    for (int at = 0; at < bytes.length; ) {
      int end = Math.min(bytes.length, at + 1 + random.nextInt(70_000));
      ranges.add(new int[] {Math.max(0, at - random.nextInt(3000)), end});
      at = end;
    }
    Collections.shuffle(ranges, random);
    return ranges;
  }

  private void take(ReadChecks checks, int begin, int end) throws IOException {
    checks.take(begin, ByteBuffer.wrap(bytes, begin, end - begin));
  }

  private void takeAll(int secondCrc) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ReadChecks checks = new ReadChecks(file, channel, table(secondCrc));
      List<Future<?>> taken = new ArrayList<>();
      for (int[] range : ranges()) {
        taken.add(
            threads.submit(
                () -> {
                  take(checks, range[0], range[1]);
                  return null;
                }));
      }
      for (Future<?> one : taken) {
        one.get();
      }
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void rangesInAnyOrderByAnyThreadMakeUpTheChecksum() {
    for (int i = 0; i < 20; i++) {
      assertDoesNotThrow(() -> takeAll(crc(BEGIN + STORAGE_BYTES)));
      Exception error = assertThrows(Exception.class, () -> takeAll(1));
      assertTrue(error.getCause() instanceof CorruptFileException, error::toString);
      assertTrue(error.getMessage().contains("expected 00000001"), error.getMessage());
      assertTrue(error.getMessage().contains("fileOffset=" + (BEGIN + STORAGE_BYTES)));
    }
  }

  @Test
  void theLastBytesAreReadForTheChecksum() throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ReadChecks checks = new ReadChecks(file, channel, table(1));
      int begin = BEGIN + STORAGE_BYTES;
      take(checks, begin + 50_000, begin + STORAGE_BYTES - 15_537);
      assertThrows(CorruptFileException.class, () -> take(checks, begin + 49_999, begin + 50_000));
    }
  }

  @Test
  void storageOfWhichMoreIsNotReadIsNotCompared() throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ReadChecks checks = new ReadChecks(file, channel, table(1));
      take(checks, BEGIN, bytes.length - ReadChecks.LAST_BYTES - 1);
    }
  }

  /** A tensor that is stored transposed is read in so many pieces that nobody counts them. */
  @Test
  void storageInTooManyPiecesIsNotCompared() throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ReadChecks checks = new ReadChecks(file, channel, table(1));
      for (int at = BEGIN + STORAGE_BYTES; at + 2 <= bytes.length; at += 4) {
        take(checks, at, at + 2);
      }
      take(checks, 0, bytes.length);
    }
  }
}
