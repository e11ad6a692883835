package dev.cairn.gpu;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.copy.Cancellation;
import dev.cairn.copy.ChunkSink;
import dev.cairn.copy.Copy;
import dev.cairn.copy.Staging;
import dev.cairn.device.CudaEvent;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.gpu.BucketSource.Waiting;
import dev.cairn.gpu.DeviceBucket.Size;
import dev.cairn.kernels.DeviceKernels;
import dev.cairn.kernels.SegmentTable;
import dev.cairn.machine.CloseAll;
import dev.cairn.plan.Bucket;
import dev.cairn.plan.ChunkCursor;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.plan.Segment;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * One run of an {@link NcclGather}: its streams and buckets. One thread, but for the writing of
 * buckets that it starts.
 */
final class BucketExchange implements AutoCloseable {
  private static final int BUCKETS = 2;
  private static final long TABLE_BYTES = 1 << 20; // 26 thousand parts; what has more allocates it
  private static final long SLACK_BYTES = 4096; // alignments

  private final GatherJob job;
  private final boolean writes;
  private final Waiting waiting;
  private final long[] usedBytes;
  private final CloseAll opened = new CloseAll();
  private final DeviceKernels deviceKernels = DeviceKernels.load();
  private final List<DeviceBucket> slots = new ArrayList<>();
  private final ConcurrentLinkedQueue<CudaEvent> events = new ConcurrentLinkedQueue<>();
  private final BucketWriter writer;
  private final ChunkSink sink;
  private final Staging staging;
  private final Cancellation cancellation;
  private final BucketStreams streams;

  /**
   * Returns how much memory of its GPU a rank needs for buckets: two of them, on rank 0 in file
   * order as well, and a table for each.
   *
   * @param bucketBytes how much all ranks give at once
   */
  static long neededBytes(long bucketBytes, int ranks, boolean writes, boolean holdsAll) {
    long gatheredBytes = holdsAll ? bucketBytes : bucketBytes / ranks;
    return BUCKETS * (gatheredBytes + (writes ? bucketBytes + TABLE_BYTES : 0) + SLACK_BYTES);
  }

  /**
   * Allocates all that is needed.
   *
   * @param size of the largest bucket
   * @param waiting waits for events
   * @param cancellation asked before each chunk is written
   */
  BucketExchange(
      GatherJob job,
      Size size,
      ChunkSink sink,
      Staging staging,
      Waiting waiting,
      Cancellation cancellation) {
    this.job = job;
    this.waiting = waiting;
    this.sink = sink;
    this.staging = staging;
    this.cancellation = cancellation;
    this.writes = job.ranks().rank() == 0;
    this.usedBytes = new long[job.ranks().size()];
    Device device = job.group().device();
    long rankBytes = size.rankBytes();
    long gatheredBytes = job.holdsAll() ? rankBytes * job.ranks().size() : rankBytes;
    try {
      job.memory().lend(opened);
      streams = BucketStreams.open(device, opened);
      for (int index = 0; index < BUCKETS; index++) {
        slots.add(DeviceBucket.open(device, job.memory(), gatheredBytes, size, writes, opened));
      }
      for (int index = 0; index < staging.count(); index++) {
        events.add(opened.add(CudaEvent.create(device)));
      }
      CudaEvent trained = opened.add(CudaEvent.create(device));
      for (CudaStream trainer : job.trainers()) {
        trained.record(trainer);
        streams.packs().waitFor(trained);
      }
      writer = opened.add(new BucketWriter(staging.machine()));
    } catch (RuntimeException e) {
      opened.closeAfter(e);
      throw e;
    }
  }

  private DeviceBucket slot(int index) {
    return slots.get(index % BUCKETS);
  }

  /** Waits until the bucket two before has been written, or gathered where nothing is written. */
  void awaitFree(int index) throws IOException {
    if (writes) {
      writer.await(index - BUCKETS);
    } else {
      waiting.on(slot(index).isGathered());
    }
  }

