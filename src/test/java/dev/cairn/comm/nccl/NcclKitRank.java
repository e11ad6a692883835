package dev.cairn.comm.nccl;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.device.Check;
import dev.cairn.device.Cuda;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import dev.cairn.device.PinnedMemory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import org.bytedeco.cuda.global.cudart;

/**
 * NCCL on as few GPUs as there are: a rank of one or more, alone or several on one GPU where
 * NCCL_MULTI_RANK_GPU_ENABLE lets them. Rank 0 prints one line of JSON, times as the host sees them
 * beside a plain copy of as many bytes on the GPU.
 */
final class NcclKitRank {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int COPIES = 8;

  private final Communicator ranks;
  private final Device gpu;
  private final StringBuilder json = new StringBuilder("{");

  private NcclKitRank(Communicator ranks) {
    this.ranks = ranks;
    this.gpu = Device.cuda(ranks.rank() % Cuda.deviceCount());
  }

  /** The arguments are what to do, and how many bytes each rank gives. */
  public static void main(String[] arguments) throws Exception {
    EmulatedNccl.load();
    Check.endsWithin(LIMIT.multipliedBy(2));
    String missing = NcclGroup.reasonNotAvailable().orElse("");
    if (!missing.isEmpty()) {
      System.out.println("skipped: " + missing);
      return;
    }
    boolean alone = System.getenv().getOrDefault("WORLD_SIZE", "1").equals("1");
    try (Communicator ranks = alone ? Communicator.single() : Communicator.fromEnvironment()) {
      NcclKitRank rank = new NcclKitRank(ranks);
      long rankBytes = Long.parseLong(arguments[1]) / 16 * 16;
      switch (arguments[0]) {
        case "gathers" -> rank.gathers(rankBytes);
        case "killed" -> rank.peerIsKilledBeforeItsFirstGather(rankBytes);
        default -> throw new IllegalArgumentException(arguments[0]);
      }
      if (ranks.rank() == 0) {
        System.out.println(rank.json.append("\"ranks\":").append(ranks.size()).append('}'));
      }
    }
    System.out.println("done");
  }

  private void say(String name, double millis) {
    json.append(String.format(Locale.ROOT, "\"%s\":%.3f,", name, millis));
  }

  private static double millisSince(long startNanos) {
    return (System.nanoTime() - startNanos) / 1e6;
  }

  /** Both algorithms twice: the first of each connects. */
  private void gathers(long rankBytes) throws Exception {
    long start = System.nanoTime();
    try (NcclGroup group = NcclGroup.connect(ranks.control(), gpu, LIMIT);
        CudaStream stream = CudaStream.create(gpu);
        DeviceMemory memory = DeviceMemory.allocate(gpu, rankBytes * ranks.size());
        PinnedMemory host = PinnedMemory.allocate(gpu, rankBytes * ranks.size())) {
      say("connectMillis", millisSince(start));
      long[] usedBytes = new long[ranks.size()];
      Arrays.fill(usedBytes, rankBytes);
      long own = memory.address() + ranks.rank() * rankBytes;
      Queue toAll = () -> group.allGather(memory.address(), rankBytes, stream, patience(group));
      Queue toOne =
          () ->
              group.gather(
                  ranks.rank() == 0 ? memory.address() : own,
                  rankBytes,
                  usedBytes,
                  stream,
                  patience(group));
      gather("allGatherFirst", toAll, memory, host, stream);
      gather("allGather", toAll, memory, host, stream);
      gather("sendReceiveFirst", toOne, memory, host, stream);
      gather("sendReceive", toOne, memory, host, stream);
      say("deviceCopyMillis", copyMillis(gpu, memory, stream));
      if (ranks.rank() == 0 && ranks.size() > 1 && Cuda.deviceCount() > 1) {
        Device other = Device.cuda(1);
        cudart.cudaDeviceEnablePeerAccess(other.index(), 0); // if not, copies go through the host
        cudart.cudaGetLastError();
        say("peerCopyMillis", copyMillis(other, memory, stream));
      }
      group.check();
      ranks.control().allGather(new byte[0]);
    }
  }

