package dev.cairn.save;

import dev.cairn.hf.ModelFiles;
import dev.cairn.hf.ModelFolder;
import dev.cairn.layout.ElementRange;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.ranks.Ranks;
import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Tensors that are not in the trainer's memory: rank 0 reads them from the base model. */
final class BorrowedTensors implements AutoCloseable {
  private static final Logger LOG = System.getLogger(BorrowedTensors.class.getName());

  private final ModelFolder base; // null if nothing is borrowed, or by this rank
  private final List<Parameter> parameters = new ArrayList<>();

  /**
   * Opens the base model on rank 0, if there is anything to borrow.
   *
   * @param tensors the same on every rank
   * @param wide names of those that stay F32
   * @param files only rank 0's count
   */
  BorrowedTensors(List<BorrowedTensor> tensors, Set<String> wide, ModelFiles files, Ranks ranks)
      throws IOException {
    base = tensors.isEmpty() || !ranks.isWriter() ? null : files.openBase();
    for (BorrowedTensor borrowed : tensors) {
      TensorInfo tensor = borrowed.info();
      List<List<ElementRange>> ranges = new ArrayList<>();
      for (int rank = 0; rank < ranks.size(); rank++) {
        ranges.add(rank == 0 ? List.of(new ElementRange(0, tensor.shape().elements())) : List.of());
      }
      Parameter parameter =
          Parameter.of(
              tensor.name(),
              tensor.shape(),
              tensor.dtype(),
              Layout.ranges(ranges),
              base == null
                  ? Partition.empty()
                  : Partition.of(
                      (byteOffset, target) -> base.read(borrowed.baseName(), byteOffset, target),
                      tensor.lengthBytes()));
      parameters.add(wide.contains(tensor.name()) ? parameter.keepingF32() : parameter);
    }
  }

  /** Returns a model and what is borrowed for it. */
  ParameterSet addTo(ParameterSet set) {
    if (parameters.isEmpty()) {
      return set;
    }
    List<Parameter> all = new ArrayList<>(set.parameters());
    all.addAll(parameters);
    return ParameterSet.published(all, all, set.tied());
  }

  @Override
  public void close() {
    try {
      if (base != null) {
        base.close();
      }
    } catch (IOException e) { // all of it has been read by now
      LOG.log(Level.DEBUG, "base model not closed: {0}", e.getMessage());
    }
  }
}
