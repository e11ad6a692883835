/** Reads checkpoints of {@code torch.distributed.checkpoint} without Python. */
package dev.cairn.dcp;
