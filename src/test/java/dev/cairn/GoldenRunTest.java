package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.FolderCheck;
import dev.cairn.hf.ModelFiles;
import dev.cairn.kernels.Kernels;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.Group;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A run that the first version wrote verifies, restores and goes on, on any number of ranks.
 *
 * <p>This holds for ever. Whoever changes the format keeps reading this one: the files under {@code
 * golden/run} are never written again, and what is asserted here is never weakened, as somebody's
 * training of months may lie in such a folder.
 */
@Timeout(60)
class GoldenRunTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/run");

  @TempDir Path temporary;
  private Path run;

  @BeforeEach
  void copy() throws IOException {
    run = temporary.resolve("run");
    copyTree(GOLDEN, run);
  }

  private static void copyTree(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(to.resolve(from.relativize(folder)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(file, to.resolve(from.relativize(file)));
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private interface Work {
    void on(Checkpointer checkpointer, GoldenRun golden) throws IOException;
  }

  private void onRanks(int worldSize, Work work) throws Exception {
    Group.values(
        worldSize,
        communicator -> {
          try (Checkpointer checkpointer = open(communicator)) {
            work.on(checkpointer, new GoldenRun(communicator.rank(), worldSize));
          }
          return null;
        });
  }

  private Checkpointer open(Communicator communicator) {
    SaveOptions options = SaveOptions.builder().maxShardBytes(100).build();
    return Checkpointer.open(communicator, options, RunOptions.in(run));
  }

  private void assertVerifies(long step) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    Path folder = run.resolve("step_" + step);
    assertEquals(List.of(), FolderCheck.check(folder, Kernels.best()::crc32c, buffer, bytes -> {}));
  }

  /** Asserts that the newest checkpoint is of this step, and restores what it must. */
  private static void assertLatest(
      Checkpointer checkpointer, GoldenRun golden, long step, int writers) throws IOException {
    Checkpoint latest = checkpointer.latest().orElseThrow();
    assertEquals(step, latest.step());
    GoldenRun.Tensors model = golden.model(step);
    GoldenRun.Tensors masters = golden.masters(step);
    latest.restore(model.empty(), TrainerState.builder().tensors(masters.empty()).build());
    model.assertRestored(DType.BF16);
    masters.assertRestored(DType.F32);
    assertEquals(Optional.of(step), latest.longValue("step"));
    assertEquals(Optional.of(1.5 / step), latest.doubleValue("loss"));
    assertEquals(Optional.of("step " + step), latest.textValue("note"));
    assertEquals(
        IntStream.range(0, writers)
            .mapToObj(rank -> "rank %d at %d".formatted(rank, step))
            .toList(),
        latest.rankBytes("rng").stream()
            .map(bytes -> new String(bytes, StandardCharsets.US_ASCII))
            .toList());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void runIsVerifiedRestoredAndContinued(int worldSize) throws Exception {
    assertVerifies(10);
    assertVerifies(20);
    onRanks(
        worldSize,
        (checkpointer, golden) -> {
          assertLatest(checkpointer, golden, 20, GoldenRun.WRITERS);
          checkpointer.save(30, golden.model(30).filled(), ModelFiles.none(), golden.state(30));
          assertLatest(checkpointer, golden, 30, worldSize);
        });
    assertVerifies(10);
    assertVerifies(20);
    assertVerifies(30);
    onRanks(worldSize, (checkpointer, golden) -> assertLatest(checkpointer, golden, 30, worldSize));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5})
  void checkpointThatWasSavedInTheCallIsRestored(int worldSize) throws Exception {
    Files.move(run.resolve("step_20"), temporary.resolve("elsewhere"));
    onRanks(
        worldSize,
        (checkpointer, golden) -> assertLatest(checkpointer, golden, 10, GoldenRun.WRITERS));
  }
}
