package dev.cairn;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.EmulatedNccl;
import dev.cairn.device.Check;
import dev.cairn.device.Device;
import dev.cairn.hf.ModelFiles;
import dev.cairn.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A process that is a rank of one group after the other, and gathers with NCCL in each. */
final class NcclSaveRank {
  private static final Optional<DType> BF16 = Optional.of(DType.BF16);
  private static final int BUCKET_BYTES = 4096;
  private static final int SYSTEM_ERROR = 2;
  private static final int NONE_STAYS_ON_HOST = 1_000_000;

  private final Path folder;
  private final int rank;
  private int saves;

  private NcclSaveRank(Path folder, int rank) {
    this.folder = folder;
    this.rank = rank;
  }

  /** The arguments are what to do, how large the largest group is, and a folder that all share. */
  public static void main(String[] arguments) throws Exception {
    EmulatedNccl.load();
    int largest = Integer.parseInt(arguments[1]);
    NcclSaveRank self =
        new NcclSaveRank(Path.of(arguments[2]), Integer.parseInt(System.getenv("RANK")));
    boolean saves = arguments[0].equals("saves");
    for (int size = saves ? 1 : largest; size <= largest; size++) {
      self.saves = 0; // all ranks of a group count alike
      if (self.rank < size) {
        try (Communicator ranks = self.join(size)) {
          if (saves) {
            self.savesAreRight(ranks);
          } else {
            self.everyFailureIsToldToAll(ranks);
          }
        }
      }
    }
    Check.nothingIsLeft("at the end");
    Check.equal(0, EmulatedNccl.liveCommunicators(), "communicators left");
    System.out.println("done");
  }

  private Communicator join(int size) throws Exception {
    Path meeting = Files.createDirectories(folder.resolve("meet-" + size));
    return Communicator.fromEnvironment(
        Map.of(
            "RANK",
            Integer.toString(rank),
            "WORLD_SIZE",
            Integer.toString(size),
            "CAIRN_RENDEZVOUS",
            meeting.toString(),
            "CAIRN_TIMEOUT_SECONDS",
            "30"));
  }

  private static SaveOptions options(GatherAlgorithm algorithm, Optional<DType> dtype) {
    return DeviceSaves.options(SaveMode.GATHER, dtype)
        .bucketBytes(BUCKET_BYTES)
        .gatherAlgorithm(algorithm)
        .build();
  }

  private void savesAreRight(Communicator ranks) throws Exception {
    for (GatherAlgorithm algorithm : GatherAlgorithm.values()) {
      for (Optional<DType> dtype : List.of(BF16, Optional.<DType>empty())) {
        Path target = folder.resolve("model-" + ranks.size() + "-" + saves++);
        ParameterSet host = DeviceSaves.model(ranks.size()).on(rank, ranks.size());
        try (Checkpointer checkpointer = Checkpointer.open(ranks, options(algorithm, dtype));
            OnDevice trainer = new OnDevice(Device.cuda(rank % 2), host, NONE_STAYS_ON_HOST)) {
          checkpointer.save(target, trainer.parameters(), ModelFiles.none());
          boolean used = EmulatedNccl.liveCommunicators() == 1;
          Check.equal(ranks.size() > 1, used, "NCCL used by a group of " + ranks.size());
        }
        Check.equal(
            Optional.empty(), DeviceSaves.wrongFile(target, ranks.size(), dtype), "wrong file");
      }
    }
  }

  private interface Failing {
    void nth(int nth);
  }

  /** Fails each call of NCCL's on the last rank in turn, then each collective. */
  private void everyFailureIsToldToAll(Communicator ranks) throws Exception {
    for (GatherAlgorithm algorithm : GatherAlgorithm.values()) {
      int calls = failures(ranks, algorithm, nth -> EmulatedNccl.failCall(nth, SYSTEM_ERROR));
      int work = failures(ranks, algorithm, nth -> EmulatedNccl.failCollective(nth, SYSTEM_ERROR));
      System.out.println(algorithm + ": failures=" + calls + "," + work);
      Check.equal(true, calls > 3 && work > 3, "enough places to fail at");
    }
  }

  private int failures(Communicator ranks, GatherAlgorithm algorithm, Failing failing)
      throws Exception {
    int last = ranks.size() - 1;
    ParameterSet host = DeviceSaves.model(ranks.size()).on(rank, ranks.size());
    int failures = 0;
    try (Checkpointer checkpointer = Checkpointer.open(ranks, options(algorithm, BF16));
        OnDevice trainer = new OnDevice(Device.cuda(0), host, NONE_STAYS_ON_HOST)) {
      for (int nth = 1; ; nth += 1 + nth / 4) {
        if (rank == last) {
          failing.nth(nth);
        }
        Path target = folder.resolve("failing-" + saves++);
        Optional<String> said = failure(checkpointer, target, trainer.parameters());
        byte[] pending = {(byte) (EmulatedNccl.failureIsPending() ? 1 : 0)};
        boolean reached = ranks.control().allGather(pending).get(last)[0] == 0;
        EmulatedNccl.failCall(0, 0);
        EmulatedNccl.failCollective(0, 0);
        Check.equal(reached, said.isPresent(), "failed at " + nth);
        if (!reached) {
          Check.equal(
              Optional.empty(), DeviceSaves.wrongFile(target, ranks.size(), BF16), "wrong file");
          return failures;
        }
        failures++;
        String text = said.orElse("");
        boolean named = text.contains("rank " + last + " of") && text.contains("NCCL call failed");
        Check.equal(true, named, "text of failure " + nth + ": " + text);
        ranks.control().allGather(new byte[0]);
        try (Stream<Path> left = Files.list(folder)) {
          String name = target.getFileName().toString();
          Check.equal(
              List.of(), left.filter(path -> path.toString().contains(name)).toList(), "left");
        }
      }
    }
  }

  private static Optional<String> failure(Checkpointer checkpointer, Path target, ParameterSet set)
      throws Exception {
    try {
      checkpointer.save(target, set, ModelFiles.none());
      return Optional.empty();
    } catch (CheckpointException e) {
      return Optional.of(e.getMessage());
    }
  }
}
