package dev.cairn.kernels;

import dev.cairn.device.Check;
import dev.cairn.device.CudaStream;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;

/** A mark in a stream's work that knows when it was reached, which Cairn's own events do not. */
final class TimingEvent implements AutoCloseable {
  private final CUevent_st event = new CUevent_st();

  TimingEvent() {
    Check.equal(
        0, cudart.cudaEventCreateWithFlags(event, cudart.cudaEventBlockingSync), "an event");
  }

  /** Marks what is queued on a stream of the current GPU by now. */
  void record(CudaStream stream) {
    CUstream_st on = new CUstream_st(new Address(stream.handle()));
    Check.equal(0, cudart.cudaEventRecord(event, on), "a mark");
  }

  /** {@return the time between two marks that have been reached} */
  double millisUntil(TimingEvent later) {
    float[] millis = {0};
    Check.equal(0, cudart.cudaEventElapsedTime(millis, event, later.event), "a time");
    return Math.max(millis[0], 1e-6);
  }

  @Override
  public void close() {
    Check.equal(0, cudart.cudaEventDestroy(event), "the end of an event");
  }

  private static final class Address extends Pointer {
    Address(long address) {
      super((Pointer) null);
      this.address = address;
    }
  }
}
