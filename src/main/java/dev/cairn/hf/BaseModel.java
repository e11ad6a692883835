package dev.cairn.hf;

import dev.cairn.io.Disk;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A model folder that another model is made from. */
final class BaseModel {
  private static final Logger LOG = System.getLogger(BaseModel.class.getName());

  private BaseModel() {}

  /** Returns a folder's tensors by name; none if it has no sound safetensors files. */
  static Map<String, TensorInfo> tensors(Path folder) throws IOException {
    List<String> files = FolderForm.of(Disk.local(), folder).files();
    if (files.isEmpty() || files.equals(List.of(FolderForm.ADAPTER))) {
      return Map.of();
    }
    Map<String, TensorInfo> tensors = new HashMap<>();
    try (ModelFolder model = ModelFolder.open(folder)) {
      for (FolderTensor tensor : model.tensors()) {
        tensors.put(tensor.name(), tensor.entry().info());
      }
    } catch (CorruptFileException | NoSuchFileException e) { // its config alone was taken, often
      LOG.log(
          Level.WARNING,
          "the base model's tensors are not known: folder={0}, reason={1}",
          folder,
          e.getMessage());
      return Map.of();
    }
    return tensors;
  }
}
