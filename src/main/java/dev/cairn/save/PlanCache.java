package dev.cairn.save;

import dev.cairn.options.SaveOptions;
import dev.cairn.plan.Fingerprint;
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
          && groups.equals(otherGroups);
    }
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
