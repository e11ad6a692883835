package dev.cairn.torch;

import static dev.cairn.torch.LentRanks.KEPT;
import static dev.cairn.torch.LentRanks.SIZE;
import static dev.cairn.torch.LentRanks.goOnTraining;
import static dev.cairn.torch.LentRanks.onRanks;
import static dev.cairn.torch.LentRanks.onRanksLast;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.gloo.TensorGroup;
import dev.cairn.hf.ModelFiles;
import dev.cairn.hf.ModelFolder;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.BackendOptional;
import org.bytedeco.pytorch.ProcessGroup;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Saves that are gathered over the trainer's own process group. */
@Tag("gloo")
@Timeout(120)
class LentProcessGroupTest {
  private static final int ELEMENTS = 1000;
  private static final Timeouts TIMEOUTS =
      new Timeouts(Duration.ofSeconds(30), Duration.ofSeconds(30), Duration.ofSeconds(30));

  @TempDir private Path folder;

  private static ParameterSet model(int rank) {
    long held = Layout.zero3().paddedElements(Shape.of(ELEMENTS), rank, SIZE);
    ByteBuffer bytes = ByteBuffer.allocateDirect((int) held);
    for (int i = 0; i < held; i++) {
      bytes.put(i, (byte) (rank * held + i));
    }
    return ParameterSet.of(
        List.of(
            Parameter.of(
                "bytes", Shape.of(ELEMENTS), DType.U8, Layout.zero3(), Partition.of(bytes))));
  }

  private void assertSaved(String name) throws IOException {
    byte[] expected = new byte[ELEMENTS];
    IntStream.range(0, ELEMENTS).forEach(i -> expected[i] = (byte) i);
    ByteBuffer saved = ByteBuffer.allocate(ELEMENTS);
    try (ModelFolder model = ModelFolder.open(folder.resolve(name))) {
      model.read("bytes", 0, saved);
    }
    assertArrayEquals(expected, saved.array());
  }

  private static SaveOptions gather() {
    return SaveOptions.builder()
        .mode(SaveMode.GATHER)
        .durability(Durability.FAST)
        .stagingBufferBytes(4096)
        .build();
  }

  private void save(Communicator communicator, int rank) throws IOException {
    try (Checkpointer checkpointer = Checkpointer.open(communicator, gather())) {
      checkpointer.save(folder.resolve("model"), model(rank), ModelFiles.none());
    }
  }

  @Test
  void saveIsGatheredOverALentBackendWhichStaysOpen() throws Exception {
    onRanks(
        (group, rank) -> {
          try (Communicator communicator = TorchCommunicators.over(group, "127.0.0.1", TIMEOUTS)) {
            save(communicator, rank);
          }
        });
    assertSaved("model");
  }

  @Test
  void saveIsGatheredOverALentProcessGroup() throws Exception {
    onRanks(
        (gloo, rank) -> {
          ProcessGroup group = new ProcessGroup(rank, SIZE);
          BackendOptional backend = new BackendOptional(gloo);
          KEPT.addAll(List.of(group, gloo, backend));
          group.setBackend(torch.DeviceType.CPU, ProcessGroup.BackendType.GLOO, backend);
          try (Communicator communicator = TorchCommunicators.over(group, "127.0.0.1", TIMEOUTS)) {
            save(communicator, rank);
          }
        });
    assertSaved("model");
  }

  /** Lends the group and counts what is sent over it. */
  private static Communicator counting(ProcessGroupGloo group, int rank, AtomicInteger sent)
      throws IOException {
    TensorGroup counted =
        new TensorGroup(
            rank,
            SIZE,
            (tensors, peer, slot) -> {
              sent.incrementAndGet();
              return group.send(tensors, peer, slot);
            },
            group::recv);
    return Communicator.over(new GroupStore(counted, TIMEOUTS), counted, "127.0.0.1", TIMEOUTS);
  }

  @Test
  void saveInTheBackgroundLeavesTheLentGroupAlone() throws Exception {
    AtomicInteger sent = new AtomicInteger();
    onRanks(
        (group, rank) -> {
          RunOptions run = RunOptions.in(folder.resolve("run"));
          try (Communicator communicator = counting(group, rank, sent);
              Checkpointer checkpointer = Checkpointer.open(communicator, gather(), run)) {
            checkpointer.save(folder.resolve("model"), model(rank), ModelFiles.none());
            communicator.control().allGather(new byte[0]);
            int before = sent.get();
            assertEquals(4, before); // rank 0's address to two ranks, and their parts to it
            TrainerState state = TrainerState.builder().build();
            var pending = checkpointer.saveAsync(1, model(rank), ModelFiles.none(), state);
            goOnTraining(group, rank);
            pending.await();
            assertEquals(before, sent.get());
          }
        });
    assertSaved("model");
    assertSaved("run/step_1");
  }

  @Test
  void saveAfterAFailedOneLeavesTheLentGroupAlone() throws Exception {
    AtomicInteger sent = new AtomicInteger();
    onRanksLast(
        (group, rank) -> {
          try (Communicator communicator = counting(group, rank, sent);
              Checkpointer checkpointer = Checkpointer.open(communicator, gather())) {
            ParameterSet held = rank == 1 ? unreadable() : model(rank);
            CheckpointException failure =
                assertThrows(
                    CheckpointException.class,
                    () -> checkpointer.save(folder.resolve("bad"), held, ModelFiles.none()));
            assertEquals(1, failure.rank());
            communicator.control().allGather(new byte[0]);
            int before = sent.get();
            checkpointer.save(folder.resolve("model"), model(rank), ModelFiles.none());
            assertEquals(before, sent.get());
          }
        });
    assertSaved("model");
  }

  private static ParameterSet unreadable() {
    Partition broken =
        Partition.of(
            (byteOffset, target) -> {
              throw new IOException("cannot be read");
            },
            Layout.zero3().paddedElements(Shape.of(ELEMENTS), 1, SIZE));
    return ParameterSet.of(
        List.of(Parameter.of("bytes", Shape.of(ELEMENTS), DType.U8, Layout.zero3(), broken)));
  }
}
