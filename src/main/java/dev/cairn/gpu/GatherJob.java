package dev.cairn.gpu;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.nccl.NcclGroup;
import dev.cairn.copy.Partitions;
import dev.cairn.copy.TensorChecksums;
import dev.cairn.device.CudaStream;
import dev.cairn.kernels.Kernels;
import dev.cairn.plan.SavePlan;
import java.time.Duration;
import java.util.List;

/**
 * What an {@link NcclGather} is to do.
 *
 * @param plan the same on every rank
 * @param partitions this rank's, in the memory of the group's GPU
 * @param ranks whose control channel is used
 * @param group of all ranks; aborted if any of them fails, unless it is lent
 * @param usesAllGather whether all ranks get all bytes, or rank 0 alone
 * @param bucketBytes how much all ranks give at once; the same on every rank
 * @param memory that buckets lie in
 * @param kernels takes checksums
 * @param checksums gets all pieces, on rank 0
 * @param timeout how long one collective may take
 * @param trainers streams whose work, as it is queued by then, writes the partitions
 */
public record GatherJob(
    SavePlan plan,
    Partitions partitions,
    Communicator ranks,
    NcclGroup group,
    boolean usesAllGather,
    long bucketBytes,
    BucketMemory memory,
    Kernels kernels,
    TensorChecksums checksums,
    Duration timeout,
    List<CudaStream> trainers) {
  /** Returns the job with smaller buckets. */
  GatherJob with(long smallerBytes) {
    return new GatherJob(
        plan,
        partitions,
        ranks,
        group,
        usesAllGather,
        smallerBytes,
        memory,
        kernels,
        checksums,
        timeout,
        trainers);
  }

  /** Returns how much memory of its GPU this rank needs for buckets. */
  long neededBytes() {
    return BucketExchange.neededBytes(bucketBytes, ranks.size(), ranks.rank() == 0, holdsAll());
  }

  /** Returns whether this rank gets all bytes, and not only its own. */
  boolean holdsAll() {
    return ranks.rank() == 0 || usesAllGather;
  }
}
