package dev.cairn.torchfile.checksum;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.zip.CRC32;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

class Crc32Test {
  private static int crc32(byte[]... parts) {
    CRC32 checksum = new CRC32();
    for (byte[] part : parts) {
      checksum.update(part);
    }
    return (int) checksum.getValue();
  }

  @Property
  void combinedIsTheChecksumOfBothInOrder(@ForAll byte[] a, @ForAll byte[] b) {
    assertEquals(crc32(a, b), Crc32.combine(crc32(a), crc32(b), b.length));
  }
}
