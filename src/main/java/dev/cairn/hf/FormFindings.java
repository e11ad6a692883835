package dev.cairn.hf;

import dev.cairn.io.Disk;
import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Whether the tensors of a sound folder are the model that its config describes. */
public final class FormFindings {
  private FormFindings() {}

  /**
   * {@return what loaders would miss or not know, as far as it is known what they expect; empty for
   * a file, an adapter, or a folder without a config}
   *
   * @param path a folder in which {@link FolderCheck} finds nothing wrong
   * @throws IOException if the disk fails
   */
  public static List<Finding> of(Path path) throws IOException {
    if (!Disk.local().isFolder(path)) {
      return List.of();
    }
    Optional<ModelConfig> config = ModelConfig.find(path);
    if (config.isEmpty()) {
      return List.of();
    }
    try (ModelFolder folder = ModelFolder.open(path)) {
      if (folder.files().equals(List.of(FolderForm.ADAPTER))) {
        return List.of();
      }
      List<TensorInfo> tensors =
          folder.tensors().stream().map(tensor -> tensor.entry().info()).toList();
      ModelForm form = new ModelForm(config.get());
      Optional<String> difference = form.loadingDifference(tensors);
      List<String> problems =
          difference.isPresent()
              ? difference.stream().filter(text -> !text.isEmpty()).toList()
              : form.suspicions(tensors);
      return problems.stream()
          .map(text -> Finding.of(ModelConfig.FILE_NAME, "not the model of the config: " + text))
          .toList();
    }
  }
}
