package dev.cairn.comm.nccl;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.device.Check;
import dev.cairn.device.CudaEvent;
import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.device.DeviceMemory;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** A process that is a rank of a group of two, in which things go wrong. */
final class NcclGroupRank {
  private static final Device GPU = Device.cuda(0);
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final int BYTES = 200_000;
  private static final int SYSTEM_ERROR = 2;

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
        case "failed" -> groupThatHasFailedIsAborted(ranks);
        case "late" -> {
          rankDoesNotJoin(ranks);
          rankCannotJoin(ranks);
        }
        default -> throw new IllegalArgumentException(arguments[0]);
      }
    }
    Check.nothingIsLeft("at the end");
    Check.equal(0, EmulatedNccl.liveCommunicators(), "communicators left");
    System.out.println("done");
  }

  /** What a rank queues, of two groups. */
  private interface Queueing {
    void queue(NcclGroup one, NcclGroup other, long address, CudaStream stream) throws IOException;
  }

  /** Everything that ranks may not do differently: the emulation says so, where NCCL hangs. */
  private static void collectivesDiffer(Communicator ranks) throws Exception {
    Queueing longer =
        (one, other, address, stream) ->
            one.allGather(address, BYTES, stream, patience(ranks, one));
    Queueing shorter =
        (one, other, address, stream) ->
            one.allGather(address, BYTES - 1, stream, patience(ranks, one));
    differ(ranks, longer, shorter, "collective 1 differs: rank ");
    differ(
        ranks,
        (one, other, address, stream) -> {
          longer.queue(one, other, address, stream);
          shorter.queue(one, other, address, stream);
        },
        (one, other, address, stream) -> {
          shorter.queue(one, other, address, stream);
          longer.queue(one, other, address, stream);
        },
        "collective 1 differs: rank ");
    Queueing overOther =
        (one, other, address, stream) ->
            other.allGather(address, BYTES, stream, patience(ranks, other));
    differ(
        ranks,
        (one, other, address, stream) -> {
          longer.queue(one, other, address, stream);
          overOther.queue(one, other, address, stream);
        },
        (one, other, address, stream) -> {
          overOther.queue(one, other, address, stream);
          longer.queue(one, other, address, stream);
        },
        "after 1 over communicator ");
    differ(
        ranks,
        longer,
        (one, other, address, stream) ->
            one.gather(address, BYTES, new long[] {BYTES, BYTES}, stream, patience(ranks, one)),
        "order differs: rank 1 sends to rank 0, which is in an all-gather");
    ranks.control().begin("work");
    usable(ranks);
  }

  private static void differ(
      Communicator ranks, Queueing onRankZero, Queueing onRankOne, String expected)
      throws Exception {
    ranks.control().begin("work");
    try (NcclGroup one = NcclGroup.connect(ranks.control(), GPU, LONG);
        NcclGroup other = NcclGroup.connect(ranks.control(), GPU, LONG);
        CudaStream stream = CudaStream.create(GPU);
        DeviceMemory memory = DeviceMemory.allocate(GPU, 2 * BYTES)) {
      Queueing mine = ranks.rank() == 0 ? onRankZero : onRankOne;
      String message =
          errorOfAny(
              ranks, () -> mine.queue(one, other, memory.address(), stream), stream, one, other);
      Check.equal(true, message.contains(expected), message);
      ranks.control().allGather(new byte[0]);
      one.abort();
      other.abort();
      stream.synchronize();
    }
  }

  private interface Queued {
    void queue() throws IOException;
  }

  /** Returns what the communicator of any rank says, be it before the call has returned. */
  private static String errorOfAny(
      Communicator ranks, Queued queued, CudaStream stream, NcclGroup... groups) throws Exception {
    try {
      queued.queue();
      return awaitErrorOfAny(ranks, stream, groups);
    } catch (CommunicationException e) {
      ranks.control().cancel(e.getMessage());
      return e.getMessage();
    }
  }

  private static String awaitErrorOfAny(Communicator ranks, CudaStream stream, NcclGroup... groups)
      throws Exception {
    try (CudaEvent event = CudaEvent.create(GPU)) {
      event.record(stream);
      for (int tries = 0; tries < 10_000; tries++) {
        Optional<CommunicationException> told = ranks.control().failure();
        if (told.isPresent()) {
          return told.get().getMessage();
        }
        Check.equal(false, event.isDone(), "done");
        try {
          for (NcclGroup group : groups) {
            group.check();
          }
        } catch (CommunicationException e) {
          ranks.control().cancel(e.getMessage());
        }
        Thread.sleep(1);
      }
      return "no error";
    }
  }

  /** A call is waited for until any rank has failed. */
  private static Patience patience(Communicator ranks, NcclGroup group) {
    return () -> {
      Optional<CommunicationException> told = ranks.control().failure();
      if (told.isPresent()) {
        throw told.get();
      }
      group.check();
    };
  }

  /** Its end would wait for what has failed, and for the other rank's. */
  private static void groupThatHasFailedIsAborted(Communicator ranks) throws Exception {
    Check.endsWithin(LONG);
    NcclGroup group = NcclGroup.connect(ranks.control(), GPU, LONG);
    try (CudaStream stream = CudaStream.create(GPU);
        DeviceMemory memory = DeviceMemory.allocate(GPU, 2 * BYTES)) {
      EmulatedNccl.failCollective(ranks.rank() == 0 ? 1 : 0, SYSTEM_ERROR);
      String message =
          errorOfAny(
              ranks,
              () -> group.allGather(memory.address(), BYTES, stream, patience(ranks, group)),
              stream,
              group);
      Check.equal(true, message.contains("injected into a collective"), message);
      if (ranks.rank() == 0) {
        group.close();
      } else {
        group.abort(); // as a rank does that has heard of it
      }
      Check.equal(false, group.isBusy(), "still leaving");
      stream.synchronize();
    }
  }

  private static void peerIsKilled(Communicator ranks) throws Exception {
    NcclGroup group = NcclGroup.connect(ranks.control(), GPU, LONG);
    if (ranks.rank() == 1) {
      Runtime.getRuntime().halt(9);
    }
    try (CudaStream stream = CudaStream.create(GPU);
        DeviceMemory memory = DeviceMemory.allocate(GPU, 2 * BYTES)) {
      CommunicationException failure =
          Check.fails(
              CommunicationException.class,
              "call=ncclAllGather, code=6 (remote process exited or there was a network error",
              () -> group.allGather(memory.address(), BYTES, stream, () -> {}));
      Check.equal(CommunicationException.UNKNOWN_RANK, failure.rank(), "not to blame: this rank");
      group.abort();
      stream.synchronize();
    }
  }

  /** The call of rank 1 fails at once, so rank 0 would wait for it for ever. */
  private static void rankCannotJoin(Communicator ranks) throws Exception {
    ranks.control().begin("work");
    if (ranks.rank() == 1) {
      EmulatedNccl.failCall(1, 2);
    }
    Check.fails(
        CommunicationException.class,
        "NCCL call failed: call=ncclCommInitRank, code=2 (unhandled system error: injected into"
            + " ncclCommInitRank), rank=1 of 2",
        () -> NcclGroup.connect(ranks.control(), GPU, LONG));
    ranks.control().begin("work");
    usable(ranks);
  }

  /** A rank that is in the call and gets nowhere: whoever waits for it gives up in time. */
  private static void rankDoesNotJoin(Communicator ranks) throws Exception {
    EmulatedNccl.holdJoining(ranks.rank() == 1);
    long start = System.nanoTime();
    CommunicationException failure =
        Check.fails(
            CommunicationException.class,
            "NCCL's ranks did not join in time: timeoutSeconds=1, rank=",
            () -> NcclGroup.connect(ranks.control(), GPU, Duration.ofSeconds(1)));
    Check.equal(true, System.nanoTime() - start < 10_000_000_000L, "in time");
    Check.equal(0, failure.rank(), "the first to say so");
    ranks.control().allGather(new byte[0]);
    EmulatedNccl.holdJoining(false); // now they do join, and are aborted as nobody waits any more
    for (int tries = 0; !threadsAreGone("cairn-nccl-init") && tries < 10_000; tries++) {
      Thread.sleep(1);
    }
    Check.equal(true, threadsAreGone("cairn-nccl-init"), "joining has ended");
    Check.equal(0, EmulatedNccl.liveCommunicators(), "communicators left");
  }

  private static boolean threadsAreGone(String name) {
    return Thread.getAllStackTraces().keySet().stream()
        .noneMatch(thread -> thread.getName().equals(name));
  }

  private static void usable(Communicator ranks) throws Exception {
    try (NcclGroup group = NcclGroup.connect(ranks.control(), GPU, LONG);
        CudaStream stream = CudaStream.create(GPU);
        DeviceMemory memory = DeviceMemory.allocate(GPU, 2 * BYTES)) {
      group.allGather(memory.address(), BYTES, stream, patience(ranks, group));
      stream.synchronize();
      group.check();
    }
  }
}
