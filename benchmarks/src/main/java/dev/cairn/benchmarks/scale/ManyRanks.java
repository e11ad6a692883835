package dev.cairn.benchmarks.scale;

import dev.cairn.benchmarks.machine.ResidentMemory;
import dev.cairn.comm.Communicator;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Rank 0 of thousands, and a second process that is all the others: how long they take to join, how
 * long a round takes, and a save whose bytes are next to none.
 *
 * <p>Arguments: {@code join|round|save RANKS FOLDER}, where both processes meet; {@code RANK} is 0
 * or 1. Rank 0 says {@code ready}, and for each line on its standard input answers the seconds, its
 * peak memory, and how many bytes it sent to the others.
 */
public final class ManyRanks {
  public static final String JOIN = "join";
  public static final String ROUND = "round";
  public static final String SAVE = "save";
  static final String COUNT = "count";
  static final String END = "end";

  private static final int ROUNDS = 20;
  private static final int ROUND_BYTES = 40;

  private final String work;
  private final int world;
  private final Path folder;

  private ManyRanks(String work, int world, Path folder) {
    this.work = work;
    this.world = world;
    this.folder = folder;
  }

  /** Runs one of the two processes. */
  public static void main(String[] arguments) throws Exception {
    int world = Integer.parseInt(arguments[1]);
    Path folder = Path.of(arguments[2]);
    if (System.getenv("RANK").equals("0")) {
      new ManyRanks(arguments[0], world, folder).lead();
    } else {
      new OtherRanks(world, folder).follow();
    }
  }

  /** Joins as a rank; all others meet it in the folder. */
  static Communicator join(int rank, int world, Path meeting) throws IOException {
    return Communicator.fromEnvironment(
        Map.of(
            "RANK", Integer.toString(rank),
            "WORLD_SIZE", Integer.toString(world),
            "CAIRN_RENDEZVOUS", meeting.toString()));
  }

  /** Returns where rank 0 of a group says where it is, or, after the last group, nobody. */
  static Path meeting(Path folder, int group) {
    return folder.resolve("rank0-" + group);
  }

  private void lead() throws IOException {
    System.out.println("ready");
    BufferedReader orders =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    int groups = work.equals(JOIN) ? joins(orders) : measureInOneGroup(orders);
    Files.createFile(meeting(folder, groups));
  }

  private int joins(BufferedReader orders) throws IOException {
    int groups = 0;
    while (orders.readLine() != null) {
      ResidentMemory.resetPeak();
      long start = System.nanoTime();
      try (Communicator communicator = join(0, world, meeting(folder, groups++))) {
        answer((System.nanoTime() - start) / 1e9, -1);
        tell(communicator, END);
      }
    }
    return groups;
  }

  private int measureInOneGroup(BufferedReader orders) throws IOException {
    try (Communicator communicator = join(0, world, meeting(folder, 0));
        SmallSave save = new SmallSave(communicator, folder.resolve("run"))) {
      while (orders.readLine() != null) {
        long sentBefore = count(communicator);
        ResidentMemory.resetPeak();
        long start = System.nanoTime();
        tell(communicator, work);
        obey(work, communicator, save);
        double seconds = (System.nanoTime() - start) / 1e9;
        answer(work.equals(ROUND) ? seconds / ROUNDS : seconds, count(communicator) - sentBefore);
      }
      tell(communicator, END);
    }
    return 1;
  }

  private static void answer(double seconds, long sentBytes) throws IOException {
    System.out.printf("seconds %s memory %d sent %d%n", seconds, ResidentMemory.peak(), sentBytes);
  }

  private static void tell(Communicator communicator, String order) throws IOException {
    communicator.control().broadcast(order.getBytes(StandardCharsets.UTF_8));
  }

  /** Returns how many bytes rank 0 has sent: the other process counts them. */
  private static long count(Communicator communicator) throws IOException {
    tell(communicator, COUNT);
    return ByteBuffer.wrap(communicator.control().gather(new byte[0]).get(1)).getLong();
  }

  /** Does what rank 0 has told all ranks to do. Collective. */
  static void obey(String order, Communicator communicator, SmallSave save) throws IOException {
    if (order.equals(SAVE)) {
      save.save();
      return;
    }
    for (int round = 0; round < ROUNDS; round++) {
      communicator.control().allGather(new byte[ROUND_BYTES]);
    }
  }
}
