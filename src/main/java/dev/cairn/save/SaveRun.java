package dev.cairn.save;

import dev.cairn.comm.channel.Transport;
import dev.cairn.comm.nccl.NcclGroup;
import dev.cairn.copy.ShardFiles;
import dev.cairn.copy.TensorChecksums;
import dev.cairn.meter.Meter;
import dev.cairn.meter.MeteredTransport;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SavePhase;
import dev.cairn.options.SaveReport;
import dev.cairn.options.SaveWork;
import dev.cairn.plan.PlannedFile;
import dev.cairn.plan.SavePlan;
import dev.cairn.ranks.NeighbourMemory;
import dev.cairn.ranks.Operation;
import dev.cairn.ranks.Ranks;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One save, from the agreement on a plan to the rename. Lives for one call. */
public final class SaveRun {
  private static final int WRITER = 0;
  private static final byte[] NOTHING = new byte[0];

  private final SaveContext tools;
  private final Ranks ranks;
  private final SaveSource taken;
  private final Meter meter;

  private SaveContents contents;
  private OverBudget excess;
  private SavePlan plan;
  private TensorChecksums checksums;
  private ModeChoice.Choice choice;
  private boolean gathers;
  private Optional<Transport> transport = Optional.empty();
  private Optional<NcclGroup> nccl = Optional.empty();

  /**
   * Prepares a save.
   *
   * @param tools measured, for this save alone
   */
  public SaveRun(SaveContext tools, SaveSource taken) {
    this.tools = tools;
    this.ranks = tools.ranks();
    this.meter = tools.meter().orElseThrow();
    this.taken = taken;
    this.contents = taken.contents();
  }

  /** Saves. Collective. */
  public SaveReport run() throws IOException {
    return ranks.run(Operation.SAVE, contents.call(), this::phases);
  }

  /** Saves, within an operation that has begun. Collective. */
  public SaveReport phases() throws IOException {
    meter.enter(SavePhase.PLAN);
    Meter.Timing planning = meter.begin(SaveWork.PLAN);
    FormAgreement.Agreed agreed =
        tools.forms().agree(ranks, tools.options(), contents, taken.given());
    if (ranks.isWriter()) {
      contents = contents.withFiles(tools.forms().files());
    }
    publish(agreed);
    try (BorrowedTensors borrowed =
        new BorrowedTensors(agreed.borrowed(), agreed.form().wide(), contents.files(), ranks)) {
      contents = contents.withModel(borrowed.addTo(contents.model()));
      return phases(planning);
    }
  }

  private SaveReport phases(Meter.Timing planning) throws IOException {
    plan = new PlanAgreement(tools, contents).agree();
    checksums = new TensorChecksums(plan);
    Optional<TrainerFile> trainerFile = trainerFile();
    planning.end(null, plan.lengthBytes());
    meter.enter(SavePhase.PREPARE);
    try (CheckpointFolder folder = ranks.isWriter() ? newFolder(trainerFile) : null) {
      Path path = prepare(folder);
      long writtenBytes;
      try (NeighbourMemory closed = neighbours().orElse(null)) {
        Optional<NeighbourMemory> neighbours = Optional.ofNullable(closed);
        connect(neighbours);
        meter.enter(SavePhase.COPY);
        writtenBytes = fill(path, neighbours);
      }
      meter.enter(SavePhase.COMMIT);
      Meter.Timing committing = meter.begin(SaveWork.COMMIT);
      ranks.letWriter(() -> commit(folder));
      committing.end(contents.target().toString(), plan.lengthBytes());
      meter.finish();
      return report(writtenBytes);
    }
  }

  /** Turns the parameters in memory into the tensors that files are to have. Collective. */
  private void publish(FormAgreement.Agreed agreed) throws IOException {
    ParameterSet model = new TieDecision(ranks, taken, agreed).withoutAliases();
    PublishedParameters.Published published =
        PublishedParameters.of(agreed.marked(model), agreed.form(), ranks);
    contents = contents.withModel(published.set());
    excess = taken.excess().published(published);
  }

  private SaveReport report(long writtenBytes) {
    return new SaveReport(
        contents.target(),
        choice.mode(),
        plan.files().stream().map(PlannedFile::name).toList(),
        plan.lengthBytes(),
        writtenBytes,
        meter.phaseNanos(),
        meter.totals());
  }

