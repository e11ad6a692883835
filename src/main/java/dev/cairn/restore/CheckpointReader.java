package dev.cairn.restore;

import dev.cairn.checksum.Crc;
import dev.cairn.form.Form;
import dev.cairn.form.FormResolver;
import dev.cairn.hf.ModelConfig;
import dev.cairn.io.Disk;
import dev.cairn.io.SafetensorsData;
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
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The tensors of a committed checkpoint, by name, read a byte range at a time. Any thread. */
final class CheckpointReader implements AutoCloseable {
  private static final String STATE_FOLDER = "state/";

  private final Disk disk;
  private final Path folder;
  private final Optional<byte[]> toldConfig;
  private final List<TensorRecord> tensors;
  private final Map<String, TensorRecord> model = new HashMap<>();
  private final Map<String, TensorRecord> state = new HashMap<>();
  private final Map<String, Long> dataBytes = new HashMap<>();
  private final Map<String, SafetensorsData> files = new HashMap<>();
  private final int manifestCrc32c;

  /** Reads the manifest; tensors are read when they are wanted. */
  CheckpointReader(Disk disk, Path folder) throws IOException {
    this(disk, folder, readManifest(disk, folder), Optional.empty());
  }

  /**
   * Takes what rank 0 has read. Tensors can be read where the checkpoint is.
   *
   * @param manifest what {@link #readManifest} returned there
   * @param config what {@link #readConfig} returned there
   */
  CheckpointReader(Disk disk, Path folder, byte[] manifest, byte[] config) throws IOException {
    this(disk, folder, manifest, Optional.of(config));
  }

  private CheckpointReader(Disk disk, Path folder, byte[] manifest, Optional<byte[]> toldConfig)
      throws IOException {
    this.disk = disk;
    this.folder = folder;
    this.toldConfig = toldConfig;
    manifestCrc32c = Crc.CRC32C.of(manifest);
    tensors = Manifest.parse(manifest, folder.resolve(Manifest.FILE_NAME).toString()).tensors();
    for (TensorRecord tensor : tensors) {
      (tensor.file().startsWith(STATE_FOLDER) ? state : model).put(tensor.name(), tensor);
      dataBytes.merge(tensor.file(), tensor.endByte(), Math::max);
    }
  }

  static byte[] readManifest(Disk disk, Path folder) throws IOException {
    return disk.readAll(folder.resolve(Manifest.FILE_NAME));
  }

  /** Returns the model's config; nothing if there is none. */
  static byte[] readConfig(Disk disk, Path folder) throws IOException {
    Path file = folder.resolve(ModelConfig.FILE_NAME);
    return disk.exists(file) ? disk.readAll(file) : new byte[0];
  }

  /** Returns the checksum of the manifest that says where everything is. */
  int manifestCrc32c() {
    return manifestCrc32c;
  }

  /** Returns all tensors, in the manifest's order, which is the same for all who have it. */
  List<TensorRecord> tensors() {
    return tensors;
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
    boolean isAsInMemory =
        set.parameters().stream().allMatch(parameter -> model.containsKey(parameter.name()));
    if (isAsInMemory) {
      return set;
    }
    byte[] config = toldConfig.isPresent() ? toldConfig.get() : readConfig(disk, folder);
    if (config.length == 0) {
      return set;
    }
    Map<String, TensorInfo> tensors = new HashMap<>();
    model.forEach(
        (name, tensor) -> tensors.put(name, new TensorInfo(name, tensor.dtype(), tensor.shape())));
    Path file = folder.resolve(ModelConfig.FILE_NAME);
    Form form =
        FormResolver.of(ModelConfig.parse(config, file.toString()).tree(), Optional.empty())
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
