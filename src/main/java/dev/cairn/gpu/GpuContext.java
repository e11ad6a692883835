package dev.cairn.gpu;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.nccl.LentNccl;
import dev.cairn.comm.nccl.NcclGroup;
import dev.cairn.copy.Staging;
import dev.cairn.device.Cuda;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceException;
import dev.cairn.kernels.DeviceKernels;
import dev.cairn.machine.CloseAll;
import dev.cairn.model.Parameter;
import dev.cairn.model.Partition;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.GatherAlgorithm;
import dev.cairn.options.SaveOptions;
import dev.cairn.ranks.Ranks;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a checkpointer has of the GPU that its rank's partitions are on: nothing, until the first
 * save from there or restore into it.
 */
public final class GpuContext implements AutoCloseable {
  private static final Logger LOG = System.getLogger(GpuContext.class.getName());
  private static final byte NO_NCCL = 0;
  private static final byte JOINING = 1;
  private static final byte JOINED = 2;
  private static final byte LENT = 3;

  private DeviceStaging staging;
  private final BucketMemory bucketMemory = new BucketMemory();
  private NcclGroup group;
  private DeviceException failure;

  /**
   * Checks the partitions that are on a GPU and, if there are any, makes ready to copy from and to
   * it.
   *
   * @param hostStaging is pinned then
   * @throws IllegalArgumentException if a partition is not where it is said to be, is not aligned,
   *     or on another GPU than the others, or if no GPU can be used here
   * @throws dev.cairn.device.DeviceException if memory is short
   */
  public void prepare(List<Parameter> tensors, Staging hostStaging, SaveOptions options) {
    throwFailure();
    Device device = null;
    for (Parameter parameter : tensors) {
      for (Partition run : parameter.partition().runs()) {
        if (run.isOnDevice()) {
          device = device == null ? run.device() : device;
          check(parameter, run, device);
        }
      }
    }
    if (device == null || (staging != null && staging.device().equals(device))) {
      return;
    }
    closeStaging();
    hostStaging.pin(device);
    staging =
        new DeviceStaging(
            device, hostStaging.count(), hostStaging.bufferBytes(), options.deviceBytes());
  }

  /**
   * Keeps a failure, of a snapshot for example, to be thrown by the next {@link #prepare}: that is
   * where the other ranks hear of it.
   */
  public void failLater(DeviceException e) {
    failure = e;
  }

  private void throwFailure() {
    DeviceException kept = failure;
    failure = null;
    if (kept != null) {
      throw kept;
    }
  }

  private static void check(Parameter parameter, Partition partition, Device device) {
    DeviceKernels.reasonNotAvailable()
        .ifPresent(
            reason -> {
              throw refused(parameter, "GPUs cannot be used here: " + reason);
            });
    if (!partition.device().equals(device)) {
      throw refused(parameter, "expected " + device + " like the rank's other partitions");
    }
    if (device.index() < 0 || device.index() >= Cuda.deviceCount()) {
      throw refused(parameter, "expected cuda:0 to cuda:" + (Cuda.deviceCount() - 1));
    }
    long address = partition.address(0);
    if (address % Math.max(1, parameter.held().bits() / 8) != 0) {
      throw refused(
          parameter, "address=0x%x is not aligned to %s".formatted(address, parameter.held()));
    }
    Device first = Cuda.deviceOf(address);
    Device last = Cuda.deviceOf(address + partition.lengthBytes() - 1);
    if (!first.equals(device) || !last.equals(device)) {
      throw refused(
          parameter,
          "address=0x%x, lengthBytes=%d is memory of %s"
              .formatted(
                  address,
                  partition.lengthBytes(),
                  first.equals(last) ? first : first + " and " + last));
    }
  }

  private static IllegalArgumentException refused(Parameter parameter, String why) {
    return new IllegalArgumentException(
        "partition cannot be used: tensor=%s, device=%s; %s"
            .formatted(parameter.name(), parameter.partition().device(), why));
  }

  /**
   * Returns what copies these tensors from the GPU or into it, after the work that their streams
   * have queued by now; empty if none is on a GPU. They have been prepared for.
   */
  public Optional<DeviceStaging> after(List<Parameter> tensors) {
    List<CudaStream> streams = streams(tensors);
    streams.forEach(stream -> staging.waitFor(stream));
    return streams.isEmpty() ? Optional.empty() : Optional.of(staging);
  }