  void start(int index, Bucket bucket) throws IOException {
    DeviceBucket slot = slot(index);
    pack(bucket, slot);
    gather(bucket, slot);
    if (writes) {
      order(bucket, slot);
      List<Segment> segments = bucket.parts().stream().map(Bucket.Part::segment).toList();
      ChunkCursor chunks = new ChunkCursor(job.plan(), segments.iterator(), staging.bufferBytes());
      Copy copy = new Copy(chunks, source(bucket, slot), sink, cancellation);
      writer.start(
          index,
          () -> {
            // Here, not on the stream: a copy that waited for ranks behind which a collective
            // hangs could write into a staging buffer that is somebody else's by then.
            waiting.on(slot.isOrdered());
            copy.run(staging);
          });
    }
  }

  private void gather(Bucket bucket, DeviceBucket slot) throws IOException {
    CudaStream gathers = streams.gathers();
    gathers.waitFor(slot.isPacked());
    if (job.usesAllGather()) {
      job.group().allGather(slot.gathered(), bucket.rankBytes(), gathers, waiting.forCall());
    } else {
      for (int rank = 0; rank < usedBytes.length; rank++) {
        usedBytes[rank] = bucket.usedBytes(rank);
      }
      job.group()
          .gather(slot.gathered(), bucket.rankBytes(), usedBytes, gathers, waiting.forCall());
    }
    slot.isGathered().record(gathers);
  }

  private BucketSource source(Bucket bucket, DeviceBucket slot) {
    return new BucketSource(
        bucket, slot.ordered(), streams.copies(), events, waiting, job.kernels(), job.checksums());
  }

  /** Casts this rank's parts to where they belong in its contribution. */
  private void pack(Bucket bucket, DeviceBucket slot) {
    int own = job.ranks().rank();
    long begin = slot.gathered() + (job.holdsAll() ? own * bucket.rankBytes() : 0);
    for (Bucket.Part part : bucket.parts()) {
      Segment segment = part.segment();
      if (segment.rank() == own) {
        PlannedTensor tensor = job.plan().tensors().get(segment.tensor());
        DType held = tensor.held();
        deviceKernels.cast(
            held,
            job.partitions()
                .deviceAddress(segment.tensor(), held.bytes(segment.partitionElementOffset())),
            tensor.info().dtype(),
            begin + part.rankOffset(),
            segment.elements(),
            streams.packs());
      }
    }
    slot.isPacked().record(streams.packs());
  }

  /** Brings all ranks' parts into file order, their padding dropped. */
  private void order(Bucket bucket, DeviceBucket slot) {
    SegmentTable table =
        new SegmentTable(bucket.rankBytes() * usedBytes.length, bucket.orderedBytes());
    for (Bucket.Part part : bucket.parts()) {
      Segment segment = part.segment();
      table.add(
          DType.U8,
          segment.rank() * bucket.rankBytes() + part.rankOffset(),
          DType.U8,
          part.orderedOffset(),
          segment.lengthBytes());
    }
    int tableBytes = Math.toIntExact(table.lengthBytes());
    table.writeTo(slot.tableStaging().view(0, tableBytes));
    CudaStream orders = streams.orders();
    orders.copyToDevice(slot.tableStaging().address(), slot.table(), tableBytes);
    orders.waitFor(slot.isGathered());
    deviceKernels.unpack(table, slot.table(), slot.gathered(), slot.ordered(), orders);
    slot.isOrdered().record(orders);
  }

  /**
   * Waits until nothing is queued any more, which is soon: it is done, or was aborted. What is left
   * in a group is given up.
   *
   * @throws CommunicationException never, as a lent group is not destroyed
   */
  @Override
  public void close() throws CommunicationException {
    boolean settled = true;
    try {
      writer.close();
      settled = streams.settle(job.group());
    } finally {
      if (settled) {
        opened.close();
      } else {
        streams.closeLater(job.group(), opened, staging.machine());
      }
    }
  }
}
