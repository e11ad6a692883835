package dev.cairn.hf;

import dev.cairn.io.Disk;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A model folder that another model is made from. */
final class BaseModel {
  private BaseModel() {}

  /** Returns names and shapes of a folder's tensors; none if it has no safetensors files. */
  static Map<String, Shape> shapes(Path folder) throws IOException {
    List<String> files = FolderForm.of(Disk.local(), folder).files();
    if (files.isEmpty() || files.equals(List.of(FolderForm.ADAPTER))) {
      return Map.of();
    }
    Map<String, Shape> shapes = new HashMap<>();
    try (ModelFolder model = ModelFolder.open(folder)) {
      for (FolderTensor tensor : model.tensors()) {
        shapes.put(tensor.entry().name(), tensor.entry().shape());
      }
    }
    return shapes;
  }
}
