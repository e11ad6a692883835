package dev.cairn;

import static dev.cairn.SmallSaves.names;
import static dev.cairn.SmallSaves.save;
import static dev.cairn.SmallSaves.small;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.device.Device;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.model.PartitionReader;
import dev.cairn.model.TrainerState;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveReport;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What ranks are told of a save that cannot be, and what is left of it: nothing. */
class RefusedSaveTest {
  @TempDir Path temporary;

  @Test
  void existingTargetIsRefusedOnEveryRankAndLeftAlone() throws Exception {
    Path target = Files.createDirectory(temporary.resolve("model"));
    Files.writeString(target.resolve("mine"), "mine");
    for (Group.Result<SaveReport> result :
        save(3, small().build(), ReferenceModel.various(3), target)) {
      CheckpointException e = assertInstanceOf(CheckpointException.class, result.failure());
      assertEquals(0, e.rank());
      assertEquals(
          "save failed on rank 0 of 3: the target exists: " + target + "; nothing committed",
          e.getMessage());
    }
    assertEquals(List.of("mine"), names(target));
    assertEquals(List.of("model"), names(temporary));
  }

  @Test
  void wrongPartitionIsTheCallersMistakeThereAndNamedElsewhere() throws Exception {
    Path target = temporary.resolve("model");
    List<Group.Result<SaveReport>> results =
        Group.run(
            3,
            communicator -> {
              long bytes = communicator.rank() == 1 ? 0 : 16;
              ByteBuffer partition = ByteBuffer.allocateDirect((int) bytes);
              Parameter parameter =
                  Parameter.of(
                      "w", Shape.of(12), DType.F32, Layout.zero3(), Partition.of(partition));
              try (Checkpointer checkpointer = Checkpointer.open(communicator, small().build())) {
                return checkpointer.save(
                    target, ParameterSet.of(List.of(parameter)), ModelFiles.none());
              }
            });
    String reason =
        "partition length mismatch: tensor=w, lengthBytes=0, expected 16 (shape=[12], dtype=F32,"
            + " layout=zero3, rank=1 of 3); a ZeRO-3 placeholder of no elements? hand over the"
            + " rank's partition (ds_tensor) instead";
    assertEquals(reason, results.get(1).failure().getMessage());
    assertInstanceOf(IllegalArgumentException.class, results.get(1).failure());
    CheckpointException e = assertInstanceOf(CheckpointException.class, results.get(2).failure());
    assertEquals("save failed on rank 1 of 3: " + reason + "; nothing committed", e.getMessage());
    assertEquals(List.of(), names(temporary));
  }