  /** Returns the streams whose work is to be waited for, each once. */
  public List<CudaStream> streams(List<Parameter> tensors) {
    Map<Long, CudaStream> streams = new HashMap<>();
    for (Parameter parameter : tensors) {
      for (Partition run : parameter.partition().runs()) {
        if (run.isOnDevice()) {
          CudaStream stream = run.stream();
          streams.put(
              stream == null ? 0 : stream.handle(),
              stream == null ? CudaStream.borrowed(staging.device(), 0) : stream);
        }
      }
    }
    return List.copyOf(streams.values());
  }

  /** Returns what buckets lie in. */
  public BucketMemory bucketMemory() {
    return bucketMemory;
  }

  /** Reserves what buckets will lie in. */
  public void reserveBuckets(Device device, int rank, int size, SaveOptions options) {
    boolean holdsAll = rank == 0 || options.gatherAlgorithm() == GatherAlgorithm.ALL_GATHER;
    bucketMemory.reserve(
        device, NcclGather.neededBytes(options.bucketBytes(), size, rank == 0, holdsAll));
  }

  /**
   * Returns how long one collective of NCCL may take. It is less than ranks outside of it wait, so
   * that one that gives up can still tell them.
   */
  public static Duration collectiveTimeout() {
    return Timeouts.fromEnvironment(System.getenv()).operation().multipliedBy(3).dividedBy(4);
  }

  /**
   * Returns the ranks joined by NCCL, if all of them can be and have everything on GPUs: over a
   * communicator that the trainer lends on every rank, or one that is made here. Collective.
   *
   * @throws CheckpointException on every rank, if they can but did not
   */
  public Optional<NcclGroup> nccl(Ranks ranks, List<Parameter> tensors) throws IOException {
    Optional<NcclGroup> lent = ranks.communicator().lentNccl().map(LentNccl::groupOf);
    List<byte[]> states = ranks.together(() -> new byte[] {ncclState(tensors, lent)});
    if (isAny(states, NO_NCCL)) {
      return Optional.empty();
    }
    if (states.stream().allMatch(state -> state[0] == LENT)) {
      return lent;
    }
    if (isAny(states, JOINING) || isAny(states, LENT)) {
      ranks.together(
          () -> {
            abortGroup(); // the others have aborted theirs, or never had it
            Duration timeout = Timeouts.fromEnvironment(System.getenv()).rendezvous();
            group = NcclGroup.connect(ranks.communicator().control(), staging.device(), timeout);
            return new byte[0];
          });
    }
    return Optional.of(group);
  }

  private static boolean isAny(List<byte[]> states, byte wanted) {
    return states.stream().anyMatch(state -> state[0] == wanted);
  }

  private byte ncclState(List<Parameter> tensors, Optional<NcclGroup> lent) {
    boolean allOnDevice =
        tensors.stream()
            .map(Parameter::partition)
            .allMatch(partition -> partition.isOnDevice() || partition.lengthBytes() == 0);
    if (!allOnDevice || staging == null) {
      return NO_NCCL;
    }
    if (NcclGroup.reasonNotAvailable().isPresent()) {
      LOG.log(Level.INFO, "gathering without NCCL: {0}", NcclGroup.reasonNotAvailable().get());
      return NO_NCCL;
    }
    if (lent.isPresent() && lent.get().isUnfinished()) {
      throw new IllegalStateException(
          "a save that failed has left a collective in the lent NCCL communicator: abort it first");
    }
    if (lent.isPresent() && lent.get().isOpen()) {
      if (!lent.get().device().equals(staging.device())) {
        throw new IllegalArgumentException(
            "lent NCCL communicator is of another GPU: device=%s, expected %s, where the partitions are"
                .formatted(lent.get().device(), staging.device()));
      }
      return LENT;
    }
    return group != null && group.isOpen() ? JOINED : JOINING;
  }

  private void abortGroup() throws CommunicationException {
    NcclGroup aborting = group;
    group = null;
    if (aborting != null) {
      aborting.abort();
    }
  }

  private void closeGroup() throws CommunicationException {
    NcclGroup closing = group;
    group = null;
    if (closing != null) {
      closing.close();
    }
  }

  @Override
  public void close() throws IOException {
    CloseAll.of(this::closeStaging, bucketMemory, this::closeGroup).closeIo();
  }

  private void closeStaging() {
    if (staging != null) {
      DeviceStaging closing = staging;
      staging = null;
      closing.close();
    }
  }
}
