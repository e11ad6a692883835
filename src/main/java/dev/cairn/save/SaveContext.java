package dev.cairn.save;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.nccl.LentNccl;
import dev.cairn.comm.nccl.NcclGroup;
import dev.cairn.copy.Staging;
import dev.cairn.device.Device;
import dev.cairn.gpu.GpuContext;
import dev.cairn.io.Disk;
import dev.cairn.kernels.Kernels;
import dev.cairn.machine.CloseAll;
import dev.cairn.machine.Machine;
import dev.cairn.meter.Meter;
import dev.cairn.meter.MeteredDisk;
import dev.cairn.meter.MeteredKernels;
import dev.cairn.options.ProgressListener;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.ranks.Ranks;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What a checkpointer has for all its saves.
 *
 * @param ranks the ranks that save together
 * @param options how
 * @param disk where
 * @param machine time, threads and processes
 * @param kernels casts and checksums
 * @param staging the only buffers there are
 * @param devices what is needed besides if partitions are on a GPU
 * @param lastPlan the plan of the save before
 * @param forms what rank 0 knows of the published model
 * @param modes who writes
 * @param listener who is told how the next save gets on; null for nobody
 * @param meter of one save; empty between saves
 * @param inBackground whether the trainer goes on meanwhile: NCCL is its own then
 */
public record SaveContext(
    Ranks ranks,
    SaveOptions options,
    Disk disk,
    Machine machine,
    Kernels kernels,
    Staging staging,
    GpuContext devices,
    PlanCache lastPlan,
    FormAgreement forms,
    ModeChoice modes,
    AtomicReference<ProgressListener> listener,
    Optional<Meter> meter,
    boolean inBackground) {
  private static final Logger LOG = System.getLogger(SaveContext.class.getName());

  /** Allocates the staging buffers; the communicator is borrowed. */
  public static SaveContext open(
      Communicator communicator, SaveOptions options, Disk disk, Machine machine) {
    if (options.mode() == SaveMode.GATHER && NcclGroup.reasonNotAvailable().isPresent()) {
      preload(communicator);
    }
    Ranks ranks = new Ranks(communicator);
    return new SaveContext(
        ranks,
        options,
        disk,
        machine,
        Kernels.best(),
        new Staging(machine, options.stagingBuffers(), options.stagingBufferBytes()),
        new GpuContext(),
        new PlanCache(),
        new FormAgreement(),
        new ModeChoice(ranks, options.mode(), disk, machine),
        new AtomicReference<>(),
        Optional.empty(),
        false);
  }

  public SaveContext withOptions(SaveOptions other) {
    return new SaveContext(
        ranks,
        other,
        disk,
        machine,
        kernels,
        staging,
        devices,
        lastPlan,
        forms,
        modes,
        listener,
        meter,
        inBackground);
  }

  /** Returns these tools for one save, measured from now on. */
  public SaveContext measured() {
    Meter started = new Meter(ranks, Optional.ofNullable(listener.get()));
    return new SaveContext(
        ranks,
        options,
        new MeteredDisk(disk, started),
        machine,
        new MeteredKernels(kernels, started),
        staging,
        devices,
        lastPlan,
        forms,
        modes,
        listener,
        Optional.of(started),
        inBackground);
  }

  /** Returns these tools for a save that the caller does not wait for. */
  public SaveContext forBackground() {
    return new SaveContext(
        ranks, options, disk, machine, kernels, staging, devices, lastPlan, forms, modes, listener,
        meter, true);
  }

  /** Allocates what a gather with NCCL takes of a GPU, and keeps it until {@link #close}. */
  public Void reserveBuckets(Device gpu) {
    Communicator communicator = ranks.communicator();
    devices.reserveBuckets(gpu, communicator.rank(), communicator.size(), options);
    return null;
  }

  private static void preload(Communicator communicator) {
    try {
      communicator.preload();
    } catch (CommunicationException e) {
      LOG.log(Level.DEBUG, "transport not loaded yet: {0}", e.getMessage()); // the save will say so
    }
  }

  /**
   * Frees what was allocated. If a save that failed has left something in a lent NCCL communicator,
   * it is freed later: freeing would wait for that.
   *
   * @param more is freed before
   */
  public void close(Runnable more) throws IOException {
    Optional<NcclGroup> lent = ranks.communicator().lentNccl().map(LentNccl::groupOf);
    Runnable later =
        () -> {
          try {
            free(more);
          } catch (IOException | RuntimeException e) {
            LOG.log(Level.WARNING, "a checkpointer was not closed well: {0}", e.getMessage());
          }
        };
    if (lent.isEmpty() || !lent.get().defer(later)) {
      free(more);
    }
  }

  private void free(Runnable more) throws IOException {
    CloseAll.of(staging, devices, more::run).closeIo();
  }
}
