package dev.cairn.cli;

import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelFolder;
import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/** A model that lies in a folder of safetensors files; only what is asked for is read. */
final class FolderModel implements DemoModel {
  private final ModelFolder folder;
  private final List<TensorInfo> tensors;

  FolderModel(Path path) throws IOException {
    folder = ModelFolder.open(path);
    tensors = folder.tensors().stream().map(FolderModel::info).toList();
  }

  /** Returns what a file says of a tensor, short of where it lies. */
  static TensorInfo info(FolderTensor tensor) {
    return new TensorInfo(tensor.name(), tensor.dtype(), tensor.shape());
  }

  @Override
  public List<TensorInfo> tensors() {
    return tensors;
  }

  @Override
  public void read(int tensor, long byteOffset, ByteBuffer target) throws IOException {
    folder.read(tensors.get(tensor).name(), byteOffset, target);
  }

  @Override
  public void close() throws IOException {
    folder.close();
  }
}
