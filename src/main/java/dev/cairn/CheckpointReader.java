package dev.cairn;

import dev.cairn.io.SafetensorsFile;
import dev.cairn.safetensors.Manifest;
import dev.cairn.safetensors.Manifest.TensorRecord;
import dev.cairn.safetensors.TensorEntry;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The tensors of a committed checkpoint, by name, read a byte range at a time. Any thread. */
final class CheckpointReader implements AutoCloseable {
  private static final String STATE_FOLDER = "state/";

  private final Path folder;
  private final Map<String, TensorRecord> model = new HashMap<>();
  private final Map<String, TensorRecord> state = new HashMap<>();
  private final Map<String, SafetensorsFile> files = new HashMap<>();

  CheckpointReader(Path folder) throws IOException {
    this.folder = folder;
    Path file = folder.resolve(Manifest.FILE_NAME);
    for (TensorRecord tensor :
        Manifest.parse(Files.readAllBytes(file), file.toString()).tensors()) {
      (tensor.file().startsWith(STATE_FOLDER) ? state : model).put(tensor.name(), tensor);
    }
  }

  /** Returns the model's tensors by name. */
  Map<String, TensorRecord> model() {
    return model;
  }

  /** Returns the tensors of the trainer's state by name. */
  Map<String, TensorRecord> state() {
    return state;
  }

  /** Fills a buffer with a tensor's bytes from {@code byteOffset} on. */
  void read(TensorRecord tensor, long byteOffset, ByteBuffer target) throws IOException {
    file(tensor).read(tensor.entry(), byteOffset, target);
  }

  private synchronized SafetensorsFile file(TensorRecord tensor) throws IOException {
    SafetensorsFile file = files.get(tensor.file());
    if (file == null) {
      file = SafetensorsFile.open(folder.resolve(tensor.file()));
      files.put(tensor.file(), file);
    }
    TensorEntry entry = tensor.entry();
    if (entry.endByte() > file.header().fileLengthBytes() - file.header().dataOffset()) {
      throw new CorruptFileException(
          "manifest and file differ: tensor=" + tensor.name() + ", file=" + file.path());
    }
    return file;
  }

  @Override
  public synchronized void close() throws IOException {
    IOException first = null;
    for (SafetensorsFile file : files.values()) {
      try {
        file.close();
      } catch (IOException e) {
        first = first == null ? e : first;
      }
    }
    files.clear();
    if (first != null) {
      throw first;
    }
  }
}
