package dev.cairn.peft.merge;

/**
 * Which part of a layer's matrices one expert has. PEFT keeps the experts of a parameter in one A
 * and one B: of A, which has r rows for each expert, those that follow each other; of B, whose
 * columns go from expert to expert for each rank, every column of its number.
 *
 * @param index of the expert
 * @param count of experts
 * @see <a href="https://github.com/huggingface/peft/blob/v0.21.0/src/peft/tuners/lora/layer.py">
 *     peft 0.21, ParamWrapper.get_delta_weight</a>
 */
record ExpertSlice(int index, int count) {
  /** All of a layer that has no experts. */
  static final ExpertSlice WHOLE = new ExpertSlice(0, 1);
}
