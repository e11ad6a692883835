package dev.cairn.save;

import dev.cairn.options.SaveOptions;

/** The options in one line, by which ranks find out whether they have the same. */
final class OptionsText {
  private OptionsText() {}

  /** Written out: what a record makes of so many fields takes a first save 30 ms to link. */
  static String of(SaveOptions options) {
    return "dtype="
        + options.dtype()
        + ", mode="
        + options.mode()
        + ", durability="
        + options.durability()
        + ", overwrite="
        + options.overwrite()
        + ", maxShardBytes="
        + options.maxShardBytes()
        + ", stagingBuffers="
        + options.stagingBuffers()
        + ", stagingBufferBytes="
        + options.stagingBufferBytes()
        + ", deviceBytes="
        + options.deviceBytes()
        + ", bucketBytes="
        + options.bucketBytes()
        + ", gatherAlgorithm="
        + options.gatherAlgorithm()
        + ", snapshotBudgetBytes="
        + options.snapshotBudgetBytes()
        + ", form=FormOptions[rawNames="
        + options.form().rawNames()
        + ", unchecked="
        + options.form().unchecked()
        + ", incomplete="
        + options.form().incomplete()
        + ", names="
        + options.form().names()
        + ", missingFromBase="
        + options.form().missingFromBase()
        + "]";
  }
}
