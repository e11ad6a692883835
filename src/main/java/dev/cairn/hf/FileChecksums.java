package dev.cairn.hf;

import dev.cairn.io.Disk;
import dev.cairn.io.InputFile;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.TensorEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongConsumer;

/** Reads a file once, in order, and computes the checksum of it and of each of its tensors. */
final class FileChecksums {
  private final Disk disk;
  private final Checksum checksum;
  private final ByteBuffer buffer;
  private final LongConsumer bytesRead;
  private final Map<String, Integer> byTensor = new HashMap<>();

  FileChecksums(Disk disk, Checksum checksum, ByteBuffer buffer, LongConsumer bytesRead) {
    this.disk = disk;
    this.checksum = checksum;
    this.buffer = buffer;
    this.bytesRead = bytesRead;
  }

  /** Returns the checksum of a file that is not a safetensors file. */
  int of(Path path) throws IOException {
    return read(path, 0, List.of());
  }

  /** Returns the checksum of a safetensors file; {@link #ofTensor} then has its tensors'. */
  int of(Path path, Header header) throws IOException {
    return read(path, header.dataOffset(), header.tensors());
  }

  /** Returns the checksum of a tensor of the last file; empty if it has no such tensor. */
  Optional<Integer> ofTensor(String name) {
    return Optional.ofNullable(byTensor.get(name));
  }

  private int read(Path path, long dataOffset, List<TensorEntry> tensors) throws IOException {
    byTensor.clear();
    tensors.forEach(tensor -> byTensor.put(tensor.name(), 0));
    int crc = 0;
    int tensorIndex = 0; // the first tensor that may reach past what was read
    try (InputFile file = disk.openForReading(path)) {
      long fileOffset = 0;
      while (fileOffset < file.lengthBytes()) {
        int chunkBytes = (int) Math.min(buffer.capacity(), file.lengthBytes() - fileOffset);
        file.read(fileOffset, buffer.clear().limit(chunkBytes));
        buffer.flip();
        crc = checksum.crc32c(buffer, chunkBytes, crc);
        long chunkBegin = fileOffset - dataOffset; // as the tensors' ranges are counted
        tensorIndex = addChunk(chunkBegin, chunkBegin + chunkBytes, tensors, tensorIndex);
        fileOffset += chunkBytes;
        bytesRead.accept(chunkBytes);
      }
    }
    return crc;
  }

  /** Adds the buffer's bytes to the tensors they belong to; returns where the next chunk starts. */
  private int addChunk(long begin, long end, List<TensorEntry> tensors, int firstIndex) {
    int index = firstIndex;
    while (index < tensors.size() && tensors.get(index).beginByte() < end) {
      TensorEntry tensor = tensors.get(index);
      long from = Math.max(begin, tensor.beginByte());
      long to = Math.min(end, tensor.endByte());
      if (from < to) {
        int lengthBytes = (int) (to - from);
        ByteBuffer part = buffer.slice((int) (from - begin), lengthBytes);
        byTensor.computeIfPresent(
            tensor.name(), (name, crc) -> checksum.crc32c(part, lengthBytes, crc));
      }
      if (tensor.endByte() > end) {
        break;
      }
      index++;
    }
    return index;
  }
}
