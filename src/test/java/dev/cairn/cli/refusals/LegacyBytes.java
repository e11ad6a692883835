package dev.cairn.cli.refusals;

import dev.cairn.tensor.DType;
import dev.cairn.torchfile.PickleWriter;
import dev.cairn.torchfile.TorchSave;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A torch file of the format before the zip one, with one tensor. */
final class LegacyBytes {
  private static final byte[] MAGIC = {
    (byte) 0x80,
    2,
    (byte) 0x8A,
    10,
    0x6C,
    (byte) 0xFC,
    (byte) 0x9C,
    0x46,
    (byte) 0xF9,
    0x20,
    0x6A,
    (byte) 0xA8,
    0x50,
    0x19,
    '.'
  };

  private LegacyBytes() {}

  /** Returns the file of a state dict with a tensor {@code w} of so many F32 elements. */
  static byte[] of(int elements) {
    Map<String, Object> machine = new LinkedHashMap<>();
    machine.put("protocol_version", 1001);
    machine.put("little_endian", true);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(MAGIC);
    bytes.writeBytes(PickleWriter.pickle(1001));
    bytes.writeBytes(PickleWriter.pickle(machine));
    bytes.writeBytes(PickleWriter.pickle(Map.of("w", TorchSave.tensor("94", DType.F32, elements))));
    bytes.writeBytes(PickleWriter.pickle(List.of("94")));
    bytes.writeBytes(
        ByteBuffer.allocate(8 + 4 * elements)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(elements)
            .array());
    return bytes.toByteArray();
  }
}