  @Test
  void partitionInDeviceMemoryIsRefusedWhereNoGpuIs() throws Exception {
    Parameter parameter =
        Parameter.of(
            "w", Shape.of(4), DType.F32, Layout.zero3(), Partition.of(4096, 16, Device.cuda(0)));
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, small().build())) {
      Exception e =
          assertThrows(
              IllegalArgumentException.class,
              () ->
                  checkpointer.save(
                      temporary.resolve("model"),
                      ParameterSet.of(List.of(parameter)),
                      ModelFiles.none()));
      assertTrue(
          e.getMessage()
              .startsWith(
                  "partition cannot be used: tensor=w, device=cuda:0; GPUs cannot be used here: "),
          e.getMessage());
    }
  }

  @Test
  void ranksThatDisagreeAreToldTheFirstDifference() throws Exception {
    List<Group.Result<SaveReport>> results =
        Group.run(
            3,
            communicator -> {
              ReferenceModel model = new ReferenceModel(1).add("a", DType.F32, Layout.zero3(), 6);
              String second = communicator.rank() == 2 ? "c" : "b";
              model.add(second, DType.F32, Layout.zero3(), 6).add("d", DType.F32, Layout.rows(), 3);
              try (Checkpointer checkpointer = Checkpointer.open(communicator, small().build())) {
                return checkpointer.save(
                    temporary.resolve("model"),
                    model.on(communicator.rank(), 3),
                    ModelFiles.none());
              }
            });
    for (Group.Result<SaveReport> result : results) {
      assertEquals(
          "save failed on rank 2 of 3: ranks disagree about what to save: parameter 1: "
              + "\"b [6] F32->BF16 zero3\" on ranks 0, 1; \"c [6] F32->BF16 zero3\" on rank 2;"
              + " nothing committed",
          result.failure().getMessage());
    }
    assertEquals(List.of(), names(temporary));
  }

  @Test
  void ranksThatDisagreeAboutOptionsAreTold() throws Exception {
    List<Group.Result<SaveReport>> results =
        Group.run(
            2,
            communicator -> {
              DType dtype = communicator.rank() == 0 ? DType.BF16 : DType.F16;
              ReferenceModel model = new ReferenceModel(1).add("a", DType.U8, Layout.zero3(), 6);
              try (Checkpointer checkpointer =
                  Checkpointer.open(communicator, small().dtype(dtype).build())) {
                return checkpointer.save(
                    temporary.resolve("model"),
                    model.on(communicator.rank(), 2),
                    ModelFiles.none());
              }
            });
    String message = results.get(0).failure().getMessage();
    assertTrue(message.contains("dtype=Optional[F16]") && message.contains("on rank 1"), message);
  }

  @Test
  void sameCheckpointerSavesAgainAfterAFailure() throws Exception {
    Path first = temporary.resolve("first");
    Path second = temporary.resolve("second");
    Files.createFile(first);
    ReferenceModel model = ReferenceModel.various(2);
    List<Group.Result<SaveReport>> results =
        Group.run(
            2,
            communicator -> {
              ParameterSet own = model.on(communicator.rank(), 2);
              try (Checkpointer checkpointer =
                  Checkpointer.open(communicator, small().mode(SaveMode.GATHER).build())) {
                assertThrows(
                    CheckpointException.class,
                    () -> checkpointer.save(first, own, ModelFiles.none()));
                return checkpointer.save(second, own, ModelFiles.none());
              }
            });
    for (Group.Result<SaveReport> result : results) {
      assertNull(result.failure(), () -> result.failure().toString());
    }
    assertTrue(Files.exists(second.resolve("COMPLETED")));
  }

  /** As one that reads a file once, and takes what it gets: the rest would be of another tensor. */
  @Test
  void readerThatLeavesBytesOutFailsTheSave() throws Exception {
    PartitionReader shortReader =
        (byteOffset, target) -> {
          while (target.remaining() > 4) {
            target.put((byte) 7);
          }
        };
    ParameterSet set =
        ParameterSet.of(
            List.of(
                Parameter.of(
                    "half",
                    Shape.of(8),
                    DType.F32,
                    Layout.zero3(),
                    Partition.of(shortReader, 32))));
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, small().keepDtypes().build())) {
      IOException e =
          assertThrows(
              IOException.class,
              () -> checkpointer.save(temporary.resolve("model"), set, ModelFiles.none()));
      assertEquals(
          "save failed on rank 0 of 1: reader of a partition did not fill its target:"
              + " byteOffset=0, lengthBytes=32, missing 4; nothing committed",
          e.getMessage());
    }
    assertEquals(List.of(), names(temporary));
  }

  @Test
  void folderThatHoldsCheckpointsOfARunIsNotReplaced() throws Exception {
    Path run = temporary.resolve("run");
    ParameterSet own = ReferenceModel.various(1).on(0, 1);
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(single, small().overwrite(true).build(), RunOptions.in(run))) {
      checkpointer.save(1, own, ModelFiles.none(), TrainerState.builder().build());
      IOException e =
          assertThrows(IOException.class, () -> checkpointer.save(run, own, ModelFiles.none()));
      assertEquals(
          "save failed on rank 0 of 1: the target exists: "
              + run
              + ", checkpoints of a run lie in it, as step_1, and would be deleted: give another"
              + " folder; nothing committed",
          e.getMessage());
      assertEquals(1, checkpointer.latest().orElseThrow().step());
    }
  }
}
