package dev.cairn.comm.nccl;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.nccl.NcclLibrary.Caller;
import dev.cairn.device.Check;
import dev.cairn.device.Cuda;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import dev.cairn.device.PinnedMemory;
import java.util.List;
import org.bytedeco.cuda.global.nccl;
import org.bytedeco.cuda.nccl.ncclComm;
import org.bytedeco.cuda.nccl.ncclConfig_t;
import org.bytedeco.cuda.nccl.ncclUniqueId;
import org.bytedeco.javacpp.BytePointer;

/** An NCCL communicator of a trainer's own, and what it does with it. */
final class TrainerNccl {
  private static final int RANK_BYTES = 64;

  private final Caller caller;
  private final Device device;
  private final long handle;

  private TrainerNccl(Caller caller, Device device, long handle) {
    this.caller = caller;
    this.device = device;
    this.handle = handle;
  }

  /** Joins the ranks with NCCL, by numbers that the trainer has given them. */
  static TrainerNccl join(Communicator ranks, int rank, int size, Device device) throws Exception {
    Caller caller = new Caller(rank, size);
    byte[] made = rank == 0 ? caller.uniqueId() : new byte[0];
    List<byte[]> told = ranks.control().allGather(made);
    byte[] id = told.stream().filter(bytes -> bytes.length > 0).findFirst().orElseThrow();
    long[] handle = {0};
    Cuda.run(
        device,
        () -> {
          try {
            handle[0] = caller.init(id);
          } catch (CommunicationException e) {
            throw new AssertionError(e);
          }
        });
    return new TrainerNccl(caller, device, handle[0]);
  }

  /** As {@link #join}, but the communicator's calls return before their work is done. */
  static TrainerNccl joinWithoutBlocking(Communicator ranks, Device device) throws Exception {
    Caller caller = new Caller(ranks.rank(), ranks.size());
    byte[] id = ranks.control().broadcast(caller.rank() == 0 ? caller.uniqueId() : new byte[0]);
    try (ncclUniqueId unique = new ncclUniqueId();
        ncclConfig_t config = new ncclConfig_t();
        ncclComm made = new ncclComm()) {
      new BytePointer(unique).capacity(id.length).put(id);
      config.size(24).magic(0xcafebeef).version(21400).blocking(0); // what there was in 2.14
      int[] code = {0};
      Cuda.run(
          device,
          () ->
              code[0] =
                  nccl.ncclCommInitRankConfig(made, caller.size(), unique, caller.rank(), config));
      TrainerNccl trainer = new TrainerNccl(caller, device, made.address());
      Check.equal(nccl.ncclInProgress, code[0], "init");
      for (int[] state = {nccl.ncclInProgress}; state[0] == nccl.ncclInProgress; Thread.sleep(1)) {
        Check.equal(0, nccl.ncclCommGetAsyncError(made, state), "state");
      }
      return trainer;
    }
  }

  /** Queues an all-gather as training does, on a stream of the trainer's, and does not wait. */
  void begin(CudaStream stream, DeviceMemory memory) {
    long own = memory.address() + (long) RANK_BYTES * caller.rank();
    made(() -> caller.allGather(handle, own, memory.address(), RANK_BYTES, stream));
  }

  /** Makes a call with the GPU as the current one, which a trainer's own is. */
  private void made(NcclThread.Call call) {
    Cuda.run(
        device,
        () -> {
          try {
            call.make();
          } catch (CommunicationException e) {
            throw new AssertionError(e);
          }
        });
  }

  /** Returns how much memory that takes. */
  long lengthBytes() {
    return (long) RANK_BYTES * caller.size();
  }

  /** Returns what is lent. */
  long handle() {
    return handle;
  }

  /** Uses the communicator as training does: it must be as it was. */
  void train() throws Exception {
    try (CudaStream stream = CudaStream.create(device);
        DeviceMemory memory = DeviceMemory.allocate(device, (long) RANK_BYTES * caller.size());
        PinnedMemory host = PinnedMemory.allocate(device, (long) RANK_BYTES * caller.size())) {
      long own = memory.address() + (long) RANK_BYTES * caller.rank();
      host.view(0, 1).put((byte) (caller.rank() + 1));
      stream.copyToDevice(host.address(), own, 1);
      made(() -> caller.allGather(handle, own, memory.address(), RANK_BYTES, stream));
      stream.copyToHost(memory.address(), host.address(), (long) RANK_BYTES * caller.size());
      stream.synchronize();
      for (int rank = 0; rank < caller.size(); rank++) {
        Check.equal(rank + 1, (int) host.view((long) RANK_BYTES * rank, 1).get(), "gathered");
      }
      caller.checkAsync(handle);
    }
  }

  /** Ends the communicator as a trainer does that has lost a rank. */
  void abort() {
    made(() -> caller.abort(handle));
  }

  /** Ends the communicator. */
  void destroy() {
    made(() -> caller.destroy(handle));
  }
}
