package dev.cairn.pipeline;

import dev.cairn.comm.CommunicationException;
import dev.cairn.comm.Control;
import dev.cairn.comm.NcclGroup;
import dev.cairn.device.CudaEvent;
import dev.cairn.pipeline.DeviceBucket.Size;
import dev.cairn.plan.Bucket;
import dev.cairn.plan.BucketCursor;
import java.io.IOException;
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
  private static final byte[] WELL = {1};
  private static final byte[] FAILED = {0};

  private final GatherJob job;
  private final Control control;
  private final Size size;
  private boolean hasMetFailed;

  /**
   * Prepares a gather; {@link #run} does it.
   *
   * @param job the same plan, options and order of ranks on every rank
   */
  public NcclGather(GatherJob job) {
    this.job = job;
    this.control = job.ranks().control();
    Size largest = new Size(Bucket.ALIGNMENT_BYTES, 1, 1);
    for (BucketCursor all = cursor(); all.hasNext(); ) {
      Bucket bucket = all.next();
      largest =
          largest.or(new Size(bucket.rankBytes(), bucket.orderedBytes(), bucket.parts().size()));
    }
    size = largest;
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
    boolean owesMeeting = true;
    hasMetFailed = false;
    try (BucketExchange running =
        new BucketExchange(job, size, sink, staging, new InTime(), this::checkWanted)) {
      try {
        // Before the first meeting: see there.
        job.group().awaitDevice(patience("GPU"));
        BucketCursor buckets = cursor();
        for (int index = 0; ; index++) {
          running.awaitFree(index);
          if (!buckets.hasNext()) {
            running.awaitFree(index + 1);
          }
          owesMeeting = false;
          meet();
          if (!buckets.hasNext()) {
            return;
          }
          owesMeeting = true;
          running.start(index, buckets.next());
        }
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
  private void meet() throws CommunicationException {
    List<byte[]> states = control.allGather(WELL);
    for (int rank = 0; rank < states.size(); rank++) {
      if (states.get(rank)[0] == FAILED[0]) {
        hasMetFailed = true;
        checkWanted();
        throw new CommunicationException(rank, "rank " + rank + " stopped gathering");
      }
    }
  }

  private void checkWanted() throws CommunicationException {
    Optional<CommunicationException> failure = control.failure();
    if (failure.isPresent()) {
      throw failure.get();
    }
  }

  /** Waits for what may never be, as a rank may be missing in it. */
  private final class InTime implements BucketSource.Waiting {
    @Override
    public void on(CudaEvent event) throws IOException {
      NcclGroup.Patience patience = patience("collective");
      while (!event.isDone()) {
        patience.check();
        LockSupport.parkNanos(POLL_NANOS);
      }
    }

    @Override
    public NcclGroup.Patience forCall() {
      return patience("call");
    }
  }

  private NcclGroup.Patience patience(String what) {
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
