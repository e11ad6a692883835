package dev.cairn.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.json.Golden;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.TensorEntry;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("stress")
class SafetensorsFileTest {
  private static final int ELEMENTS = 1 << 20;

  @TempDir Path folder;

  @Test
  void readsTheBytesOfEveryTensorOfTheReference() throws IOException {
    byte[] golden = Golden.bytes("safetensors/every_dtype.safetensors");
    try (SafetensorsFile file =
        SafetensorsFile.open(Golden.path("safetensors/every_dtype.safetensors"))) {
      for (TensorEntry tensor : file.header().tensors()) {
        int fileOffset = (int) (file.header().dataOffset() + tensor.beginByte());
        byte[] expected =
            Arrays.copyOfRange(golden, fileOffset, fileOffset + (int) tensor.lengthBytes());
        ByteBuffer target = ByteBuffer.allocateDirect((int) tensor.lengthBytes());
        file.read(tensor, 0, target);
        assertFalse(target.hasRemaining());
        assertArrayEquals(expected, bytes(target));
      }
    }
  }

  @Test
  void readsARangeIntoTheRestOfTheTarget() throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(made())) {
      ByteBuffer target = ByteBuffer.allocate(8).position(2).limit(5);
      file.read(file.header().tensors().get(0), 1000, target);
      assertEquals(5, target.position());
      assertArrayEquals(
          new byte[] {0, 0, pattern(1000), pattern(1001), pattern(1002), 0, 0, 0}, target.array());
    }
  }

  @Test
  void rangesOutsideTheTensorAreRefused() throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(made())) {
      TensorEntry tensor = file.header().tensors().get(0);
      Exception e =
          assertThrows(
              IllegalArgumentException.class,
              () -> file.read(tensor, ELEMENTS - 3, ByteBuffer.allocate(4)));
      assertTrue(
          e.getMessage()
              .startsWith(
                  "range outside the tensor: byteOffset=1048573, lengthBytes=4, expected at most"
                      + " 1048576, tensor=w, file="),
          e.getMessage());
      assertThrows(
          IllegalArgumentException.class, () -> file.read(tensor, -1, ByteBuffer.allocate(1)));
    }
  }

  @Test
  void missingFileIsNotACorruptOne() {
    assertThrows(NoSuchFileException.class, () -> SafetensorsFile.open(folder.resolve("none")));
  }

  @Test
  void folderIsNoFile() {
    Exception e = assertThrows(CorruptFileException.class, () -> SafetensorsFile.open(folder));
    assertEquals("not a file but a folder: file=" + folder, e.getMessage());
  }

  @Test
  void emptyAndCutFilesAreNamed() throws IOException {
    Path file = folder.resolve("cut.safetensors");
    Files.write(file, new byte[0]);
    assertCorrupt(file, "an empty file: path=");
    byte[] golden = Golden.bytes("safetensors/order.safetensors");
    Files.write(file, Arrays.copyOf(golden, 100));
    assertCorrupt(file, "a safetensors file that is cut short: path=");
    Files.write(file, Arrays.copyOf(golden, golden.length - 1));
    assertCorrupt(file, "a safetensors file that is cut short: path=");
    Files.write(file, Arrays.copyOf(golden, golden.length + 1));
    assertCorrupt(file, "a safetensors file that goes on behind its last tensor: path=");
  }

  private static void assertCorrupt(Path file, String expected) {
    Exception e = assertThrows(CorruptFileException.class, () -> SafetensorsFile.open(file));
    String message = e.getMessage();
    assertEquals(expected, message.startsWith(expected) ? expected : message);
    assertTrue(message.contains("=" + file), message);
  }

  @Test
  void fileThatBecomesShorterIsNamedWithTheTensor() throws IOException {
    Path path = made();
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      long endOffset = file.header().dataOffset() + 10;
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
        channel.truncate(endOffset);
      }
      TensorEntry tensor = file.header().tensors().get(0);
      Exception e =
          assertThrows(
              CorruptFileException.class, () -> file.read(tensor, 0, ByteBuffer.allocate(16)));
      assertEquals(
          "file ended early: fileOffset=%d, expected 6 more bytes, file=%s, tensor=w"
              .formatted(endOffset, path),
          e.getMessage());
    }
  }

  @Test
  void interruptedThreadStillReadsAndStaysInterrupted() throws IOException {
    try (SafetensorsFile file = SafetensorsFile.open(made())) {
      ByteBuffer target = ByteBuffer.allocate(ELEMENTS);
      Thread.currentThread().interrupt();
      file.read(file.header().tensors().get(0), 0, target);
      assertTrue(Thread.interrupted());
      assertArrayEquals(patternBytes(), target.array());
      file.read(file.header().tensors().get(0), 0, target.clear());
      assertFalse(Thread.interrupted());
    }
  }

  @Test
  void interruptsOfOneThreadDoNotDisturbTheOthers() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try (SafetensorsFile file = SafetensorsFile.open(made())) {
      List<Callable<Boolean>> reads = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        boolean interrupts = thread == 0;
        reads.add(() -> readMany(file, interrupts));
      }
      for (Future<Boolean> read : threads.invokeAll(reads)) {
        assertTrue(read.get());
      }
    } finally {
      threads.shutdown();
    }
  }

  private static boolean readMany(SafetensorsFile file, boolean interrupts) throws IOException {
    boolean correct = true;
    for (int i = 0; i < 200; i++) {
      if (interrupts) {
        Thread.currentThread().interrupt();
      }
      ByteBuffer target = ByteBuffer.allocate(64 * 1024);
      int byteOffset = i * 4096 % (ELEMENTS - target.capacity());
      file.read(file.header().tensors().get(0), byteOffset, target);
      correct &= target.get(0) == pattern(byteOffset);
      correct &= target.get(65535) == pattern(byteOffset + 65535);
      correct &= Thread.interrupted() == interrupts;
    }
    return correct;
  }

  @Test
  void fileReplacedDuringAnInterruptedReadIsNotMixedUp() throws IOException {
    Path path = made();
    try (SafetensorsFile file = SafetensorsFile.open(path)) {
      Path other = folder.resolve("other");
      Files.copy(path, other);
      Files.move(other, path, StandardCopyOption.REPLACE_EXISTING);
      Thread.currentThread().interrupt();
      TensorEntry tensor = file.header().tensors().get(0);
      Exception e =
          assertThrows(IOException.class, () -> file.read(tensor, 0, ByteBuffer.allocate(1)));
      assertTrue(Thread.interrupted());
      assertEquals("file was replaced while it was read: file=" + path, e.getMessage());
    }
  }

  @Test
  void closedFileIsNotRead() throws IOException {
    Path path = made();
    SafetensorsFile file = SafetensorsFile.open(path);
    file.close();
    file.close();
    TensorEntry tensor = file.header().tensors().get(0);
    Exception e =
        assertThrows(
            IllegalStateException.class, () -> file.read(tensor, 0, ByteBuffer.allocate(1)));
    assertEquals("safetensors file is closed: file=" + path, e.getMessage());
  }

  private Path made() throws IOException {
    Header header = Header.of(Map.of(), List.of(new TensorInfo("w", DType.U8, Shape.of(ELEMENTS))));
    Path path = folder.resolve("made.safetensors");
    Files.write(path, header.encode());
    Files.write(path, patternBytes(), StandardOpenOption.APPEND);
    return path;
  }

  private static byte[] patternBytes() {
    byte[] bytes = new byte[ELEMENTS];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = pattern(i);
    }
    return bytes;
  }

  private static byte pattern(int index) {
    return (byte) (index * 31 + (index >> 8));
  }

  private static byte[] bytes(ByteBuffer filled) {
    byte[] bytes = new byte[filled.flip().remaining()];
    filled.get(bytes);
    return bytes;
  }
}
