package dev.cairn.plan;

import dev.cairn.safetensors.Header;

/**
 * One safetensors file that a save makes.
 *
 * @param name file name inside the checkpoint's folder
 * @param header its header, tensors in file order
 * @param tensors for each entry of the header, the index of the tensor in the plan
 */
@SuppressWarnings("ArrayRecordComponent") // one plan, read only; a List would box 100 000 ints
public record PlannedFile(String name, Header header, int[] tensors) {
  /** {@return the length of the whole file in bytes, header included} */
  public long lengthBytes() {
    return header.fileLengthBytes();
  }
}
