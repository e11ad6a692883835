package dev.cairn.meter;

import dev.cairn.comm.channel.Control;
import dev.cairn.options.ProgressListener;
import dev.cairn.options.SavePhase;
import dev.cairn.options.SaveReport;
import dev.cairn.options.SaveWork;
import dev.cairn.ranks.Ranks;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import jdk.jfr.FlightRecorder;

/**
 * Measures one save: adds up its work by kind, records it as events, tells a listener, and tells
 * the ranks that wait for this one that it gets on. Any thread.
 */
public final class Meter {
  private static final Logger LOG = System.getLogger(Meter.class.getName());

  private final int rank;
  private final Control control;
  private final Map<SaveWork, Sum> sums = new EnumMap<>(SaveWork.class);
  private final Map<SavePhase, Long> phaseNanos = new EnumMap<>(SavePhase.class);
  private Optional<ProgressListener> listener;
  private SavePhase phase;
  private long phaseStart;
  private long doneBytes;
  private long totalBytes;

  /** Starts to measure; no phase has begun. */
  public Meter(Ranks ranks, Optional<ProgressListener> listener) {
    this.rank = ranks.rank();
    this.control = ranks.communicator().control();
    this.listener = listener;
    for (SaveWork work : SaveWork.values()) {
      sums.put(work, new Sum());
    }
  }

  private static final class Sum {
    private final LongAdder count = new LongAdder();
    private final LongAdder bytes = new LongAdder();
    private final LongAdder nanos = new LongAdder();
  }

  /** A timing of work that has begun. */
  public final class Timing {
    private final SaveWork work;
    private final SaveEvent event; // null while nothing has asked for a recorder
    private final long start;

    private Timing(SaveWork work) {
      this.work = work;
      // The first event alone takes the recorder a tenth of a second to get to know.
      this.event = FlightRecorder.isInitialized() ? event(work) : null;
      if (event != null) {
        event.begin();
      }
      this.start = System.nanoTime();
    }

    private void record(String file, long bytes, long nanos) {
      event.end();
      if (event.shouldCommit()) {
        event.rank = rank;
        event.file = file;
        event.bytes = bytes;
        event.nanos = nanos;
        event.commit();
      }
    }

    /** Ends it; work that failed is not ended and does not count. */
    public void end(String file, long bytes) {
      long nanos = System.nanoTime() - start;
      Sum sum = sums.get(work);
      sum.count.increment();
      sum.bytes.add(bytes);
      sum.nanos.add(nanos);
      if (event != null) {
        record(file, bytes, nanos);
      }
      control.progressed();
      if (work == SaveWork.WRITE || work == SaveWork.SEND) {
        moved(bytes);
      }
    }
  }

  private static SaveEvent event(SaveWork work) {
    return switch (work) {
      case PLAN -> new SaveEvent.Plan();
      case CAST -> new SaveEvent.Cast();
      case SEND -> new SaveEvent.Send();
      case RECEIVE -> new SaveEvent.Receive();
      case WRITE -> new SaveEvent.Write();
      case FORCE -> new SaveEvent.Force();
      case COMMIT -> new SaveEvent.Commit();
    };
  }

  public Timing begin(SaveWork work) {
    return new Timing(work);
  }

  /** Something that is not measured was done. */
  void progressed() {
    control.progressed();
  }

  private synchronized void moved(long bytes) {
    if (phase == SavePhase.COPY) {
      doneBytes += bytes;
      tell();
    }
  }

  /** Begins a phase; the one before has ended. */
  public synchronized void enter(SavePhase next) {
    finish();
    phase = next;
    tell();
  }

  /** Ends the last phase. */
  public synchronized void finish() {
    long now = System.nanoTime();
    if (phase != null) {
      phaseNanos.put(phase, now - phaseStart);
    }
    phaseStart = now;
    phase = null;
  }

  /** Says how many bytes of tensors this rank will write or send. */
  public synchronized void expect(long bytes) {
    totalBytes = bytes;
  }

  private synchronized void tell() {
    try {
      listener.ifPresent(present -> present.progress(phase, doneBytes, totalBytes));
    } catch (Throwable e) { // whatever it is, the save does not need the listener
      listener = Optional.empty();
      LOG.log(Level.WARNING, "progress listener failed, it is not called again in this save", e);
    }
  }

  public synchronized Map<SavePhase, Long> phaseNanos() {
    return Map.copyOf(phaseNanos);
  }

  /** Returns the sums of all kinds of work that were done. */
  public Map<SaveWork, SaveReport.Total> totals() {
    Map<SaveWork, SaveReport.Total> totals = new EnumMap<>(SaveWork.class);
    sums.forEach(
        (work, sum) -> {
          if (sum.count.sum() > 0) {
            totals.put(
                work, new SaveReport.Total(sum.count.sum(), sum.bytes.sum(), sum.nanos.sum()));
          }
        });
    return Map.copyOf(totals);
  }
}
