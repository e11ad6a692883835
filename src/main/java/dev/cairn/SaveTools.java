package dev.cairn;

import dev.cairn.comm.CommunicationException;
import dev.cairn.comm.Communicator;
import dev.cairn.comm.NcclGroup;
import dev.cairn.io.Disk;
import dev.cairn.kernels.Kernels;
import dev.cairn.pipeline.Staging;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;

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
  private static final Logger LOG = System.getLogger(SaveTools.class.getName());

  SaveTools withOptions(SaveOptions other) {
    return new SaveTools(ranks, other, disk, kernels, staging, devices);
  }

  /** Allocates the staging buffers; the communicator is borrowed. */
  static SaveTools open(Communicator communicator, SaveOptions options, Disk disk) {
    Staging staging = new Staging(options.stagingBuffers(), options.stagingBufferBytes());
    if (options.mode() == SaveMode.GATHER && NcclGroup.reasonNotAvailable().isPresent()) {
      preload(communicator);
    }
    return new SaveTools(
        new Ranks(communicator), options, disk, Kernels.best(), staging, new DeviceTools());
  }

  private static void preload(Communicator communicator) {
    try {
      communicator.preload();
    } catch (CommunicationException e) {
      LOG.log(Level.DEBUG, "transport not loaded yet: {0}", e.getMessage()); // the save will say so
    }
  }

  /** Frees what was allocated. */
  void close() throws IOException {
    try {
      devices.close();
    } finally {
      staging.close();
    }
  }
}
