package dev.cairn;

import dev.cairn.io.Disk;
import dev.cairn.kernels.Kernels;
import dev.cairn.pipeline.Staging;

/**
 * What a checkpointer has for all its saves.
 *
 * @param ranks the ranks that save together
 * @param options how
 * @param disk where
 * @param kernels casts and checksums
 * @param staging the only buffers there are
 */
record SaveTools(Ranks ranks, SaveOptions options, Disk disk, Kernels kernels, Staging staging) {
  SaveTools withOptions(SaveOptions other) {
    return new SaveTools(ranks, other, disk, kernels, staging);
  }
}
