package dev.cairn.comm;

import dev.cairn.device.Check;
import dev.cairn.device.CudaEvent;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** A process that is a rank of a group of two, in which things go wrong. */
final class NcclGroupRank {
  private static final Device GPU = Device.cuda(0);
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final int BYTES = 200_000;

  private NcclGroupRank() {}

  /** The arguments are what goes wrong, and where the ranks meet. */
  public static void main(String[] arguments) throws Exception {
    EmulatedNccl.load();
    Map<String, String> variables =
        Map.of(
            "RANK",
            System.getenv("RANK"),
            "WORLD_SIZE",
            "2",
            "CAIRN_RENDEZVOUS",
            Path.of(arguments[1]).toString(),
            "CAIRN_TIMEOUT_SECONDS",
            "30");
    try (Communicator ranks = Communicator.fromEnvironment(variables)) {
      switch (arguments[0]) {
        case "differ" -> collectivesDiffer(ranks);
        case "killed" -> peerIsKilled(ranks);
        case "late" -> rankCannotJoin(ranks);
        default -> throw new IllegalArgumentException(arguments[0]);
      }
    }
    Check.nothingIsLeft("at the end");
    Check.equal(0, EmulatedNccl.liveCommunicators(), "communicators left");
    System.out.println("done");
  }

  /** One rank gathers less than the other, as if it had taken its collectives in another order. */
  private static void collectivesDiffer(Communicator ranks) throws Exception {
    try (NcclGroup group = NcclGroup.connect(ranks, GPU, LONG);
        CudaStream stream = CudaStream.create(GPU);
        DeviceMemory memory = DeviceMemory.allocate(GPU, 2 * BYTES)) {
      group.allGather(memory.address(), BYTES - ranks.rank(), stream);
      String message = awaitError(group, stream);
      Check.equal(true, message.contains("collective 1 differs"), message);
      ranks.control().allGather(new byte[0]);
      group.abort();
      stream.synchronize();
    }
    usable(ranks);
  }

  private static void peerIsKilled(Communicator ranks) throws Exception {
    NcclGroup group = NcclGroup.connect(ranks, GPU, LONG);
    if (ranks.rank() == 1) {
      Runtime.getRuntime().halt(9);
    }
    try (CudaStream stream = CudaStream.create(GPU);
        DeviceMemory memory = DeviceMemory.allocate(GPU, 2 * BYTES)) {
      group.allGather(memory.address(), BYTES, stream);
      String message = awaitError(group, stream);
      Check.equal(true, message.contains("remote process of rank 1 exited"), message);
      group.abort();
      stream.synchronize();
    }
  }

  /** The call of rank 1 fails at once, so rank 0 would wait for it for ever. */
  private static void rankCannotJoin(Communicator ranks) throws Exception {
    if (ranks.rank() == 1) {
      EmulatedNccl.failCall(1, 2);
    }
    Check.fails(
        CommunicationException.class,
        "NCCL call failed: call=ncclCommInitRank, code=2 (unhandled system error: injected into"
            + " ncclCommInitRank), rank=1 of 2",
        () -> NcclGroup.connect(ranks, GPU, LONG));
    ranks.control().begin();
    usable(ranks);
  }

  private static void usable(Communicator ranks) throws Exception {
    try (NcclGroup group = NcclGroup.connect(ranks, GPU, LONG);
        CudaStream stream = CudaStream.create(GPU);
        DeviceMemory memory = DeviceMemory.allocate(GPU, 2 * BYTES)) {
      group.allGather(memory.address(), BYTES, stream);
      stream.synchronize();
      group.check();
    }
  }

  private static String awaitError(NcclGroup group, CudaStream stream) throws Exception {
    try (CudaEvent event = CudaEvent.create(GPU)) {
      event.record(stream);
      for (int tries = 0; tries < 10_000; tries++) {
        Check.equal(false, event.isDone(), "done");
        group.check();
        Thread.sleep(1);
      }
      return "no error";
    } catch (CommunicationException e) {
      return e.getMessage();
    }
  }
}
