package dev.cairn.simulation.history;

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
import java.util.Set;
import java.util.TreeSet;

/**
 * One rank's share of a tiny model, in memory that is used again for every save, as a trainer's is:
 * every element says which save it belongs to.
 */
public final class Model {
  /** A tensor of the model, the trainer's state or an adapter. */
  public record Tensor(String name, DType dtype, Layout layout, Shape shape) {
    Tensor(String name, DType dtype, Layout layout, long... dimensions) {
      this(name, dtype, layout, Shape.of(dimensions));
    }
  }

  public static final List<Tensor> WEIGHTS =
      List.of(
          new Tensor("a.weight", DType.F32, Layout.zero3(), 5, 3),
          new Tensor("b.index", DType.I32, Layout.zero3(), 7),
          new Tensor("c.norm", DType.BF16, Layout.replicated(), 3),
          new Tensor("d.rows", DType.F32, Layout.rows(), 4, 2));

  public static final List<Tensor> STATE = List.of(new Tensor("m.a", DType.F32, Layout.zero3(), 6));

  public static final List<Tensor> SINGLE =
      List.of(new Tensor("one.weight", DType.F32, Layout.zero3(), 9));

  /** As a PEFT model names them; the file has them without the adapter's name. */
  public static final List<Tensor> ADAPTER =
      List.of(
          new Tensor("base_model.model.q.lora_A.default.weight", DType.F32, Layout.zero3(), 2, 3),
          new Tensor("base_model.model.q.lora_B.default.weight", DType.F32, Layout.zero3(), 4, 2));

  /** Returns the tensors of a step's checkpoint: what kind of one it is follows from the step. */
  public static List<Tensor> ofStep(long step) {
    return step % 8 == 5 ? SINGLE : step % 8 == 6 ? ADAPTER : WEIGHTS;
  }

  private static final byte POISON = (byte) 0xAB;

  private final ByteBuffer memory;
  private final int rank;
  private final int ranks;
  private int used;

  /** Uses this memory, which is direct. */
  public Model(ByteBuffer memory, int rank, int ranks) {
    this.memory = memory;
    this.rank = rank;
    this.ranks = ranks;
  }

  /** Takes all memory again; what was made before is overwritten. */
  public Model fresh() {
    used = 0;
    return this;
  }

  /** Returns this rank's partitions of the tensors, holding the stamp; too short if wrong. */
  public ParameterSet of(List<Tensor> tensors, int stamp, boolean isWrong) {
    List<Parameter> parameters = new ArrayList<>();
    for (int number = 0; number < tensors.size(); number++) {
      Tensor tensor = tensors.get(number);
      ByteBuffer partition = partition(tensor);
      fill(tensor, number, stamp, partition.duplicate().order(ByteOrder.LITTLE_ENDIAN));
      if (isWrong && number == 0) {
        partition = memory.slice(0, partition.remaining() + 4);
      }
      parameters.add(
          Parameter.of(
              tensor.name(),
              tensor.shape(),
              tensor.dtype(),
              tensor.layout(),
              Partition.of(partition)));
    }
    return ParameterSet.of(parameters);
  }

  private ByteBuffer partition(Tensor tensor) {
    long elements = tensor.layout().paddedElements(tensor.shape(), rank, ranks);
    int lengthBytes = (int) tensor.dtype().bytes(elements);
    ByteBuffer partition = memory.slice(used, lengthBytes);
    used += (lengthBytes + 7) / 8 * 8;
    return partition;
  }

  private void fill(Tensor tensor, int number, int stamp, ByteBuffer target) {
    for (ElementRange range : tensor.layout().ranges(tensor.shape(), rank, ranks)) {
      for (long element = range.begin(); element < range.end(); element++) {
        switch (tensor.dtype()) {
          case F32 -> target.putFloat(stamp);
          case BF16 -> target.putShort((short) (Float.floatToIntBits(stamp) >>> 16));
          default -> target.putInt(stamp << 16 | number << 8 | (int) element);
        }
      }
    }
    while (target.hasRemaining()) {
      target.put(POISON);
    }
  }

  /** Returns the stamps of what the memory holds first; -1 is an element in a wrong place. */
  public Set<Integer> stamps(List<Tensor> tensors) {
    fresh();
    Set<Integer> stamps = new TreeSet<>();
    for (int number = 0; number < tensors.size(); number++) {
      Tensor tensor = tensors.get(number);
      ByteBuffer partition = partition(tensor).order(ByteOrder.LITTLE_ENDIAN);
      for (ElementRange range : tensor.layout().ranges(tensor.shape(), rank, ranks)) {
        for (long element = range.begin(); element < range.end(); element++) {
          stamps.add(stamp(tensor.dtype(), number, (int) element, partition));
        }
      }
    }
    return stamps;
  }

  /** Reads one element; returns its stamp, or -1 if it does not belong there. */
  public static int stamp(DType dtype, int number, int element, ByteBuffer bytes) {
    return switch (dtype) {
      case F32 -> whole(bytes.getFloat());
      case BF16 -> whole(Float.intBitsToFloat((bytes.getShort() & 0xFFFF) << 16));
      default -> {
        int value = bytes.getInt();
        yield (value & 0xFFFF) == (number << 8 | element) ? value >>> 16 : -1;
      }
    };
  }

  private static int whole(float value) {
    return value >= 1 && value < 256 && value == (int) value ? (int) value : -1;
  }

  /** Returns the trainer's state of this rank. */
  public TrainerState state(int stamp) {
    String own = "s" + stamp + "r" + rank;
    return TrainerState.builder()
        .tensors(of(STATE, stamp, false))
        .value("stamp", stamp)
        .rankBytes("own", own.getBytes(StandardCharsets.UTF_8))
        .build();
  }
}
