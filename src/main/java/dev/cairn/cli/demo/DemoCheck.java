package dev.cairn.cli.demo;

import dev.cairn.cli.text.Progress;
import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelFolder;
import dev.cairn.hf.TiedNames;
import dev.cairn.kernels.Kernels;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Compares a saved folder with the model that was to be saved, byte for byte. */
final class DemoCheck {
  private static final int CHUNK_BYTES = 4 << 20;

  private final DemoModel model;
  private final DType dtype;
  private final Kernels kernels = Kernels.best();
  private final ByteBuffer held = direct();
  private final ByteBuffer expected = direct();
  private final ByteBuffer saved = direct();

  /**
   * Makes a check.
   *
   * @param model what was to be saved
   * @param dtype what floating tensors were to be cast to, or null for none
   */
  DemoCheck(DemoModel model, DType dtype) {
    this.model = model;
    this.dtype = dtype;
  }

  private static ByteBuffer direct() {
    return ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Compares every tensor.
   *
   * @return how many tensors there are
   * @throws CorruptFileException if the folder does not hold exactly the model; names the tensor
   */
  int check(Path folder, Progress progress) throws IOException {
    List<TensorInfo> tensors = model.tensors();
    try (ModelFolder output = ModelFolder.open(folder)) {
      Map<String, String> aliases = droppedAliases(output, folder);
      Set<String> stored = new HashSet<>();
      for (int i = 0; i < tensors.size(); i++) {
        String name = tensors.get(i).name();
        stored.add(aliases.getOrDefault(name, name));
        check(output, i, aliases.getOrDefault(name, name), folder, progress);
      }
      if (output.tensors().size() != stored.size()) {
        throw new CorruptFileException(
            "tensor count mismatch: tensors=%d, expected %d, folder=%s"
                .formatted(output.tensors().size(), stored.size(), folder));
      }
    }
    return tensors.size();
  }

  /** Returns the name under which a tied weight is stored, if the save left its alias out. */
  private static Map<String, String> droppedAliases(ModelFolder output, Path folder)
      throws IOException {
    boolean ties = ModelConfig.find(folder).map(ModelConfig::tiesWordEmbeddings).orElse(false);
    Set<String> names =
        output.tensors().stream().map(FolderTensor::name).collect(Collectors.toSet());
    return TiedNames.find(names)
        .filter(tied -> ties && !tied.aliasIsStored())
        .map(tied -> Map.of(tied.alias(), tied.canonical()))
        .orElse(Map.of());
  }

  private void check(
      ModelFolder output, int tensor, String storedName, Path folder, Progress progress)
      throws IOException {
    TensorInfo info = model.tensors().get(tensor);
    DType savedDtype = dtype != null && info.dtype().isCastable() ? dtype : info.dtype();
    TensorInfo wanted = new TensorInfo(storedName, savedDtype, info.shape());
    TensorInfo found =
        output
            .find(storedName)
            .map(FolderModel::info)
            .orElseThrow(
                () ->
                    new CorruptFileException(
                        "tensor missing: tensor=" + info.name() + ", folder=" + folder));
    if (!wanted.equals(found)) {
      throw new CorruptFileException(
          "tensor mismatch: tensor=%s, dtype=%s, shape=%s, expected dtype=%s, shape=%s, folder=%s"
              .formatted(
                  info.name(), found.dtype(), found.shape(), savedDtype, info.shape(), folder));
    }
    compare(output, tensor, wanted, folder, progress);
  }

  private void compare(
      ModelFolder output, int tensor, TensorInfo wanted, Path folder, Progress progress)
      throws IOException {
    TensorInfo info = model.tensors().get(tensor);
    boolean isCast = wanted.dtype() != info.dtype();
    int heldWidth = isCast ? info.dtype().bits() / 8 : 1;
    int savedWidth = isCast ? wanted.dtype().bits() / 8 : 1;
    int step = CHUNK_BYTES / Math.max(heldWidth, savedWidth);
    long units = isCast ? info.shape().elements() : info.lengthBytes();
    for (long done = 0; done < units; done += step) {
      int count = (int) Math.min(step, units - done);
      held.clear().limit(count * heldWidth);
      model.read(tensor, done * heldWidth, held);
      held.flip();
      ByteBuffer right = held;
      if (isCast) {
        right = expected.clear().limit(count * savedWidth);
        kernels.cast(info.dtype(), held, wanted.dtype(), right, count, 0);
      }
      saved.clear().limit(count * savedWidth);
      output.read(wanted.name(), done * savedWidth, saved);
      saved.flip();
      int different = saved.mismatch(right);
      if (different >= 0) {
        throw new CorruptFileException(
            "tensor differs from what was saved: tensor=%s, byteOffset=%d, folder=%s"
                .formatted(info.name(), done * savedWidth + different, folder));
      }
      progress.add((long) count * savedWidth);
    }
  }
}
