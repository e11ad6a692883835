package dev.cairn;

import dev.cairn.comm.Communicator;
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
 * @param devices what is needed besides if partitions are on a GPU
 */
record SaveTools(
    Ranks ranks,
    SaveOptions options,
    Disk disk,
    Kernels kernels,
    Staging staging,
    DeviceTools devices) {
  SaveTools withOptions(SaveOptions other) {
    return new SaveTools(ranks, other, disk, kernels, staging, devices);
  }

  /** Allocates the staging buffers; the communicator is borrowed. */
  static SaveTools open(Communicator communicator, SaveOptions options, Disk disk) {
    Staging staging = new Staging(options.stagingBuffers(), options.stagingBufferBytes());
    return new SaveTools(
        new Ranks(communicator), options, disk, Kernels.best(), staging, new DeviceTools());
  }

  /** Frees what was allocated. */
  void close() {
    try {
      devices.close();
    } finally {
      staging.close();
    }
  }
}
