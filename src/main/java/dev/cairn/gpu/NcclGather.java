package dev.cairn.gpu;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Control;
import dev.cairn.comm.nccl.Patience;
import dev.cairn.copy.ChunkSink;
import dev.cairn.copy.Staging;
import dev.cairn.device.CudaEvent;
import dev.cairn.device.DeviceException;
import dev.cairn.gpu.DeviceBucket.Size;
import dev.cairn.plan.Bucket;
import dev.cairn.plan.BucketCursor;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Brings all ranks' partitions together on rank 0 with NCCL, bucket by bucket, and writes them
 * there. Every rank runs one; the partitions are in the memory of its GPU.
 *
 * <p>A bucket is cast and packed on one stream, gathered on a second, and on rank 0 brought into
 * file order and copied to the host on a third, all ordered by events. There are two buckets, so
 * one is gathered while the one before is written. Before each, the ranks meet over the control
 * channel: whoever waits for a slow disk waits there, and not inside a collective. A rank that
 * fails says so at the next meeting, after it has ended what is queued everywhere.
 *
 * <p>All-gather is the default, though only rank 0 keeps what it brings: into rank 0 go {@code (n -
 * 1) / n} of all bytes either way, which is what bounds the time, and a ring brings them to its
 * host through every network card of it, where sends to one rank go through that rank's. Where
 * memory is short, sends take {@code 1 / n} of the device memory on the other ranks.
 */
public final class NcclGather {
  private static final long POLL_NANOS = TimeUnit.MICROSECONDS.toNanos(100);
  private static final long NAMING_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final Logger LOG = System.getLogger(NcclGather.class.getName());
  private static final long MOST_PARTS = 64; // of a bucket, before it is too small to be worth it
  private static final String SHORT = "short: ";
  private static final byte[] WELL = {1};
  private static final byte[] FAILED = {0};

  private final Control control;
  private GatherJob job;
  private boolean hasMetFailed;
  private boolean owesMeeting;

  /**
   * Prepares a gather; {@link #run} does it.
   *
   * @param job the same plan, options and order of ranks on every rank
   */
  public NcclGather(GatherJob job) {
    this.job = job;
    this.control = job.ranks().control();
  }

  /**
   * {@return how much memory of its GPU a rank needs for buckets}
   *
   * @param bucketBytes how much all ranks give at once
   * @param ranks how many
   * @param writes whether it is the one that writes
   * @param holdsAll whether it gets all bytes
   */
  public static long neededBytes(long bucketBytes, int ranks, boolean writes, boolean holdsAll) {
    return BucketExchange.neededBytes(bucketBytes, ranks, writes, holdsAll);
  }

  private Size size() {
    Size largest = new Size(Bucket.ALIGNMENT_BYTES, 1, 1);
    for (BucketCursor all = cursor(); all.hasNext(); ) {
      Bucket bucket = all.next();
      largest =
          largest.or(new Size(bucket.rankBytes(), bucket.orderedBytes(), bucket.parts().size()));
    }
    return largest;
  }

  private BucketCursor cursor() {
    return new BucketCursor(job.plan(), job.bucketBytes());
  }

  /**
   * Gathers everything. Collective.
   *
   * @param sink gets the chunks on rank 0
   * @param staging pinned
   * @throws IOException if any rank failed; the group is aborted then, or if it is lent and
   *     something is left in it, closed
   */
  public void run(ChunkSink sink, Staging staging) throws IOException {
    owesMeeting = true;
    hasMetFailed = false;
    try (BucketExchange running = open(sink, staging)) {
      try {
        // Before the first meeting after which anything is queued: see there.
        job.group().awaitDevice(patience("GPU"));
        gather(running);
      } catch (CommunicationException e) {
        CommunicationException named = named(e);
        stop(named);
        throw named;
      } catch (IOException | RuntimeException | Error e) {
        stop(e);
        throw e;
      }
    } catch (IOException | RuntimeException | Error e) {
      try {
        if (owesMeeting) {
          control.allGather(FAILED);
          hasMetFailed = true;
        }
      } finally {
        if (job.group().isLent()) {
          keepLent();
        } else {
          job.group().abort(); // even if nothing was queued here: the others abort theirs
        }
      }
      throw e;
    }
  }

  private void gather(BucketExchange running) throws IOException {
    BucketCursor buckets = cursor();
    for (int index = 0; ; index++) {
      running.awaitFree(index);
      if (!buckets.hasNext()) {
        running.awaitFree(index + 1);
      }
      meet(WELL);
      if (!buckets.hasNext()) {
        return;
      }
      owesMeeting = true;
      running.start(index, buckets.next());
    }
  }

