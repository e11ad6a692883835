package dev.cairn.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostMemoryTest {
  /** Uses memory as a save does, and prints whether it has an address. */
  static final class Main {
    private Main() {}

    public static void main(String[] arguments) {
      HostMemory memory = HostMemory.allocate(10_000);
      ByteBuffer view = memory.view(5000, 8);
      Check.equal(0L, view.getLong(0), "zeroed");
      view.putLong(0, 7);
      Check.equal((byte) 7, memory.view(5000, 1).get(0), "little-endian, one memory");
      Check.equal(0, HostMemory.viewOf(0, 0).capacity(), "empty view of anything");
      String address;
      try {
        address = memory.address() % 4096 == 0 ? "aligned" : "unaligned";
      } catch (IllegalStateException e) {
        address = e.getMessage();
      }
      memory.close();
      memory.close();
      System.out.println("address " + address);
    }
  }

  @Tag("processes")
  @ParameterizedTest
  @CsvSource({
    "linux-x86_64, aligned",
    "linux-riscv64, host memory has no address: native library not loaded"
  })
  void memoryIsThereWithAndWithoutTheNativeLibrary(String platform, String expected)
      throws Exception {
    Process process =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/java",
                "-Dorg.bytedeco.javacpp.platform=" + platform,
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), output);
    assertTrue(output.endsWith("address " + expected + "\n"), output);
  }

  @Test
  void viewOutsideIsRefused() {
    HostMemory memory = HostMemory.allocate(10);
    for (long offset : new long[] {-1, 9}) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> memory.view(offset, 2));
      assertEquals(
          "view outside its memory: offset=" + offset + ", viewBytes=2, lengthBytes=10",
          e.getMessage());
    }
    memory.close();
    assertThrows(IllegalStateException.class, () -> memory.view(0, 1));
  }
}
