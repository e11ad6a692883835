package dev.cairn.comm.nccl;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.device.Cuda;
import dev.cairn.device.CudaStream;
import java.util.concurrent.locks.LockSupport;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclComm;
import org.bytedeco.cuda.nccl.ncclUniqueId;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;

/**
 * The calls of NCCL that Cairn makes: numbers in and out, every return code checked. The only class
 * that knows NCCL's bindings. Loaded when first asked for, after CUDA.
 */
final class NcclLibrary {
  static final int UNIQUE_ID_BYTES = 128;
  private static final long POLL_NANOS = 100_000;

  private static final String BINDINGS = "org.bytedeco.cuda.global.nccl";
  private static final String REASON_NOT_LOADED = load();

  private NcclLibrary() {}

  private static String load() {
    String reason = Cuda.reasonNotAvailable().orElse(null);
    if (reason != null) {
      return reason;
    }
    try {
      Class.forName(BINDINGS, false, NcclLibrary.class.getClassLoader());
      Loader.load(nccl.class);
      return null;
    } catch (ClassNotFoundException | LinkageError e) {
      return "NCCL was not loaded: "
          + String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }
  }

  /** Returns why it is not loaded; null if it is. */
  static String reasonNotLoaded() {
    return REASON_NOT_LOADED;
  }

  /** Who makes the calls, as errors name it. */
  record Caller(int rank, int size) {
    /** Returns once a call has done its work: one of a communicator that does not block goes on. */
    private void check(String call, int code, long communicator) throws CommunicationException {
      int result = code;
      while (result == nccl.ncclInProgress && communicator != 0) {
        LockSupport.parkNanos(POLL_NANOS);
        result = asyncError(communicator);
      }
      if (result != nccl.ncclSuccess) {
        throw failed(call, result, communicator);
      }
    }

    CommunicationException failed(String call, int code, long communicator) {
      return new CommunicationException(
          code == nccl.ncclRemoteError ? CommunicationException.UNKNOWN_RANK : rank, // not this one
          "NCCL call failed: call=%s, code=%d (%s: %s), rank=%d of %d"
              .formatted(
                  call,
                  code,
                  nccl.ncclGetErrorString(code).getString(),
                  nccl.ncclGetLastError(communicator(communicator)).getString(),
                  rank,
                  size));
    }

    byte[] uniqueId() throws CommunicationException {
      try (ncclUniqueId id = new ncclUniqueId()) {
        check("ncclGetUniqueId", nccl.ncclGetUniqueId(id), 0);
        byte[] bytes = new byte[UNIQUE_ID_BYTES];
        new BytePointer(id).capacity(UNIQUE_ID_BYTES).get(bytes);
        return bytes;
      }
    }

    /** Returns a communicator once every rank has made this call; for the current GPU. */
    long init(byte[] uniqueId) throws CommunicationException {
      try (ncclUniqueId id = new ncclUniqueId();
          ncclComm made = new ncclComm()) {
        new BytePointer(id).capacity(UNIQUE_ID_BYTES).put(uniqueId);
        check("ncclCommInitRank", nccl.ncclCommInitRank(made, size, id, rank), 0);
        return made.address();
      }
    }

    void allGather(long communicator, long source, long target, long rankBytes, CudaStream stream)
        throws CommunicationException {
      check(
          "ncclAllGather",
          nccl.ncclAllGather(
              new Address(source),
              new Address(target),
              rankBytes,
              nccl.ncclUint8,
              communicator(communicator),
              stream(stream)),
          communicator);
    }

    void groupStart(long communicator) throws CommunicationException {
      check("ncclGroupStart", nccl.ncclGroupStart(), communicator);
    }

    void groupEnd(long communicator) throws CommunicationException {
      check("ncclGroupEnd", nccl.ncclGroupEnd(), communicator);
    }

    void send(long communicator, long source, long lengthBytes, int peer, CudaStream stream)
        throws CommunicationException {
      check(
          "ncclSend",
          nccl.ncclSend(
              new Address(source),
              lengthBytes,
              nccl.ncclUint8,
              peer,
              communicator(communicator),
              stream(stream)),
          communicator);
    }

    void receive(long communicator, long target, long lengthBytes, int peer, CudaStream stream)
        throws CommunicationException {
      check(
          "ncclRecv",
          nccl.ncclRecv(
              new Address(target),
              lengthBytes,
              nccl.ncclUint8,
              peer,
              communicator(communicator),
              stream(stream)),
          communicator);
    }

    /** Throws what went wrong in collectives that had been queued. */
    void checkAsync(long communicator) throws CommunicationException {
      int error = asyncError(communicator);
      if (error != nccl.ncclSuccess && error != nccl.ncclInProgress) {
        throw failed("a collective", error, communicator);
      }
    }

    /** Returns whether a call on a communicator that does not block has not done its work yet. */
    boolean isInProgress(long communicator) throws CommunicationException {
      return asyncError(communicator) == nccl.ncclInProgress;
    }

    private int asyncError(long communicator) throws CommunicationException {
      int[] error = {nccl.ncclSuccess};
      int code = nccl.ncclCommGetAsyncError(communicator(communicator), error);
      if (code != nccl.ncclSuccess) {
        throw failed("ncclCommGetAsyncError", code, communicator);
      }
      return error[0];
    }

    int rankIn(long communicator) throws CommunicationException {
      int[] number = {0};
      int code = nccl.ncclCommUserRank(communicator(communicator), number);
      check("ncclCommUserRank", code, communicator);
      return number[0];
    }

    int sizeOf(long communicator) throws CommunicationException {
      int[] number = {0};
      int code = nccl.ncclCommCount(communicator(communicator), number);
      check("ncclCommCount", code, communicator);
      return number[0];
    }

    /** Returns the index of the GPU that a communicator was made for. */
    int deviceOf(long communicator) throws CommunicationException {
      int[] number = {0};
      int code = nccl.ncclCommCuDevice(communicator(communicator), number);
      check("ncclCommCuDevice", code, communicator);
      return number[0];
    }

    void abort(long communicator) throws CommunicationException {
      check("ncclCommAbort", nccl.ncclCommAbort(communicator(communicator)), 0);
    }

    void destroy(long communicator) throws CommunicationException {
      check("ncclCommDestroy", nccl.ncclCommDestroy(communicator(communicator)), 0);
    }
  }

  private static ncclComm communicator(long handle) {
    return new ncclComm(new Address(handle));
  }

  private static CUstream_st stream(CudaStream stream) {
    return new CUstream_st(new Address(stream.handle()));
  }

  /** A JavaCPP pointer that owns nothing. */
  private static final class Address extends Pointer {
    Address(long address) {
      super((Pointer) null);
      this.address = address;
    }
  }
}
