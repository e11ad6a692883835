package dev.cairn.hf;

import dev.cairn.json.Golden;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.Manifest;
import dev.cairn.safetensors.Manifest.FileRecord;
import dev.cairn.safetensors.Manifest.TensorRecord;
import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;

/** Model folders to damage: copies of what transformers wrote. */
final class Folders {
  static final String FIRST_SHARD = "model-00001-of-00004.safetensors";
  static final String LAST_SHARD = "model-00004-of-00004.safetensors";
  static final String INDEX = "model.safetensors.index.json";

  private Folders() {}

  /** Copies {@code models/<name>} of the golden files to {@code target}. */
  static Path copy(String name, Path target) throws IOException {
    Files.createDirectories(target);
    try (Stream<Path> files = Files.list(Golden.path("models/" + name))) {
      for (Path file : files.toList()) {
        Files.copy(file, target.resolve(file.getFileName().toString()));
      }
    }
    return target;
  }

  /** Writes a safetensors file whose data is zeros. */
  static void write(Path file, TensorInfo... tensors) throws IOException {
    Header header = Header.of(Header.PYTORCH_METADATA, List.of(tensors));
    Files.write(file, header.encode());
    long dataBytes = header.fileLengthBytes() - header.dataOffset();
    Files.write(file, new byte[(int) dataBytes], StandardOpenOption.APPEND);
  }

  /** Writes the files that go beside the safetensors files. */
  static void write(List<FolderFile> files, Path folder) throws IOException {
    for (FolderFile file : files) {
      Path target = folder.resolve(file.relativePath());
      Files.createDirectories(target.getParent());
      try (InputStream stream = file.open()) {
        Files.copy(stream, target);
      }
    }
  }

  static void replace(Path file, String from, String to) throws IOException {
    String text = Files.readString(file);
    if (!text.contains(from)) {
      throw new AssertionError("nothing to replace: " + from);
    }
    Files.writeString(file, text.replace(from, to));
  }

  static void flipByte(Path file, long fileOffset) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[(int) fileOffset] ^= 1;
    Files.write(file, bytes);
  }

  /** CRC32C a bit at a time, written from the definition. */
  static int crc32c(ByteBuffer source, int lengthBytes, int crc) {
    int state = ~crc;
    for (int i = 0; i < lengthBytes; i++) {
      state ^= source.get(source.position() + i) & 0xff;
      for (int bit = 0; bit < 8; bit++) {
        state = (state >>> 1) ^ (0x82F63B78 & -(state & 1));
      }
    }
    return ~state;
  }

  static int crc32c(byte[] bytes, int from, int to) {
    return crc32c(ByteBuffer.wrap(bytes).position(from), to - from, 0);
  }

  /** Writes the manifest of what lies there, and its marker. */
  static void writeManifest(Path folder) throws IOException {
    List<TensorRecord> tensors = new ArrayList<>();
    List<FileRecord> files = new ArrayList<>();
    try (ModelFolder open = ModelFolder.open(folder)) {
      for (FolderTensor tensor : open.tensors()) {
        byte[] bytes = Files.readAllBytes(folder.resolve(tensor.file()));
        int dataOffset = (int) open.header(tensor.file()).dataOffset();
        int begin = dataOffset + (int) tensor.entry().beginByte();
        int crc = crc32c(bytes, begin, dataOffset + (int) tensor.entry().endByte());
        tensors.add(TensorRecord.of(tensor.entry(), tensor.file(), crc));
      }
      List<String> names = new ArrayList<>(open.files());
      names.addAll(List.of(INDEX, "config.json", "generation_config.json"));
      for (String name : names) {
        byte[] bytes = Files.readAllBytes(folder.resolve(name));
        files.add(new FileRecord(name, bytes.length, crc32c(bytes, 0, bytes.length)));
      }
    }
    Manifest manifest = new Manifest("now", "gather", 1, OptionalLong.empty(), tensors, files);
    Files.write(folder.resolve("cairn.json"), manifest.encode());
    writeMarker(folder);
  }

  static void writeMarker(Path folder) throws IOException {
    byte[] manifest = Files.readAllBytes(folder.resolve("cairn.json"));
    int crc = crc32c(manifest, 0, manifest.length);
    Files.writeString(folder.resolve("COMPLETED"), Manifest.completedText(crc));
  }
}
