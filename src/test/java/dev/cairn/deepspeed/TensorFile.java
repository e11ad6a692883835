package dev.cairn.deepspeed;

import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.TensorEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** A small safetensors file, wholly in memory: what a test compares with. */
final class TensorFile {
  private final byte[] bytes;
  private final Header header;
  private final Map<String, TensorEntry> entries = new LinkedHashMap<>();

  TensorFile(Path file) throws IOException {
    bytes = Files.readAllBytes(file);
    int jsonBytes = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    header =
        Header.parse(Arrays.copyOfRange(bytes, 8, 8 + jsonBytes), bytes.length, file.toString());
    header.tensors().forEach(entry -> entries.put(entry.name(), entry));
  }

  Map<String, TensorEntry> entries() {
    return entries;
  }

  byte[] data(String name) {
    TensorEntry entry = entries.get(name);
    long begin = header.dataOffset();
    return Arrays.copyOfRange(
        bytes, (int) (begin + entry.beginByte()), (int) (begin + entry.endByte()));
  }
}
