package dev.cairn.faults;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpointer;
import dev.cairn.Checkpointers;
import dev.cairn.RunOptions;
import dev.cairn.hf.FolderCheck;
import dev.cairn.hf.ModelFiles;
import dev.cairn.kernels.Kernels;
import dev.cairn.layout.Layout;
import dev.cairn.machine.Machine;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import dev.cairn.support.WatchedDisk;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Saves in a JVM into which {@code faults/calls.cpp} is loaded: the nth call of each kind fails,
 * for one n after the other until there are not so many. Two ranks, as threads.
 *
 * <p>Arguments: the file through which faults are ordered, a run's directory, the mode, and whether
 * the saves replace a checkpoint.
 */
final class FailingCalls {
  private static final int WORLD_SIZE = 2;

  /** The kinds of calls as the library numbers them. */
  private static final List<String> CALLS = List.of("", "write", "force", "reserve", "rename");

  private record Errno(int number, String text) {}

  private static final List<Errno> ERRORS =
      List.of(
          new Errno(5, "Input/output error"),
          new Errno(28, "No space left on device"),
          new Errno(122, "Disk quota exceeded"));

  private final MappedByteBuffer fault;
  private final Path run;
  private final SaveMode mode;
  private final boolean replaces;
  private final Set<Integer> ranksThatSawIt = ConcurrentHashMap.newKeySet();
  private final Set<Integer> ranksHit = new HashSet<>();
  private long step = 1;

  private FailingCalls(MappedByteBuffer fault, Path run, SaveMode mode, boolean replaces) {
    this.fault = fault;
    this.run = run;
    this.mode = mode;
    this.replaces = replaces;
  }

  public static void main(String[] arguments) throws Exception {
    MappedByteBuffer fault;
    try (FileChannel control = FileChannel.open(Path.of(arguments[0]), READ, WRITE)) {
      fault = control.map(FileChannel.MapMode.READ_WRITE, 0, 1024);
    }
    fault.order(ByteOrder.nativeOrder());
    FailingCalls calls =
        new FailingCalls(
            fault,
            Path.of(arguments[1]),
            SaveMode.valueOf(arguments[2]),
            Boolean.parseBoolean(arguments[3]));
    calls.order(0, 0, 0);
    calls.save().forEach(result -> assertNull(result.failure()));
    for (int call = 1; call < CALLS.size(); call++) {
      int tried = 0;
      for (int nth = 0; calls.failsAt(call, nth); nth++) {
        tried++;
      }
      assertTrue(tried > 0, "no such call: " + CALLS.get(call));
    }
    assertEquals(calls.mode == SaveMode.PARALLEL ? Set.of(0, 1) : Set.of(0), calls.ranksHit);
  }

  private void order(int call, int nth, int error) {
    for (int i = 0; i < fault.capacity(); i++) {
      fault.put(i, (byte) 0);
    }
    fault.putInt(4, nth).putInt(8, error).putInt(0, call);
  }

  private boolean failsAt(int call, int nth) throws Exception {
    Errno error = ERRORS.get((call + nth) % ERRORS.size());
    List<String> before = everythingInRun();
    step += replaces ? 0 : 1;
    order(call, nth, error.number());
    List<Group.Result<SaveReport>> results = save();
    boolean failed = fault.getInt(12) == 1;
    if (!failed) {
      results.forEach(result -> assertNull(result.failure()));
      return false;
    }
    Path path = failedPath();
    String what = CALLS.get(call) + " " + nth + " of " + path;
    ranksHit.addAll(ranksThatSawIt);
    for (Group.Result<SaveReport> result : results) {
      check(result, call, path, error, what);
    }
    assertEquals(before, everythingInRun(), what);
    order(0, 0, 0);
    save().forEach(result -> assertNull(result.failure(), what));
    assertWhole(what);
    return true;
  }

  private void check(
      Group.Result<SaveReport> result, int call, Path path, Errno error, String what) {
    CheckpointException e = assertInstanceOf(CheckpointException.class, result.failure(), what);
    assertEquals(ranksThatSawIt, Set.of(e.rank()), what);
    assertTrue(e.reason().contains(error.text()), e.getMessage());
    assertTrue(e.reason().contains(path.toString()), what + ": " + e.getMessage());
    boolean isShard = path.toString().endsWith(".safetensors");
    Path inRun = run.relativize(path);
    Optional<String> shard =
        isShard ? Optional.of(inRun.subpath(1, inRun.getNameCount()).toString()) : Optional.empty();
    assertEquals(shard, e.shard(), what);
    long fileOffset = fault.getLong(16);
    if (CALLS.get(call).equals("write")) {
      assertTrue(e.reason().contains("fileOffset=" + fileOffset), e.getMessage());
      assertEquals(isShard ? OptionalLong.of(fileOffset) : OptionalLong.empty(), e.fileOffset());
    }
  }

  private Path failedPath() {
    int lengthBytes = 0;
    while (fault.get(24 + lengthBytes) != 0) {
      lengthBytes++;
    }
    byte[] path = new byte[lengthBytes];
    fault.get(24, path);
    return Path.of(new String(path, StandardCharsets.UTF_8));
  }

  private void assertWhole(String what) throws IOException {
    Path newest = run.resolve("step_" + step);
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    assertEquals(
        List.of(), FolderCheck.check(newest, Kernels.best()::crc32c, buffer, bytes -> {}), what);
  }

  private List<String> everythingInRun() throws IOException {
    try (Stream<Path> paths = Files.walk(run)) {
      return paths.map(path -> run.relativize(path).toString()).sorted().toList();
    }
  }

  private List<Group.Result<SaveReport>> save() throws InterruptedException {
    SaveOptions options =
        SaveOptions.builder().mode(mode).maxShardBytes(2000).stagingBufferBytes(4096).build();
    ReferenceModel model = ReferenceModel.various(WORLD_SIZE);
    ReferenceModel moments = new ReferenceModel(3).add("exp_avg", DType.F32, Layout.zero3(), 37);
    ranksThatSawIt.clear();
    return Group.run(
        WORLD_SIZE,
        communicator -> {
          int rank = communicator.rank();
          TrainerState.Builder state = TrainerState.builder().value("step", step);
          moments.on(rank, WORLD_SIZE).parameters().forEach(state::tensor);
          try (Checkpointer checkpointer =
              Checkpointers.open(
                  communicator,
                  options,
                  Optional.of(RunOptions.in(run)),
                  WatchedDisk.local(watcher(rank)),
                  Machine.local())) {
            return checkpointer.save(
                step, model.on(rank, WORLD_SIZE), ModelFiles.none(), state.build());
          }
        });
  }

  private WatchedDisk.Watcher watcher(int rank) {
    return new WatchedDisk.Watcher() {
      @Override
      public void failed(IOException failure) {
        ranksThatSawIt.add(rank);
      }
    };
  }
}