  /** Opens buckets that all ranks have memory for: half as large, and again, where one has not. */
  private BucketExchange open(ChunkSink sink, Staging staging) throws IOException {
    long leastBytes =
        Math.max(job.bucketBytes() / MOST_PARTS, BucketCursor.MIN_RANK_BYTES * job.ranks().size());
    while (true) {
      Opening opening = new Opening(sink, staging);
      try (opening) {
        Optional<CommunicationException> shortage = shortage(meet(opening.state));
        owesMeeting = shortage.isEmpty() || job.bucketBytes() / 2 >= leastBytes;
        if (shortage.isEmpty()) {
          return opening.take();
        }
        if (!owesMeeting) {
          throw shortage.get();
        }
        LOG.log(Level.INFO, "smaller buckets: {0}", shortage.get().getMessage());
        job = job.with(job.bucketBytes() / 2);
      }
    }
  }

  /** What a rank that tried to open its buckets has to say. */
  private final class Opening implements AutoCloseable {
    private BucketExchange opened;
    private byte[] state = WELL;

    Opening(ChunkSink sink, Staging staging) {
      try {
        opened =
            new BucketExchange(
                job, size(), sink, staging, new InTime(), NcclGather.this::checkWanted);
      } catch (DeviceException e) {
        if (!e.isOutOfMemory()) {
          throw e;
        }
        String text =
            "GPU memory is short for buckets: needBytes=%d, bucketBytes=%d, %s"
                .formatted(job.neededBytes(), job.bucketBytes(), e.getMessage());
        state = (SHORT + text).getBytes(StandardCharsets.UTF_8);
      }
    }

    BucketExchange take() {
      BucketExchange taken = opened;
      opened = null;
      return taken;
    }

    @Override
    public void close() throws CommunicationException {
      if (opened != null) {
        opened.close();
      }
    }
  }

  private static Optional<CommunicationException> shortage(List<byte[]> states) {
    for (int rank = 0; rank < states.size(); rank++) {
      String state = new String(states.get(rank), StandardCharsets.UTF_8);
      if (state.startsWith(SHORT)) {
        return Optional.of(new CommunicationException(rank, state.substring(SHORT.length())));
      }
    }
    return Optional.empty();
  }

  private void stop(Throwable e) throws CommunicationException {
    control.cancel(String.valueOf(e.getMessage()));
    job.group().abort();
  }

  /** After a failure a lent group is used again only if no rank has left anything in it. */
  private void keepLent() throws CommunicationException {
    boolean isKept = false;
    try {
      // Every rank is here if all have met: nobody goes on after a meeting that one has failed at.
      byte[] mine = job.group().isOpen() ? WELL : FAILED;
      isKept =
          hasMetFailed && control.allGather(mine).stream().allMatch(told -> told[0] == WELL[0]);
    } finally {
      if (!isKept) {
        job.group().close();
      }
    }
  }

  /** Waits until all ranks are here; throws if one of them has failed. */
  private List<byte[]> meet(byte[] mine) throws CommunicationException {
    owesMeeting = false;
    List<byte[]> states = control.allGather(mine);
    for (int rank = 0; rank < states.size(); rank++) {
      if (states.get(rank)[0] == FAILED[0]) {
        hasMetFailed = true;
        checkWanted();
        throw new CommunicationException(rank, "rank " + rank + " stopped gathering");
      }
    }
    return states;
  }

  private void checkWanted() throws CommunicationException {
    Optional<CommunicationException> failure = control.failure();
    if (failure.isPresent()) {
      throw failure.get();
    }
  }

  /** Waits for a collective, which may never end: a rank may be missing in it. */
  private final class InTime implements BucketSource.Waiting {
    @Override
    public void on(CudaEvent event) throws IOException {
      Patience patience = patience("collective");
      while (!event.isDone()) {
        patience.check();
        LockSupport.parkNanos(POLL_NANOS);
      }
    }

    @Override
    public Patience forCall() {
      return patience("call");
    }
  }

  private Patience patience(String what) {
    long startNanos = System.nanoTime();
    return () -> {
      checkWanted(); // first, as it knows who failed
      job.group().check();
      if (System.nanoTime() - startNanos > job.timeout().toNanos()) {
        throw new CommunicationException(
            job.ranks().rank(),
            "NCCL's %s did not end: timeoutSeconds=%d, rank=%d of %d"
                .formatted(
                    what, job.timeout().toSeconds(), job.ranks().rank(), job.ranks().size()));
      }
    };
  }

  /** NCCL may know that a rank is gone before the control channel knows which. */
  private CommunicationException named(CommunicationException failure) {
    long deadlineNanos = System.nanoTime() + NAMING_NANOS;
    while (failure.rank() == CommunicationException.UNKNOWN_RANK
        && System.nanoTime() - deadlineNanos < 0) {
      Optional<CommunicationException> known = control.failure();
      if (known.isPresent()) {
        return known.get();
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
    return failure;
  }
}
