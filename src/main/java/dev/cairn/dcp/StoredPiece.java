package dev.cairn.dcp;

import dev.cairn.layout.Box;

/**
 * A box of a tensor as one rank saved it.
 *
 * @param box in the tensor
 * @param file its file's name in the checkpoint's folder
 * @param fileOffset where the torch file begins that has it
 * @param lengthBytes of that torch file
 */
record StoredPiece(Box box, String file, long fileOffset, long lengthBytes) {}
