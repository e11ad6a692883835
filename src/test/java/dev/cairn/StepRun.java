package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveReport;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Checkpoints whose every element is the number of the step that they are of. */
final class StepRun {
  static final int ELEMENTS = 8;
  static final TrainerState NO_STATE = TrainerState.builder().build();

  private StepRun() {}

  /** Returns a model whose every element is the step. */
  static ParameterSet model(Communicator communicator, long step) {
    return model(step, (ELEMENTS + communicator.size() - 1) / communicator.size() * Long.BYTES);
  }

  static ParameterSet model(long step, int lengthBytes) {
    ByteBuffer memory = ByteBuffer.allocateDirect(lengthBytes).order(ByteOrder.nativeOrder());
    while (memory.remaining() >= Long.BYTES) {
      memory.putLong(step);
    }
    return ParameterSet.of(
        List.of(
            Parameter.of(
                "steps",
                Shape.of(ELEMENTS),
                DType.I64,
                Layout.zero3(),
                Partition.of(memory.clear()))));
  }

  interface Call {
    void make() throws Exception;
  }

  /** Returns the message of what a call throws; "fine" if it does not. */
  static String outcome(Call call) {
    try {
      call.make();
      return "fine";
    } catch (Exception e) {
      return e.getMessage();
    }
  }

  static SaveReport save(Checkpointer checkpointer, Communicator ranks, long step)
      throws Exception {
    return checkpointer.save(step, model(ranks, step), ModelFiles.none(), NO_STATE);
  }

  /** Every visible checkpoint holds the values of its own step, and no other. */
  static List<String> checkpoints(Path run) throws Exception {
    List<String> found = new ArrayList<>();
    for (RunDirectory.Entry entry : new RunDirectory(run).committed()) {
      byte[] file = Files.readAllBytes(entry.path().resolve("model.safetensors"));
      ByteBuffer values =
          ByteBuffer.wrap(file, file.length - ELEMENTS * Long.BYTES, ELEMENTS * Long.BYTES)
              .order(ByteOrder.LITTLE_ENDIAN);
      while (values.hasRemaining()) {
        assertEquals(entry.number(), values.getLong(), "a value in " + entry.path());
      }
      found.add(entry.path().getFileName().toString());
    }
    return found;
  }
}
