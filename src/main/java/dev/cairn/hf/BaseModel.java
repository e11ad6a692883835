package dev.cairn.hf;

import dev.cairn.io.Disk;
import dev.cairn.safetensors.TensorEntry;
import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A model folder that another model is made from. */
final class BaseModel {
  private BaseModel() {}

  /** Returns a folder's tensors by name; none if it has no safetensors files. */
  static Map<String, TensorInfo> tensors(Path folder) throws IOException {
    List<String> files = FolderForm.of(Disk.local(), folder).files();
    if (files.isEmpty() || files.equals(List.of(FolderForm.ADAPTER))) {
      return Map.of();
    }
    Map<String, TensorInfo> tensors = new HashMap<>();
    try (ModelFolder model = ModelFolder.open(folder)) {
      for (FolderTensor tensor : model.tensors()) {
        TensorEntry entry = tensor.entry();
        tensors.put(entry.name(), new TensorInfo(entry.name(), entry.dtype(), entry.shape()));
      }
    }
    return tensors;
  }
}
