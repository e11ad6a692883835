package dev.cairn.safetensors;

import dev.cairn.tensor.CorruptFileException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * What Jazzer drives with starts of safetensors files: 8 bytes that say how long the data would be,
 * then the file up to the data. Each is read, or refused as corrupt; what is read and written again
 * is the same.
 */
public final class HeaderFuzz {
  private HeaderFuzz() {}

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length < Long.BYTES) {
      return;
    }
    long dataBytes = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN).getLong();
    byte[] start = Arrays.copyOfRange(input, Long.BYTES, input.length);
    long fileBytes = start.length + (dataBytes & Long.MAX_VALUE >> 1);
    try {
      long jsonBytes = Header.parseLength(start, fileBytes, "fuzzed");
      int available = start.length - Header.LENGTH_BYTES;
      byte[] json =
          Arrays.copyOfRange(
              start,
              Header.LENGTH_BYTES,
              Header.LENGTH_BYTES + (int) Math.min(jsonBytes, available));
      requireSame(Header.parse(json, fileBytes, "fuzzed"), fileBytes);
    } catch (CorruptFileException e) {
      // refused: as it should be
    }
  }

  private static void requireSame(Header header, long fileBytes) throws CorruptFileException {
    if (header.fileLengthBytes() != fileBytes) {
      throw new IllegalStateException("another length: " + header.fileLengthBytes());
    }
    byte[] encoded = header.encode();
    byte[] json = Arrays.copyOfRange(encoded, Header.LENGTH_BYTES, encoded.length);
    long dataBytes = fileBytes - header.dataOffset();
    Header again = Header.parse(json, encoded.length + dataBytes, "encoded");
    if (!again.tensors().equals(header.tensors()) || !again.metadata().equals(header.metadata())) {
      throw new IllegalStateException("not the same after a round trip");
    }
  }
}
