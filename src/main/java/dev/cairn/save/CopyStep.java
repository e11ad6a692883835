package dev.cairn.save;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Control;
import dev.cairn.comm.channel.Transport;
import dev.cairn.comm.nccl.NcclGroup;
import dev.cairn.copy.ChunkSink;
import dev.cairn.copy.ChunkSource;
import dev.cairn.copy.Copy;
import dev.cairn.copy.GatherSource;
import dev.cairn.copy.Incoming;
import dev.cairn.copy.PackSource;
import dev.cairn.copy.ShardFiles;
import dev.cairn.copy.TensorChecksums;
import dev.cairn.gpu.GatherJob;
import dev.cairn.gpu.GpuContext;
import dev.cairn.gpu.NcclGather;
import dev.cairn.model.Parameter;
import dev.cairn.options.Durability;
import dev.cairn.options.GatherAlgorithm;
import dev.cairn.options.SaveOptions;
import dev.cairn.plan.Chunk;
import dev.cairn.plan.GatherPlan;
import dev.cairn.plan.SavePlan;
import dev.cairn.plan.Segment;
import dev.cairn.ranks.NeighbourMemory;
import dev.cairn.ranks.Outcome;
import dev.cairn.ranks.Ranks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;

/** This rank's part of moving the bytes: write its own, receive everybody's, or send its own. */
final class CopyStep {
  private static final int WRITER = 0;

  /**
   * Chunk size of a save from memory to the page cache: small enough to stay in a core's cache
   * between checksum and write.
   */
  static final int CACHED_CHUNK_BYTES = 1 << 20;

  private final SaveContext tools;
  private final SavePlan plan;
  private final List<Parameter> tensors;
  private final OverBudget excess;
  private final TensorChecksums checksums;
  private final int ranksOnOneHost;

  /**
   * Prepares the copy.
   *
   * @param ranksOnOneHost how many ranks share the processors, the most on any host
   */
  CopyStep(
      SaveContext tools,
      SavePlan plan,
      List<Parameter> tensors,
      OverBudget excess,
      TensorChecksums checksums,
      int ranksOnOneHost) {
    this.tools = tools;
    this.plan = plan;
    this.tensors = tensors;
    this.excess = excess;
    this.checksums = checksums;
    this.ranksOnOneHost = ranksOnOneHost;
  }

  /**
   * Copies; if it cannot, tells the other ranks to stop.
   *
   * @param gathers whether rank 0 alone writes, and is not the only rank
   * @param transport what a gather goes over, and what ranks hold of interleaved tensors; empty if
   *     there is neither
   * @param nccl what a gather goes over instead, if all partitions are on GPUs
   * @param neighbours what ranks hold of interleaved tensors, if it can be read instead
   */
  void run(
      ShardFiles shards,
      boolean gathers,
      Optional<Transport> transport,
      Optional<NcclGroup> nccl,
      Optional<NeighbourMemory> neighbours)
      throws IOException {
    try {
      SharedStep shared = new SharedStep(tools, plan, tensors, gathers, transport, neighbours);
      expect(gathers, shared);
      if (nccl.isPresent()) {
        gather(shards, nccl.get());
      } else if (!gathers) {
        writeOwn(shards);
      } else if (ranks().isWriter()) {
        gather(shards, transport.get());
      } else {
        send(transport.get());
      }
      if (plan.isInterleaved()) {
        int threads = neighbours.isPresent() ? writers(true) : tools.staging().count();
        shared.copy(
            shards, excess.passes(tensors), checksums, this::checkWanted, excess.moved(), threads);
      }
    } catch (IOException | RuntimeException | Error e) {
      ranks().communicator().control().cancel(Outcome.reason(e));
      throw e;
    }
  }

  private void writeOwn(ShardFiles shards) throws IOException {
    // Through the staging buffers even without a cast: there a chunk begins at the same offset in a
    // page as in the file. Writing from another offset takes longer, while other ranks wait for the
    // file's lock.
    try (LocalSource own = own(false)) {
      int chunkBytes =
          isMemoryToMemory(own.isMemory())
              ? Math.min(CACHED_CHUNK_BYTES, chunkBytes())
              : chunkBytes();
      Numbered copies = new Numbered(shards, writers(own.isMemory()));
      for (IntPredicate pass : excess.passes(tensors)) {
        copies.copy(plan.chunks(ranks().rank(), chunkBytes, pass), own.source());
        moved(!plan.isInterleaved());
      }
    }
  }

