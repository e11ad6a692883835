package dev.cairn.deepspeed;

import java.util.Objects;
import java.util.Optional;

/**
 * What of a checkpoint is taken.
 *
 * @param excludeFrozen whether frozen parameters, and what is tied to them, are left out
 * @param asHeld whether parameters are taken in the dtype that the live engine held, rather than
 *     that of the optimizer's masters; for a save that keeps dtypes
 * @param attribute the attribute of a composite model to take, without its prefix; empty for all
 */
public record ConsolidationOptions(
    boolean excludeFrozen, boolean asHeld, Optional<String> attribute) {
  /**
   * Refuses nulls.
   *
   * @param excludeFrozen whether frozen parameters are left out
   * @param asHeld whether dtypes are the live engine's
   * @param attribute not null; a name without the dot at its end, or empty
   */
  public ConsolidationOptions {
    Objects.requireNonNull(attribute, "attribute");
  }

  /** {@return the defaults: everything, from the masters} */
  public static ConsolidationOptions defaults() {
    return new ConsolidationOptions(false, false, Optional.empty());
  }
}