  private interface Queue {
    void run() throws Exception;
  }

  private void gather(
      String name, Queue queue, DeviceMemory memory, PinnedMemory host, CudaStream stream)
      throws Exception {
    long rankBytes = memory.lengthBytes() / ranks.size();
    fill(host, rankBytes);
    stream.copyToDevice(host.address(), memory.address(), memory.lengthBytes());
    stream.synchronize();
    ranks.control().allGather(new byte[0]);
    long start = System.nanoTime();
    queue.run();
    say(name + "CallMillis", millisSince(start));
    stream.synchronize();
    say(name + "Millis", millisSince(start));
    stream.copyToHost(memory.address(), host.address(), memory.lengthBytes());
    stream.synchronize();
    if (ranks.rank() == 0 || name.startsWith("allGather")) {
      check(name, host, rankBytes);
    }
  }

  private void fill(PinnedMemory host, long rankBytes) {
    for (int rank = 0; rank < ranks.size(); rank++) {
      ByteBuffer part = host.view(rank * rankBytes, Math.toIntExact(rankBytes));
      for (int at = 0; at + 4 <= rankBytes; at += 4) {
        part.putInt(at, rank == ranks.rank() ? at * 31 + rank : -1);
      }
    }
  }

  private void check(String name, PinnedMemory host, long rankBytes) {
    for (int rank = 0; rank < ranks.size(); rank++) {
      ByteBuffer part = host.view(rank * rankBytes, Math.toIntExact(rankBytes));
      for (int at = 0; at + 4 <= rankBytes; at += 4) {
        if (part.getInt(at) != at * 31 + rank) {
          throw new AssertionError("wrong bytes: %s, rank=%d, offset=%d".formatted(name, rank, at));
        }
      }
    }
  }

  /** Measures plain copies of as much as all ranks give, from a GPU's memory into this one's. */
  private static double copyMillis(Device from, DeviceMemory memory, CudaStream stream) {
    try (DeviceMemory source = DeviceMemory.allocate(from, memory.lengthBytes())) {
      stream.synchronize();
      long start = System.nanoTime();
      for (int copy = 0; copy < COPIES; copy++) {
        stream.copyOnDevice(source.address(), memory.address(), memory.lengthBytes());
      }
      stream.synchronize();
      return millisSince(start) / COPIES;
    }
  }

  /** The others must notice, and get rid of what they have queued. */
  private void peerIsKilledBeforeItsFirstGather(long rankBytes) throws Exception {
    NcclGroup group = NcclGroup.connect(ranks.control(), gpu, LIMIT);
    ranks.control().allGather(new byte[0]);
    if (ranks.rank() == ranks.size() - 1) {
      Runtime.getRuntime().halt(0);
    }
    try (CudaStream stream = CudaStream.create(gpu);
        DeviceMemory memory = DeviceMemory.allocate(gpu, rankBytes * ranks.size())) {
      long start = System.nanoTime();
      CommunicationException noticed =
          Check.fails(
              CommunicationException.class,
              "",
              () -> {
                Patience patience = patience(group);
                group.allGather(memory.address(), rankBytes, stream, patience);
                while (true) { // it cannot end
                  patience.check();
                  Thread.sleep(1);
                }
              });
      say("noticedMillis", millisSince(start));
      Check.equal(false, noticed.getMessage().contains("60 s"), noticed.getMessage());
      long aborting = System.nanoTime();
      group.abort();
      Check.equal(false, group.isBusy(), "a call or an abort that goes on");
      stream.synchronize();
      say("abortMillis", millisSince(aborting));
    }
  }

  private Patience patience(NcclGroup group) {
    long startNanos = System.nanoTime();
    return () -> {
      Optional<CommunicationException> failure = ranks.control().failure();
      if (failure.isPresent()) {
        throw failure.get();
      }
      group.check();
      if (System.nanoTime() - startNanos > LIMIT.toNanos()) {
        throw new CommunicationException(ranks.rank(), "nothing has happened for 60 s");
      }
    };
  }
}
