package dev.cairn.save;

import dev.cairn.comm.channel.Transport;
import dev.cairn.copy.Cancellation;
import dev.cairn.copy.ChunkSink;
import dev.cairn.copy.ChunkSource;
import dev.cairn.copy.Copy;
import dev.cairn.copy.PartitionSource;
import dev.cairn.copy.PieceSource;
import dev.cairn.copy.RowExchange;
import dev.cairn.copy.RowReads;
import dev.cairn.copy.RowWriters;
import dev.cairn.copy.Scratch;
import dev.cairn.copy.ShardFiles;
import dev.cairn.copy.TensorChecksums;
import dev.cairn.model.Parameter;
import dev.cairn.model.Partition;
import dev.cairn.plan.Chunk;
import dev.cairn.plan.SavePlan;
import dev.cairn.ranks.NeighbourMemory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntPredicate;

/**
 * This rank's part of moving the interleaved tensors, of which no rank has long runs: it puts rows
 * together and writes them when it is its turn.
 *
 * @param gathers whether rank 0 alone writes
 * @param transport what ranks send each other their parts of rows over; empty if they need not
 * @param neighbours where a rank reads the others' parts instead
 */
record SharedStep(
    SaveContext tools,
    SavePlan plan,
    List<Parameter> tensors,
    boolean gathers,
    Optional<Transport> transport,
    Optional<NeighbourMemory> neighbours) {

  /** Returns this rank's partitions of the interleaved tensors. */
  static Map<Integer, Partition> partitions(SavePlan plan, List<Parameter> tensors) {
    Map<Integer, Partition> partitions = new HashMap<>();
    for (int tensor = 0; tensor < tensors.size(); tensor++) {
      if (plan.isInterleaved(tensor)) {
        partitions.put(tensor, tensors.get(tensor).partition());
      }
    }
    return partitions;
  }

  /**
   * Copies.
   *
   * @param passes which tensors, one pass after the other
   * @param moved is told after each pass
   * @param threads how many write
   */
  void copy(
      ShardFiles shards,
      List<IntPredicate> passes,
      TensorChecksums checksums,
      Cancellation cancellation,
      Runnable moved,
      int threads)
      throws IOException {
    int rank = tools.ranks().rank();
    TensorChecksums unused = new TensorChecksums(plan); // a chunk's are taken once it is together
    ChunkSink sink =
        (chunk, sequence, parts) -> {
          if (!parts.isEmpty()) { // otherwise another rank's
            shards.accept(chunk.together(rank), sequence, parts);
          }
        };
    try (LocalSource own = new LocalSource(tools, plan, tensors, unused, false);
        Scratch scratch = new Scratch(threads)) {
      ChunkSource source =
          neighbours.isPresent()
              ? reads(own.source(), unused, scratch, checksums)
              : exchange(own.source(), checksums);
      for (IntPredicate pass : passes) {
        Iterator<Chunk> chunks = plan.sharedChunks(chunkBytes(), pass);
        new Copy(chunks, source, sink, cancellation).run(tools.staging(), threads);
        moved.run();
      }
    }
  }

  private ChunkSource reads(
      PieceSource own, TensorChecksums unused, Scratch scratch, TensorChecksums checksums) {
    int rank = tools.ranks().rank();
    List<PieceSource> byRank = new ArrayList<>();
    for (int other = 0; other < tools.ranks().size(); other++) {
      byRank.add(
          other == rank
              ? own
              : new PartitionSource(
                  plan, neighbours.get().of(other), tools.kernels(), unused, scratch, false));
    }
    return new RowReads(byRank, rank, new RowWriters(gathers), tools.kernels(), checksums);
  }

  private ChunkSource exchange(PieceSource own, TensorChecksums checksums) {
    return new RowExchange(
        own,
        transport.orElseThrow(),
        tools.ranks().rank(),
        tools.ranks().size(),
        new RowWriters(gathers),
        tools.kernels(),
        checksums);
  }

  private int chunkBytes() {
    int half = tools.staging().bufferBytes() / 2; // the other is for parts of rows
    boolean cached = !tools.options().durability().isForced();
    return cached ? Math.min(CopyStep.CACHED_CHUNK_BYTES, half) : half;
  }

  /** Returns how many bytes this rank will write or send. */
  long movedBytes(List<IntPredicate> passes) {
    int rank = tools.ranks().rank();
    RowWriters writers = new RowWriters(gathers);
    long lengthBytes = 0;
    for (IntPredicate pass : passes) {
      Iterator<Chunk> shared = plan.sharedChunks(chunkBytes(), pass);
      while (shared.hasNext()) {
        Chunk chunk = shared.next();
        boolean isOwn = writers.of(chunk) == rank;
        if (isOwn || neighbours.isEmpty()) {
          lengthBytes += isOwn ? chunk.lengthBytes() : chunk.lengthBytes(rank);
        }
      }
    }
    return lengthBytes;
  }
}
