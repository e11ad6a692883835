package dev.cairn.cli.demo;

import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelFolder;
import dev.cairn.safetensors.ShardIndex;
import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A model that lies in a folder of safetensors files; only what is asked for is read. */
final class FolderModel implements DemoModel {
  private final ModelFolder folder;
  private final List<TensorInfo> tensors;

  FolderModel(Path path) throws IOException {
    folder = ModelFolder.open(model(path));
    tensors = folder.tensors().stream().map(FolderModel::info).toList();
  }

  /** A state dict that somebody saved may have any name, if it is the only one. */
  private static Path model(Path path) throws IOException {
    if (!Files.isDirectory(path) || Files.exists(path.resolve(ShardIndex.FILE_NAME))) {
      return path;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(path, "*.safetensors")) {
      List<Path> found = new ArrayList<>();
      files.forEach(found::add);
      return found.size() == 1 ? found.get(0) : path;
    }
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
