package dev.cairn.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.device.HostMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class ProcessMemoryTest {
  private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};

  private static byte[] read(ProcessMemory memory, long address, int lengthBytes)
      throws IOException {
    ByteBuffer target = ByteBuffer.allocateDirect(lengthBytes + 2).position(1);
    memory.read(address, target.limit(1 + lengthBytes));
    byte[] bytes = new byte[lengthBytes];
    target.get(1, bytes);
    return bytes;
  }

  @Test
  void readsAnotherProcessUntilItHasEnded() throws Exception {
    Process other = new ProcessBuilder("sleep", "60").start();
    try (ProcessMemory memory = memoryAfterStart(other)) {
      String maps = Files.readString(Path.of("/proc/" + other.pid() + "/maps"));
      long address = Long.parseUnsignedLong(maps.substring(0, maps.indexOf('-')), 16);
      assertArrayEquals(ELF, read(memory, address, ELF.length));
      other.destroyForcibly().waitFor();
      String message =
          assertThrows(IOException.class, () -> read(memory, address, ELF.length)).getMessage();
      assertEquals("process has ended: its memory is gone, pid=" + other.pid(), message);
    } finally {
      other.destroyForcibly();
    }
  }

  /** Until the new program is there, the process is still the one that has begun it. */
  private static ProcessMemory memoryAfterStart(Process other) throws Exception {
    Path program = Path.of("/proc/" + other.pid() + "/exe");
    while (!Files.readSymbolicLink(program).endsWith("sleep")) {
      Thread.sleep(5);
    }
    return ProcessMemory.of(other.pid());
  }

  @Test
  void readsItsOwn() throws Exception {
    try (HostMemory held = HostMemory.allocate(100_000);
        ProcessMemory memory = ProcessMemory.of(ProcessHandle.current().pid())) {
      held.view(99_990, 3).put(new byte[] {1, 2, 3});
      assertArrayEquals(new byte[] {0, 1, 2, 3, 0}, read(memory, held.address() + 99_989, 5));
    }
  }

  @Test
  void refusesWhereThereIsNone() throws Exception {
    try (ProcessMemory memory = ProcessMemory.of(ProcessHandle.current().pid())) {
      assertThrows(IOException.class, () -> read(memory, 4096, 1));
    }
    assertThrows(NoSuchFileException.class, () -> ProcessMemory.of(Integer.MAX_VALUE));
  }
}
