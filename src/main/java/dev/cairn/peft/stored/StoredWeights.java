package dev.cairn.peft.stored;

import dev.cairn.hf.ModelFolder;
import dev.cairn.torchfile.SourceReader;
import dev.cairn.torchfile.StoredTensor;
import dev.cairn.torchfile.TorchModel;
import dev.cairn.torchfile.TorchParameterSet;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The tensors of a base model or an adapter, safetensors or torch's: described at once, their data
 * read when asked for, in any number of threads.
 *
 * @param root the folder or file
 * @param files the names of the files
 * @param tensors all of them, in the files' order
 * @param data reads them
 * @param source what is closed at the end
 */
public record StoredWeights(
    Path root, List<String> files, List<StoredWeight> tensors, Reading data, Closeable source)
    implements Closeable {
  public static final String ADAPTER_FILE = "adapter_model.safetensors";

  /** Reads tensors. */
  public interface Reading {
    /** Fills the rest of {@code target} with bytes of a tensor from {@code byteOffset} on. */
    void read(String name, long byteOffset, ByteBuffer target) throws IOException;
  }

  /** Fills the rest of {@code target} with bytes of a tensor from {@code byteOffset} on. */
  public void read(String name, long byteOffset, ByteBuffer target) throws IOException {
    data.read(name, byteOffset, target);
  }

  @Override
  public void close() throws IOException {
    source.close();
  }

  /** Opens a base model's safetensors. */
  public static StoredWeights of(Path base) throws IOException {
    return of(ModelFolder.open(base));
  }

  /** Opens a base model's torch files, or one such file. */
  public static StoredWeights ofTorch(Path base) throws IOException {
    return of(TorchModel.open(base));
  }

  /** Opens an adapter's folder. */
  public static StoredWeights ofAdapter(Path adapter) throws IOException {
    Path safetensors = adapter.resolve(ADAPTER_FILE);
    boolean isTorch =
        !Files.exists(safetensors) && Files.exists(adapter.resolve("adapter_model.bin"));
    return isTorch
        ? of(TorchModel.open(adapter.resolve("adapter_model.bin")))
        : of(ModelFolder.open(safetensors));
  }

  private static StoredWeights of(ModelFolder folder) {
    List<StoredWeight> tensors =
        folder.tensors().stream()
            .map(tensor -> new StoredWeight(tensor.name(), tensor.dtype(), tensor.shape()))
            .toList();
    return new StoredWeights(folder.root(), folder.files(), tensors, folder::read, folder);
  }

  private static StoredWeights of(TorchModel model) {
    SourceReader reader = new SourceReader();
    Map<String, StoredTensor> stored = model.tensors();
    List<StoredWeight> tensors =
        stored.entrySet().stream()
            .map(e -> new StoredWeight(e.getKey(), e.getValue().dtype(), e.getValue().shape()))
            .toList();
    return new StoredWeights(
        model.root(),
        model.files(),
        tensors,
        (name, byteOffset, target) ->
            TorchParameterSet.read(reader, stored.get(name), byteOffset, target),
        reader::close);
  }
}