  /** Brings the bytes that each rank has of its own together with rank 0's values, on rank 0. */
  private Optional<TrainerFile> trainerFile() throws IOException {
    if (contents.state().isEmpty()) {
      return Optional.empty();
    }
    TrainerState state = contents.state().get();
    List<Map<String, byte[]>> rankBytes = new ArrayList<>();
    for (byte[] message : ranks.gather(() -> TrainerFile.encodeRank(state.rankBytes()))) {
      rankBytes.add(TrainerFile.decodeRank(message));
    }
    return Optional.of(new TrainerFile(state.values(), rankBytes));
  }

  private CheckpointFolder newFolder(Optional<TrainerFile> trainerFile) {
    return new CheckpointFolder(tools, plan, contents, trainerFile);
  }

  /**
   * Rank 0 makes the folder and everything in it that is known by now; all find out how to write.
   */
  private Path prepare(CheckpointFolder folder) throws IOException {
    List<byte[]> told =
        ranks.together(
            () ->
                ranks.isWriter()
                    ? folder.prepare().toString().getBytes(StandardCharsets.UTF_8)
                    : NOTHING);
    Path path = Path.of(new String(told.get(WRITER), StandardCharsets.UTF_8));
    choice = tools.modes().choose(path);
    gathers = choice.mode() == SaveMode.GATHER && ranks.size() > 1;
    if (gathers && !tools.inBackground()) {
      nccl = tools.devices().nccl(ranks, contents.tensors());
    }
    return path;
  }

  /**
   * Returns what the other ranks hold of interleaved tensors, if it can be read and stays where it
   * is until the end of the save. Collective.
   */
  private Optional<NeighbourMemory> neighbours() throws IOException {
    boolean isOneHost = choice.ranksOnOneHost() == ranks.size();
    return plan.isInterleaved() && !gathers && isOneHost && excess.tensors().isEmpty()
        ? NeighbourMemory.meet(
            ranks, tools.machine(), SharedStep.partitions(plan, contents.tensors()))
        : Optional.empty();
  }

  /** Makes sure of what bulk data goes over, if any does. Collective. */
  private void connect(Optional<NeighbourMemory> neighbours) throws IOException {
    if ((gathers && nccl.isEmpty()) || (plan.isInterleaved() && neighbours.isEmpty())) {
      ranks.together(
          () -> {
            transport = Optional.of(new MeteredTransport(ranks.communicator().transport(), meter));
            return NOTHING;
          });
    }
  }

  private static ShardFiles.Way way(Durability durability) {
    return switch (durability) {
      case FAST -> ShardFiles.Way.CACHED;
      case DURABLE -> ShardFiles.Way.FORCED;
      case DURABLE_DIRECT -> ShardFiles.Way.DIRECT;
    };
  }

  /** Copies and, if asked, forces; returns the bytes that this rank wrote. */
  private long fill(Path path, Optional<NeighbourMemory> neighbours) throws IOException {
    CopyStep copy =
        new CopyStep(tools, plan, contents.tensors(), excess, checksums, choice.ranksOnOneHost());
    Durability durability = tools.options().durability();
    try (ShardFiles shards = new ShardFiles(tools.disk(), path, plan, way(durability))) {
      ranks.together(
          () -> {
            copy.run(shards, gathers, transport, nccl, neighbours);
            return durability.isForced() ? NOTHING : closed(shards);
          });
      if (durability.isForced()) {
        meter.enter(SavePhase.FORCE);
        ranks.together(
            () -> {
              shards.force(ranks.isWriter());
              return closed(shards);
            });
      }
      List<byte[]> parts = ranks.gather(checksums::toBytes);
      for (int rank = 1; rank < parts.size(); rank++) {
        checksums.add(parts.get(rank));
      }
      return shards.writtenBytes();
    }
  }

  /** Closes within the phase: over a network, or with a quota, errors may show only then. */
  private static byte[] closed(ShardFiles shards) throws IOException {
    shards.close();
    return NOTHING;
  }

  private byte[] commit(CheckpointFolder folder) throws IOException {
    folder.commit(choice.mode(), ranks.size(), checksums);
    return NOTHING;
  }
}
