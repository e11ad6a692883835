package dev.cairn.save;

import dev.cairn.options.SaveOptions;
import dev.cairn.plan.FileNaming;
import dev.cairn.plan.Fingerprint;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.plan.SavePlan;
import dev.cairn.plan.TensorGroup;
import java.util.List;

/**
 * The plan of the save before: a run saves the same tensors again and again, and planning them anew
 * would take longer than all else that a save does besides the copy. One thread at a time.
 */
final class PlanCache {
  private Planned last;

  /** A plan, what it was made from, and what the ranks compare of it. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Planned(
      String options, List<TensorGroup> groups, int worldSize, SavePlan plan, byte[] fingerprint) {
    private boolean isOf(String otherOptions, List<TensorGroup> otherGroups, int otherWorldSize) {
      return options.equals(otherOptions)
          && worldSize == otherWorldSize
          && isSame(groups, otherGroups);
    }
  }

  /**
   * As {@code equals} would tell, of what decides about the plan: records' own takes a second save
   * 20 ms to link.
   */
  private static boolean isSame(List<TensorGroup> groups, List<TensorGroup> others) {
    if (groups.size() != others.size()) {
      return false;
    }
    for (int index = 0; index < groups.size(); index++) {
      TensorGroup group = groups.get(index);
      TensorGroup other = others.get(index);
      if (!isSame(group.naming(), other.naming())
          || group.tensors().size() != other.tensors().size()) {
        return false;
      }
      for (int tensor = 0; tensor < group.tensors().size(); tensor++) {
        if (!isSame(group.tensors().get(tensor), other.tensors().get(tensor))) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean isSame(FileNaming naming, FileNaming other) {
    return naming.stem().equals(other.stem())
        && naming.maxShardBytes() == other.maxShardBytes()
        && naming.metadata().equals(other.metadata());
  }

  private static boolean isSame(PlannedTensor tensor, PlannedTensor other) {
    return tensor.held() == other.held()
        && tensor.info().dtype() == other.info().dtype()
        && tensor.info().name().equals(other.info().name())
        && tensor.info().shape().equals(other.info().shape())
        && tensor.layout().equals(other.layout());
  }

  /** Returns the plan of these tensors and its fingerprint: the last one, if it is theirs. */
  Planned of(SaveOptions options, List<TensorGroup> groups, int worldSize) {
    String described = OptionsText.of(options);
    if (last == null || !last.isOf(described, groups, worldSize)) {
      SavePlan plan = SavePlan.of(groups, worldSize);
      byte[] fingerprint = Fingerprint.of(described, plan.tensors());
      last = new Planned(described, groups, worldSize, plan, fingerprint);
    }
    return last;
  }
}
