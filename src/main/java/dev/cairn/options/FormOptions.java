package dev.cairn.options;

import dev.cairn.form.NameRule;
import java.util.List;

/**
 * Which tensors a save writes, and under which names. The same on every rank. Start from {@link
 * #asPublished} and change what differs.
 *
 * @param rawNames whether tensors are saved as they are in memory: without other names, experts one
 *     by one and whatever else transformers' {@code save_pretrained} makes of them
 * @param unchecked whether even what is known not to be the model is saved: tensors are missing,
 *     have other names or shapes than the base's, or are integers in place of floats
 * @param incomplete whether tensors of the model may be missing, frozen ones for example; all else
 *     is checked
 * @param names rules for names in the files, which win over what is known of the model; of those
 *     that are about a name the first counts
 * @param missingFromBase whether rank 0 copies what is not in memory from the base model's folder,
 *     cast as all else
 */
public record FormOptions(
    boolean rawNames,
    boolean unchecked,
    boolean incomplete,
    List<NameRule> names,
    boolean missingFromBase) {
  private static final FormOptions AS_PUBLISHED =
      new FormOptions(false, false, false, List.of(), false);

  /**
   * Copies the rules.
   *
   * @param rawNames as {@link #withRawNames} takes it
   * @param unchecked as {@link #withUnchecked} takes it
   * @param incomplete as {@link #withIncomplete} takes it
   * @param names as {@link #withNames} takes them
   * @param missingFromBase as {@link #withMissingFromBase} takes it
   */
  public FormOptions {
    names = List.copyOf(names);
  }

  /** {@return the default: the whole model, checked, as transformers publishes it} */
  public static FormOptions asPublished() {
    return AS_PUBLISHED;
  }

  /**
   * {@return these options, saving tensors as they are in memory or as transformers publishes them}
   *
   * @param value true for memory's names and shapes
   */
  public FormOptions withRawNames(boolean value) {
    return new FormOptions(value, unchecked, incomplete, names, missingFromBase);
  }

  /**
   * {@return these options, saving even what is not the model or refusing it}
   *
   * @param value true for saving it
   */
  public FormOptions withUnchecked(boolean value) {
    return new FormOptions(rawNames, value, incomplete, names, missingFromBase);
  }

  /**
   * {@return these options, letting tensors of the model be missing or refusing that}
   *
   * @param value true for letting them
   */
  public FormOptions withIncomplete(boolean value) {
    return new FormOptions(rawNames, unchecked, value, names, missingFromBase);
  }

  /**
   * {@return these options with rules for names in the files, in place of those before}
   *
   * @param rules may be empty
   */
  public FormOptions withNames(List<NameRule> rules) {
    return new FormOptions(rawNames, unchecked, incomplete, rules, missingFromBase);
  }

  /**
   * {@return these options, copying what is not in memory from the base model's folder or not}
   *
   * @param value true for copying it
   */
  public FormOptions withMissingFromBase(boolean value) {
    return new FormOptions(rawNames, unchecked, incomplete, names, value);
  }
}
