package dev.cairn;

import dev.cairn.comm.Communicator;
import dev.cairn.device.Check;
import dev.cairn.device.Emulation;
import dev.cairn.tensor.DType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A process that is a rank of groups of 1, 2, … ranks, one after the other, and saves with each.
 */
final class DeviceSaveRank {
  private DeviceSaveRank() {}

  /** The arguments are how large the largest group is, and a folder that all share. */
  public static void main(String[] arguments) throws Exception {
    Emulation.load();
    int rank = Integer.parseInt(System.getenv("RANK"));
    int largest = Integer.parseInt(arguments[0]);
    Path folder = Path.of(arguments[1]);
    for (int worldSize = rank + 1; worldSize <= largest; worldSize++) {
      Path meeting = Files.createDirectories(folder.resolve("meet-" + worldSize));
      Map<String, String> variables =
          Map.of(
              "RANK",
              Integer.toString(rank),
              "WORLD_SIZE",
              Integer.toString(worldSize),
              "CAIRN_RENDEZVOUS",
              meeting.toString(),
              "CAIRN_TIMEOUT_SECONDS",
              "30");
      try (Communicator ranks = Communicator.fromEnvironment(variables)) {
        save(ranks, SaveMode.PARALLEL, folder);
      }
      Check.nothingIsLeft("after a group of " + worldSize);
    }
    System.out.println("done");
  }

  private static void save(Communicator ranks, SaveMode mode, Path folder) throws Exception {
    Optional<DType> dtype = Optional.of(DType.BF16);
    Path target = folder.resolve(mode + "-" + ranks.size());
    DeviceSaves.save(ranks, DeviceSaves.options(mode, dtype).build(), target);
    Check.equal(Optional.empty(), DeviceSaves.wrongFile(target, ranks.size(), dtype), "wrong file");
  }
}
