package dev.cairn.deepspeed;

/**
 * How a model was spread over the ranks that wrote a DeepSpeed checkpoint.
 *
 * @param stage ZeRO stage; 0 where weights are not partitioned
 * @param dataRanks data-parallel ranks, which share each parameter under ZeRO
 * @param tensorRanks tensor-parallel ranks, which have slices of parameters; 1 for none
 * @param stages of a pipeline, which have layers each; 1 for none
 * @param expertRanks over which experts are spread; 1 for none
 */
public record Mesh(int stage, int dataRanks, int tensorRanks, int stages, int expertRanks) {
  /** Whole weights by one rank. */
  static final Mesh ONE = new Mesh(0, 1, 1, 1, 1);
}
