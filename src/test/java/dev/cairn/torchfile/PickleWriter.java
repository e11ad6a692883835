package dev.cairn.torchfile;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes pickles, protocol 2, in the form that torch gives them. */
public final class PickleWriter {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  /** A tensor as it goes into a pickle. */
  public record TensorData(
      String storage, long storageElements, DType dtype, long offset, Shape shape) {}

  /** A global called with arguments, or alone where there are none. */
  public record Call(String module, String name, List<Object> arguments) {}

  public static byte[] pickle(Object value) {
    PickleWriter writer = new PickleWriter();
    writer.bytes.write(0x80);
    writer.bytes.write(2);
    writer.write(value);
    writer.bytes.write('.');
    return writer.bytes.toByteArray();
  }

  private void write(Object value) {
    if (value == null) {
      bytes.write('N');
    } else if (value instanceof Boolean bool) {
      bytes.write(bool ? 0x88 : 0x89);
    } else if (value instanceof Integer || value instanceof Long) {
      bytes.write(0x8A);
      bytes.write(8);
      put(8, ((Number) value).longValue());
    } else if (value instanceof String text) {
      byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
      bytes.write('X');
      put(4, utf8.length);
      bytes.writeBytes(utf8);
    } else if (value instanceof List<?> list) {
      bytes.write(']');
      bytes.write('(');
      list.forEach(this::write);
      bytes.write('e');
    } else if (value instanceof Map<?, ?> map) {
      writeMap(map);
    } else {
      writeObject(value);
    }
  }

  private void writeMap(Map<?, ?> map) {
    write(new Call("collections", "OrderedDict", List.of()));
    bytes.write('(');
    map.forEach(
        (key, value) -> {
          write(key);
          write(value);
        });
    bytes.write('u');
  }

  private void writeObject(Object value) {
    if (value instanceof Call call) {
      global(call.module(), call.name());
      tuple(call.arguments());
      bytes.write('R');
    } else if (value instanceof Shape shape) {
      global("torch", "Size");
      bytes.write('(');
      tuple(longs(shape.toArray()));
      bytes.write('t');
      bytes.write('R');
    } else if (value instanceof TensorData tensor) {
      writeTensor(tensor);
    } else {
      throw new IllegalArgumentException("cannot pickle " + value.getClass());
    }
  }

  private void writeTensor(TensorData tensor) {
    global("torch._utils", "_rebuild_tensor_v2");
    bytes.write('(');
    bytes.write('(');
    write("storage");
    global("torch", storageClass(tensor.dtype()));
    write(tensor.storage());
    write("cuda:0");
    write(tensor.storageElements());
    bytes.write('t');
    bytes.write('Q');
    write(tensor.offset());
    tuple(longs(tensor.shape().toArray()));
    tuple(longs(rowMajor(tensor.shape())));
    write(false);
    write(Map.of());
    bytes.write('t');
    bytes.write('R');
  }

  private static long[] rowMajor(Shape shape) {
    long[] strides = new long[shape.dimensions()];
    long step = 1;
    for (int i = strides.length - 1; i >= 0; i--) {
      strides[i] = step;
      step *= shape.dimension(i);
    }
    return strides;
  }

  private static String storageClass(DType dtype) {
    return switch (dtype) {
      case F32 -> "FloatStorage";
      case BF16 -> "BFloat16Storage";
      case F16 -> "HalfStorage";
      case I64 -> "LongStorage";
      default -> throw new IllegalArgumentException("no storage class for " + dtype);
    };
  }

  private static List<Object> longs(long[] values) {
    List<Object> list = new ArrayList<>();
    for (long value : values) {
      list.add(value);
    }
    return list;
  }

  private void tuple(List<Object> values) {
    bytes.write('(');
    values.forEach(this::write);
    bytes.write('t');
  }

  private void global(String module, String name) {
    bytes.write('c');
    bytes.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private void put(int lengthBytes, long value) {
    byte[] eight = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array();
    bytes.write(eight, 0, lengthBytes);
  }
}
