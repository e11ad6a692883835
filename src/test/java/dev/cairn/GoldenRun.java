package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.layout.ElementRange;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.model.TrainerState;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** What the run under {@code golden/run} holds, and what goes on from it saves. */
final class GoldenRun {
  /** How many ranks wrote it. */
  static final int WRITERS = 3;

  private static final List<Shape> SHAPES =
      List.of(Shape.of(7, 5), Shape.of(13), Shape.of(), Shape.of(0, 3));
  private static final float NOTHING = -1;

  private final int rank;
  private final int worldSize;

  GoldenRun(int rank, int worldSize) {
    this.rank = rank;
    this.worldSize = worldSize;
  }

  /** Returns element {@code i} of a tensor at a step. */
  private static float value(int tensor, long step, long i) {
    return (float) ((tensor + 1) * 1000L + step + i * 0.25);
  }

  /** Returns the model at a step. */
  Tensors model(long step) {
    return new Tensors("", step);
  }

  /** Returns the trainer's masters at a step. */
  Tensors masters(long step) {
    return new Tensors("master.", step + 1);
  }

  /** Returns the trainer's state at a step. */
  TrainerState state(long step) {
    String bytes = "rank %d at %d".formatted(rank, step);
    return TrainerState.builder()
        .tensors(masters(step).filled())
        .value("step", step)
        .value("loss", 1.5 / step)
        .value("note", "step " + step)
        .rankBytes("rng", bytes.getBytes(StandardCharsets.US_ASCII))
        .build();
  }

  /** This rank's partitions of one set of tensors, held in F32. */
  final class Tensors {
    private final long step;
    private final List<Parameter> parameters = new ArrayList<>();
    private final List<ByteBuffer> memory = new ArrayList<>();

    private Tensors(String prefix, long step) {
      this.step = step;
      for (int tensor = 0; tensor < SHAPES.size(); tensor++) {
        Shape shape = SHAPES.get(tensor);
        long held = Layout.zero3().paddedElements(shape, rank, worldSize);
        ByteBuffer bytes =
            ByteBuffer.allocateDirect((int) held * Float.BYTES).order(ByteOrder.nativeOrder());
        for (int i = 0; i < held; i++) {
          bytes.putFloat(i * Float.BYTES, NOTHING);
        }
        memory.add(bytes);
        parameters.add(
            Parameter.of(
                prefix + "t" + tensor, shape, DType.F32, Layout.zero3(), Partition.of(bytes)));
      }
    }

    /** Returns them with nothing in them. */
    ParameterSet empty() {
      return ParameterSet.of(parameters);
    }

    /** Returns them with the values of the step. */
    ParameterSet filled() {
      for (int tensor = 0; tensor < SHAPES.size(); tensor++) {
        int place = 0;
        for (ElementRange range : ranges(tensor)) {
          for (long i = range.begin(); i < range.end(); i++) {
            memory.get(tensor).putFloat(place++ * Float.BYTES, value(tensor, step, i));
          }
        }
      }
      return ParameterSet.of(parameters);
    }

    private List<ElementRange> ranges(int tensor) {
      return Layout.zero3().ranges(SHAPES.get(tensor), rank, worldSize);
    }

    /** Asserts that they hold the values of the step, as a dtype keeps them. */
    void assertRestored(DType saved) {
      for (int tensor = 0; tensor < SHAPES.size(); tensor++) {
        int place = 0;
        for (ElementRange range : ranges(tensor)) {
          for (long i = range.begin(); i < range.end(); i++) {
            float exact = value(tensor, step, i);
            assertEquals(
                saved == DType.F32 ? exact : roundedToBf16(exact),
                memory.get(tensor).getFloat(place++ * Float.BYTES),
                parameters.get(tensor).name() + ", element " + i);
          }
        }
      }
    }
  }

  /** Rounds to nearest, ties to even. */
  private static float roundedToBf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    return Float.intBitsToFloat((bits + 0x7FFF + ((bits >>> 16) & 1)) & 0xFFFF0000);
  }
}