  /**
   * Returns whether partitions are in memory and the page cache takes the writes, so that no disk
   * is waited for.
   */
  private boolean isMemoryToMemory(boolean isMemory) {
    return isMemory && !tools.options().durability().isForced();
  }

  /**
   * Returns how many threads write. From memory to memory more threads than processors gain
   * nothing: they wait for each other, above all at the file's lock.
   */
  private int writers(boolean isMemory) {
    if (!isMemoryToMemory(isMemory)) {
      return tools.staging().count();
    }
    int processors = Runtime.getRuntime().availableProcessors() / ranksOnOneHost;
    return Math.max(1, Math.min(processors, tools.staging().count()));
  }

  private void gather(ShardFiles shards, Transport transport) throws IOException {
    try (LocalSource own = own(tools.options().durability() != Durability.DURABLE_DIRECT)) {
      GatherPlan messages = new GatherPlan(plan, chunkBytes());
      Incoming incoming = new Incoming(transport, ranks().size());
      Numbered copies = new Numbered(shards, tools.staging().count());
      for (IntPredicate pass : excess.passes(tensors)) {
        copies.copy(messages.packs(pass), new PackSource(own.source(), incoming));
        copies.copy(messages.chunks(pass), new GatherSource(own.source(), incoming));
        moved(!plan.isInterleaved());
      }
    }
  }

  private void gather(ShardFiles shards, NcclGroup nccl) throws IOException {
    SaveOptions options = tools.options();
    GatherJob job =
        new GatherJob(
            plan,
            new LocalPartitions(tensors),
            ranks().communicator(),
            nccl,
            options.gatherAlgorithm() == GatherAlgorithm.ALL_GATHER,
            options.bucketBytes(),
            tools.devices().bucketMemory(),
            tools.kernels(),
            checksums,
            GpuContext.collectiveTimeout(),
            tools.devices().streams(tensors));
    new NcclGather(job).run(shards, tools.staging());
  }

  private void send(Transport transport) throws IOException {
    try (LocalSource own = own(true)) {
      GatherPlan messages = new GatherPlan(plan, chunkBytes());
      ChunkSink sender =
          (chunk, sequence, parts) ->
              transport.send(only(parts), WRITER, Incoming.tag(sequence)).await();
      Numbered copies = new Numbered(sender, tools.staging().count());
      for (IntPredicate pass : excess.passes(tensors)) {
        copies.copy(messages.packs(ranks().rank(), pass), own.packing());
        copies.copy(messages.messages(ranks().rank(), pass), own.source());
        moved(!plan.isInterleaved());
      }
    }
  }

  /** Tells that what the trainer waits for has been copied, once no tensors are left out of it. */
  private void moved(boolean isAll) {
    if (isAll) {
      excess.moved().run();
    }
  }

  /** Says how much this rank will write or send. */
  private void expect(boolean gathers, SharedStep shared) {
    boolean takesAll = gathers && ranks().isWriter();
    long lengthBytes = shared.movedBytes(excess.passes(tensors));
    Iterator<Segment> segments = takesAll ? plan.segments() : plan.segments(ranks().rank());
    while (segments.hasNext()) {
      lengthBytes += segments.next().lengthBytes();
    }
    tools.meter().orElseThrow().expect(lengthBytes);
  }

  /** Copies one after the other; chunks, and so messages, are numbered through all of them. */
  private final class Numbered {
    private final ChunkSink sink;
    private final int threads;
    private int sequence;

    Numbered(ChunkSink sink, int threads) {
      this.sink = sink;
      this.threads = threads;
    }

    void copy(Iterator<Chunk> chunks, ChunkSource source) throws IOException {
      if (chunks.hasNext()) { // threads have their price
        Copy copy = new Copy(chunks, source, sink, CopyStep.this::checkWanted, sequence);
        copy.run(tools.staging(), threads);
        sequence = copy.nextSequence();
      }
    }
  }

  /** A message is one piece, or packed into the staging buffer: one part either way. */
  private static ByteBuffer only(List<ByteBuffer> parts) {
    if (parts.size() != 1) {
      throw new IllegalStateException("a message in parts: count=" + parts.size());
    }
    return parts.get(0);
  }

  private LocalSource own(boolean staysInPlace) {
    return new LocalSource(tools, plan, tensors, checksums, staysInPlace);
  }

  private Ranks ranks() {
    return tools.ranks();
  }

  private int chunkBytes() {
    return tools.staging().bufferBytes();
  }

  private void checkWanted() throws IOException {
    Control control = ranks().communicator().control();
    Optional<CommunicationException> failure = control.failure();
    if (failure.isPresent()) {
      throw failure.get();
    }
  }
}
