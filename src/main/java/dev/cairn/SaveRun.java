package dev.cairn;

import dev.cairn.comm.Control;
import dev.cairn.comm.Transport;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.kernels.Kernels;
import dev.cairn.pipeline.Copy;
import dev.cairn.pipeline.GatherSource;
import dev.cairn.pipeline.PartitionSource;
import dev.cairn.pipeline.ShardFiles;
import dev.cairn.pipeline.Staging;
import dev.cairn.pipeline.TensorChecksums;
import dev.cairn.plan.PlannedFile;
import dev.cairn.plan.SavePlan;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** One save, from the agreement on a plan to the rename. Lives for one call. */
final class SaveRun {
  private static final int WRITER = 0;
  private static final byte[] NOTHING = new byte[0];

  /** What outlives the single save. */
  record Tools(Ranks ranks, SaveOptions options, Disk disk, Kernels kernels, Staging staging) {}

  private final Tools tools;
  private final Ranks ranks;
  private final Path target;
  private ParameterSet parameters;
  private final ModelFiles files;
  private final Map<SavePhase, Long> nanos = new EnumMap<>(SavePhase.class);

  private SavePlan plan;
  private TensorChecksums checksums;
  private SaveMode mode;
  private Transport transport;
  private long phaseStart = System.nanoTime();

  SaveRun(Tools tools, Path target, ParameterSet parameters, ModelFiles files) {
    this.tools = tools;
    this.ranks = tools.ranks();
    this.target = target;
    this.parameters = parameters;
    this.files = files;
  }

  SaveReport run() throws IOException {
    ranks.communicator().control().begin();
    parameters = new TieDecision(ranks, parameters, files.config()).withoutAliases();
    plan = new PlanAgreement(ranks, tools.options(), parameters).agree();
    checksums = new TensorChecksums(plan);
    took(SavePhase.PLAN);
    try (CheckpointFolder folder = ranks.isWriter() ? newFolder() : null) {
      Path path = prepare(folder);
      took(SavePhase.PREPARE);
      long writtenBytes = fill(path);
      ranks.together(() -> commit(folder));
      took(SavePhase.COMMIT);
      List<String> shards = plan.files().stream().map(PlannedFile::name).toList();
      return new SaveReport(
          target, mode, shards, plan.lengthBytes(), writtenBytes, Map.copyOf(nanos));
    }
  }

  private void took(SavePhase phase) {
    long now = System.nanoTime();
    nanos.put(phase, now - phaseStart);
    phaseStart = now;
  }

  private CheckpointFolder newFolder() {
    return new CheckpointFolder(tools.disk(), tools.options(), plan, files);
  }

  /**
   * Rank 0 makes the folder and everything in it that is known by now; all find out how to write.
   */
  private Path prepare(CheckpointFolder folder) throws IOException {
    List<byte[]> told =
        ranks.together(
            () ->
                ranks.isWriter()
                    ? folder.prepare(target).toString().getBytes(StandardCharsets.UTF_8)
                    : NOTHING);
    Path path = Path.of(new String(told.get(WRITER), StandardCharsets.UTF_8));
    mode = new ModeChoice(ranks, tools.options().mode()).choose(path);
    if (mode == SaveMode.GATHER) {
      ranks.together(
          () -> {
            transport = ranks.communicator().transport();
            return NOTHING;
          });
    }
    return path;
  }

  /** Copies and, if asked, forces; returns the bytes that this rank wrote. */
  private long fill(Path path) throws IOException {
    try (ShardFiles shards = new ShardFiles(tools.disk(), path, plan)) {
      List<byte[]> parts = ranks.together(() -> copy(shards));
      for (int rank = 0; rank < parts.size(); rank++) {
        if (rank != ranks.rank()) {
          checksums.add(parts.get(rank));
        }
      }
      took(SavePhase.COPY);
      if (tools.options().durability() == Durability.DURABLE) {
        ranks.together(
            () -> {
              shards.force(ranks.isWriter());
              return NOTHING;
            });
        took(SavePhase.FORCE);
      }
      return shards.writtenBytes();
    }
  }

  private byte[] copy(ShardFiles shards) throws IOException {
    try {
      if (mode == SaveMode.PARALLEL) {
        writeOwn(shards);
      } else if (ranks.isWriter()) {
        gather(shards);
      } else {
        send();
      }
      return checksums.toBytes();
    } catch (IOException | RuntimeException e) {
      ranks.communicator().control().cancel(Outcome.reason(e));
      throw e;
    }
  }

  private PartitionSource ownPartitions() {
    return new PartitionSource(
        plan,
        (tensor, byteOffset, lengthBytes) ->
            parameters.parameters().get(tensor).partition().view(byteOffset, lengthBytes),
        tools.kernels(),
        checksums);
  }

  private void writeOwn(ShardFiles shards) throws IOException {
    new Copy(plan.chunks(ranks.rank(), chunkBytes()), ownPartitions(), shards, this::checkWanted)
        .run(tools.staging());
  }

  private void gather(ShardFiles shards) throws IOException {
    GatherSource source = new GatherSource(ownPartitions(), transport, ranks.size());
    new Copy(plan.chunks(chunkBytes()), source, shards, this::checkWanted).run(tools.staging());
  }

  private void send() throws IOException {
    new Copy(
            plan.messages(ranks.rank(), chunkBytes()),
            ownPartitions(),
            (chunk, sequence, bytes) -> transport.send(bytes, WRITER, sequence).await(),
            this::checkWanted)
        .run(tools.staging());
  }

  private int chunkBytes() {
    return tools.staging().bufferBytes();
  }

  private void checkWanted() throws IOException {
    Control control = ranks.communicator().control();
    if (control.failure().isPresent()) {
      throw control.failure().get();
    }
  }

  private byte[] commit(CheckpointFolder folder) throws IOException {
    if (ranks.isWriter()) {
      folder.commit(mode, ranks.size(), checksums);
    }
    return NOTHING;
  }
}
