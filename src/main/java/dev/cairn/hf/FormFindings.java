package dev.cairn.hf;

import dev.cairn.io.Disk;
import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;

/** Whether the tensors of a sound folder are the model that its config describes. */
public final class FormFindings {
  private FormFindings() {}

  /**
   * {@return what is wrong with a folder's files, and if that is nothing, with the model: what
   * loaders would miss or not know, as far as it is known what they expect} A tensor that only the
   * index has is a note if the config asks for no such tensor.
   *
   * @param path a folder or a file
   * @param findings what {@link FolderCheck} says of it
   * @throws IOException if the disk fails
   */
  public static List<Finding> addedTo(List<Finding> findings, Path path) throws IOException {
    if (!Finding.errors(findings).stream().allMatch(IndexCheck::isPromise)) {
      return findings;
    }
    try (ModelFolder folder = ModelFolder.openReadable(path)) {
      Optional<List<Finding>> model = known(folder, path);
      List<Finding> all = new ArrayList<>(settled(findings, model));
      all.addAll(model.isPresent() ? model.get() : suspicions(folder, path));
      return all;
    }
  }

  /**
   * Returns the findings of an open folder, where a tensor that only the index has is a note if the
   * config asks for no such tensor.
   */
  static List<Finding> settled(List<Finding> findings, ModelFolder folder, Path path)
      throws IOException {
    List<Finding> errors = Finding.errors(findings);
    return errors.isEmpty() || !errors.stream().allMatch(IndexCheck::isPromise)
        ? findings
        : settled(findings, known(folder, path));
  }

  private static List<Finding> settled(List<Finding> findings, Optional<List<Finding>> model) {
    boolean isFine = model.isPresent() && model.get().isEmpty();
    return findings.stream()
        .map(finding -> isFine && IndexCheck.isPromise(finding) ? finding.asNote() : finding)
        .toList();
  }

  /**
   * {@return what loaders would miss or not know, as far as it is known what they expect; empty for
   * a file, an adapter, or a folder without a config}
   *
   * @param path a folder in which {@link FolderCheck} finds nothing wrong
   * @throws IOException if the disk fails
   */
  public static List<Finding> of(Path path) throws IOException {
    return addedTo(List.of(), path);
  }

  /** Returns what is different from what is expected; nothing at all if that is not known. */
  private static Optional<List<Finding>> known(ModelFolder folder, Path path) throws IOException {
    return compared(folder, path, ModelForm::loadingDifference)
        .flatMap(difference -> difference)
        .map(text -> text.isEmpty() ? List.of() : List.of(finding(text)));
  }

  private static List<Finding> suspicions(ModelFolder folder, Path path) throws IOException {
    return compared(folder, path, ModelForm::suspicions).orElse(List.of()).stream()
        .map(FormFindings::finding)
        .toList();
  }

  private static <T> Optional<T> compared(
      ModelFolder folder, Path path, BiFunction<ModelForm, List<TensorInfo>, T> comparison)
      throws IOException {
    boolean isModel =
        Disk.local().isFolder(path) && !folder.files().equals(List.of(FolderForm.ADAPTER));
    Optional<ModelConfig> config = isModel ? ModelConfig.find(path) : Optional.empty();
    List<TensorInfo> tensors =
        folder.tensors().stream().map(tensor -> tensor.entry().info()).toList();
    return config.map(known -> comparison.apply(new ModelForm(known), tensors));
  }

  private static Finding finding(String text) {
    return Finding.of(ModelConfig.FILE_NAME, "not the model of the config: " + text);
  }
}
