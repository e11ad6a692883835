package dev.cairn.comm.nccl;

import dev.cairn.comm.Communicator;
import dev.cairn.device.Check;
import dev.cairn.gpu.DeviceSaves;
import dev.cairn.layout.Layout;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.GatherAlgorithm;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What processes that gather with NCCL under the emulation have in common. */
final class NcclRanks {
  static final Optional<DType> BF16 = Optional.of(DType.BF16);

  /** More than there are parameters: all are taken to the GPU. */
  static final int NONE_STAYS_ON_HOST = 1_000_000;

  private static final int BUCKET_BYTES = 4096;

  private NcclRanks() {}

  /** {@return this process's rank} */
  static int rank() {
    return Integer.parseInt(System.getenv("RANK"));
  }

  /** Joins the first so many processes, which meet in a folder that nobody has met in before. */
  static Communicator join(Path meeting, int size, Map<String, String> settings) throws Exception {
    Map<String, String> variables = new HashMap<>(System.getenv());
    variables.put("WORLD_SIZE", Integer.toString(size));
    variables.put("CAIRN_RENDEZVOUS", Files.createDirectories(meeting).toString());
    variables.put("CAIRN_TIMEOUT_SECONDS", "100");
    variables.putAll(settings);
    return Communicator.fromEnvironment(variables);
  }

  /** Options under which a save takes many buckets. */
  static SaveOptions options(GatherAlgorithm algorithm, Optional<DType> dtype) {
    return DeviceSaves.options(SaveMode.GATHER, dtype)
        .bucketBytes(BUCKET_BYTES)
        .gatherAlgorithm(algorithm)
        .build();
  }

  /**
   * A model of every dtype, in sizes below the number of ranks, odd, and above that of a bucket.
   */
  static ReferenceModel everyDType(int worldSize) {
    ReferenceModel model = DeviceSaves.model(worldSize);
    for (DType dtype : DType.values()) {
      boolean isWhole = dtype.bits() % 8 == 0;
      for (int elements : isWhole ? new int[] {1, 3, 17} : new int[] {96}) {
        model.add(dtype + "." + elements, dtype, Layout.zero3(), elements);
      }
    }
    for (DType dtype : List.of(DType.F64, DType.F32, DType.BF16, DType.I16, DType.U8)) {
      model.add(dtype + ".large", dtype, Layout.zero3(), BUCKET_BYTES * 8 / dtype.bits() + 1);
    }
    return model.add("F4.large", DType.F4, Layout.zero3(), 2 * BUCKET_BYTES + 16);
  }

  /** A model of a few buckets. */
  static ReferenceModel small() {
    return new ReferenceModel(3)
        .add("a", DType.F32, Layout.zero3(), 3001)
        .add("b", DType.BF16, Layout.zero3(), 7)
        .add("c", DType.F32, Layout.zero3(), 1999);
  }

  /** Throws unless the files are those of the whole model. */
  static void checkFiles(Path folder, ReferenceModel model, Optional<DType> dtype)
      throws IOException {
    model
        .expectedFiles(dtype, DeviceSaves.MAX_SHARD_BYTES)
        .forEach(
            (name, bytes) -> {
              try {
                boolean isRight = Arrays.equals(bytes, Files.readAllBytes(folder.resolve(name)));
                Check.equal(true, isRight, "bytes of " + folder + "/" + name);
              } catch (IOException e) {
                throw new AssertionError(folder + "/" + name, e);
              }
            });
  }

  /** Throws if anything whose name has a target's in it is in its folder. */
  static void checkNothingOf(Path target) throws IOException {
    String name = target.getFileName().toString();
    try (Stream<Path> left = Files.list(target.getParent())) {
      Check.equal(List.of(), left.filter(path -> path.toString().contains(name)).toList(), "left");
    }
  }

  /** Throws unless all ranks say the same, and it has this in it. */
  static void checkSame(Communicator ranks, String said, String part) throws Exception {
    for (byte[] told : ranks.control().allGather(said.getBytes(StandardCharsets.UTF_8))) {
      Check.equal(said, new String(told, StandardCharsets.UTF_8), "said by another rank");
    }
    Check.equal(true, said.contains(part), "the text of: " + said);
  }

  /** Returns the process that a rank is. Collective. */
  static long pidOf(Communicator ranks, int rank) throws IOException {
    byte[] own = Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII);
    return Long.parseLong(
        new String(ranks.control().allGather(own).get(rank), StandardCharsets.US_ASCII));
  }

  /** Something that saves. */
  interface Save {
    /** Does it. */
    void run() throws Exception;
  }

  /** Returns what a save fails with; throws if it takes long, or does not fail. */
  static String failure(Save save) throws Exception {
    long start = System.nanoTime();
    try {
      save.run();
    } catch (CheckpointException e) {
      Check.equal(true, System.nanoTime() - start < 30_000_000_000L, "failed in time");
      return e.getMessage();
    }
    throw new AssertionError("a save did not fail");
  }
}
