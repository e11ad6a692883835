package dev.cairn.restore;

import dev.cairn.form.Form;
import dev.cairn.form.FormResolver;
import dev.cairn.hf.ModelConfig;
import dev.cairn.io.Disk;
import dev.cairn.io.SafetensorsData;
import dev.cairn.kernels.Crc32c;
import dev.cairn.model.ParameterSet;
import dev.cairn.ranks.Ranks;
import dev.cairn.safetensors.Manifest;
import dev.cairn.safetensors.Manifest.TensorRecord;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.save.PublishedParameters;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The tensors of a committed checkpoint, by name, read a byte range at a time. Any thread. */
final class CheckpointReader implements AutoCloseable {
  private static final String STATE_FOLDER = "state/";

  private final Disk disk;
  private final Path folder;
  private final Map<String, TensorRecord> model = new HashMap<>();
  private final Map<String, TensorRecord> state = new HashMap<>();
  private final Map<String, Long> dataBytes = new HashMap<>();
  private final Map<String, SafetensorsData> files = new HashMap<>();
  private final int manifestCrc32c;

  /** Reads the manifest; tensors are read when they are wanted. */
  CheckpointReader(Disk disk, Path folder) throws IOException {
    this.disk = disk;
    this.folder = folder;
    Path file = folder.resolve(Manifest.FILE_NAME);
    byte[] manifest = disk.readAll(file);
    manifestCrc32c = Crc32c.of(manifest);
    for (TensorRecord tensor : Manifest.parse(manifest, file.toString()).tensors()) {
      (tensor.file().startsWith(STATE_FOLDER) ? state : model).put(tensor.name(), tensor);
      dataBytes.merge(tensor.file(), tensor.endByte(), Math::max);
    }
  }

  /** Returns the checksum of the manifest that says where everything is. */
  int manifestCrc32c() {
    return manifestCrc32c;
  }

  /** Returns the model's tensors by name. */
  Map<String, TensorRecord> model() {
    return model;
  }

  /**
   * Returns these parameters as the tensors of the checkpoint: the same memory under the names and
   * shapes that it has. Parameters that it does not have in any form stay as they are.
   */
  ParameterSet published(ParameterSet set, Ranks ranks) throws IOException {
    Path file = folder.resolve(ModelConfig.FILE_NAME);
    boolean isAsInMemory =
        set.parameters().stream().allMatch(parameter -> model.containsKey(parameter.name()));
    if (isAsInMemory || !disk.exists(file)) {
      return set;
    }
    Map<String, TensorInfo> tensors = new HashMap<>();
    model.forEach(
        (name, tensor) -> tensors.put(name, new TensorInfo(name, tensor.dtype(), tensor.shape())));
    ModelConfig config = ModelConfig.parse(disk.readAll(file), file.toString());
    Form form =
        FormResolver.of(config.tree(), Optional.empty())
            .form(PublishedParameters.described(set), tensors);
    return PublishedParameters.of(set, form, ranks).set();
  }

  /** Returns the tensors of the trainer's state by name. */
  Map<String, TensorRecord> state() {
    return state;
  }

  /** Fills a buffer with a tensor's bytes from {@code byteOffset} on. */
  void read(TensorRecord tensor, long byteOffset, ByteBuffer target) throws IOException {
    file(tensor).read(tensor.entry(), byteOffset, target);
  }

  /** Opens a file once. Its header is not read: the manifest says the same of all its tensors. */
  private synchronized SafetensorsData file(TensorRecord tensor) throws IOException {
    SafetensorsData file = files.get(tensor.file());
    if (file == null) {
      file =
          SafetensorsData.open(disk, folder.resolve(tensor.file()), dataBytes.get(tensor.file()));
      files.put(tensor.file(), file);
    }
    return file;
  }

  @Override
  public synchronized void close() throws IOException {
    IOException first = null;
    for (SafetensorsData file : files.values()) {
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
