package dev.cairn.restore;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.copy.BufferWorkers;
import dev.cairn.gpu.DeviceStaging;
import dev.cairn.io.Disk;
import dev.cairn.machine.HostName;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.ranks.Operation;
import dev.cairn.ranks.Ranks;
import dev.cairn.restore.ReadPlan.ReadRange;
import dev.cairn.save.SaveContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/** Reads this rank's byte ranges of a checkpoint into its partitions, whatever ranks wrote it. */
public final class Restore {
  private static final byte[] NOTHING = {};

  private final SaveContext tools;
  private final Ranks ranks;
  private final Path folder;
  private final Supplier<Optional<ParameterSet>> model;
  private final TrainerState state;

  private Restore(
      SaveContext tools, Path folder, Supplier<Optional<ParameterSet>> model, TrainerState state) {
    this.tools = tools;
    this.ranks = tools.ranks();
    this.folder = folder;
    this.model = model;
    this.state = state;
  }

  /**
   * Fills model and state from a checkpoint, or fails on every rank. Collective.
   *
   * @param isShared whether every rank sees the folder; otherwise rank 0 reads for all
   * @param model asked once; if one rank's throws, all ranks fail
   */
  public static Void together(
      SaveContext tools,
      Path folder,
      boolean isShared,
      Supplier<Optional<ParameterSet>> model,
      TrainerState state)
      throws IOException {
    Restore restore = new Restore(tools, folder, model, state);
    return tools
        .ranks()
        .run(
            Operation.RESTORE,
            "restore(" + folder.getFileName() + ")",
            () -> {
              if (isShared || tools.ranks().size() == 1) {
                restore.fromSharedFolder();
              } else {
                restore.fromRankZero();
              }
              return null;
            });
  }

  private void fromSharedFolder() throws IOException {
    CheckpointReader opened = openTogether();
    ranks.together(
        Operation.RESTORE,
        () -> {
          try (CheckpointReader reader = opened) {
            ReadPlan plan = plan(reader);
            fill(plan, filling -> readAll(plan.ranges(), filling, reader));
          }
          return NOTHING;
        });
  }

  private void fromRankZero() throws IOException {
    Disk disk = tools.disk();
    byte[] manifest =
        ranks.fromWriter(Operation.RESTORE, () -> CheckpointReader.readManifest(disk, folder));
    byte[] config =
        ranks.fromWriter(Operation.RESTORE, () -> CheckpointReader.readConfig(disk, folder));
    AtomicReference<ReadPlan> planned = new AtomicReference<>();
    AtomicReference<RankZeroReads> prepared = new AtomicReference<>();
    List<byte[]> counts =
        ranks.together(
            Operation.RESTORE,
            () -> {
              CheckpointReader reader = new CheckpointReader(disk, folder, manifest, config);
              planned.set(plan(reader));
              prepared.set(new RankZeroReads(tools, reader, planned.get()));
              return ByteBuffer.allocate(Integer.BYTES).putInt(prepared.get().messages()).array();
            });
    ranks.together(
        Operation.RESTORE,
        () -> {
          prepared.get().connect();
          return NOTHING;
        });
    ranks.together(
        Operation.RESTORE,
        () -> {
          try (RankZeroReads reads = prepared.get()) {
            fill(planned.get(), filling -> reads.run(filling, ints(counts)));
          }
          return NOTHING;
        });
  }

  private static int[] ints(List<byte[]> messages) {
    return messages.stream().mapToInt(message -> ByteBuffer.wrap(message).getInt()).toArray();
  }

  /**
   * Returns a reader of the checkpoint, once it is known that all ranks see the same one. It has no
   * file open yet.
   */
  private CheckpointReader openTogether() throws IOException {
    AtomicReference<CheckpointReader> opened = new AtomicReference<>();
    List<byte[]> sights =
        ranks.together(
            Operation.RESTORE,
            () -> {
              if (!tools.disk().exists(folder)) {
                return SameCheckpoint.lacking(HostName.get());
              }
              opened.set(new CheckpointReader(tools.disk(), folder));
              return SameCheckpoint.seen(opened.get().manifestCrc32c());
            });
    Optional<String> fault = SameCheckpoint.fault(sights, folder);
    if (fault.isPresent()) {
      throw ranks.alike(Operation.RESTORE, CommunicationException.UNKNOWN_RANK, fault.get());
    }
    return opened.get();
  }

  private ReadPlan plan(CheckpointReader reader) throws IOException {
    ReadPlan plan = new ReadPlan(ranks.rank(), ranks.size(), tools.staging().bufferBytes());
    Optional<ParameterSet> wanted = model.get();
    if (wanted.isPresent()) {
      plan.add(reader.published(wanted.get(), ranks), reader.model());
    }
    if (state.tensors().isPresent()) {
      plan.add(state.tensors().get(), reader.state());
    }
    return plan;
  }

  /** Gets the bytes of all ranges. */
  private interface Fetch {
    void with(Filling filling) throws IOException;
  }

  /**
   * Fills all ranges, several at a time. When it returns, all of them are where they belong; when
   * it throws, nothing is written into partitions any more.
   */
  private void fill(ReadPlan plan, Fetch fetch) throws IOException {
    tools.devices().prepare(plan.targets(), tools.staging(), tools.options());
    Optional<DeviceStaging> device = tools.devices().after(plan.targets());
    try {
      fetch.with(new Filling(tools.kernels(), device));
    } catch (IOException | RuntimeException | Error e) {
      settle(device, e);
      throw e;
    }
    device.ifPresent(DeviceStaging::settle);
  }

  /** Waits for the GPU after a failure; what goes wrong here is suppressed in that. */
  private static void settle(Optional<DeviceStaging> device, Throwable failure) {
    try {
      device.ifPresent(DeviceStaging::settle);
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private void readAll(List<ReadRange> ranges, Filling filling, CheckpointReader reader)
      throws IOException {
    Turns next = new Turns(new int[] {ranges.size()});
    BufferWorkers.run(
        tools.staging(),
        "cairn-restore",
        buffer -> {
          for (Turns.Turn turn = next.take(); turn != null; turn = next.take()) {
            filling.read(reader, ranges.get(turn.number()), buffer);
            ranks.communicator().control().progressed();
          }
        });
  }
}
