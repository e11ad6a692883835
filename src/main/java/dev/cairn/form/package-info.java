/**
 * The published form of a model: which tensors its files have, and of which elements of the
 * parameters in memory each is made.
 *
 * <p>A published tensor is a list of contiguous runs of elements of tensors in memory, so nobody
 * has to gather a tensor to rename or to split it. Pure: no files, no threads.
 */
package dev.cairn.form;
