package dev.cairn.benchmarks.models;

import dev.cairn.device.Device;
import dev.cairn.device.HostMemory;
import dev.cairn.layout.Layout;
import dev.cairn.layout.Mesh;
import dev.cairn.layout.Placement;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** One rank's partitions of made-up models: all in the same memory, as large as the largest. */
public final class HeldModels implements AutoCloseable {
  private static final int ALIGNMENT = 64;
  private static final int FILL_BYTES = 1 << 30;

  private final int rank;
  private final int worldSize;
  private final Map<String, ParameterSet> models = new HashMap<>();
  private HostMemory memory = HostMemory.allocate(0);

  public HeldModels(int rank, int worldSize) {
    this.rank = rank;
    this.worldSize = worldSize;
  }

  /** How ranks share a model's parameters. */
  public enum Sharing {
    /** Equal parts of the flattened parameter. */
    ZERO3,
    /** Rows, or columns of what comes after: tensor parallelism. */
    TENSOR_PARALLEL;

    private Layout layout(String name, Shape shape, int worldSize) {
      if (this == ZERO3) {
        return Layout.zero3();
      }
      if (shape.dimensions() < 2) {
        return Layout.replicated();
      }
      boolean byColumns = name.endsWith("o_proj.weight") || name.endsWith("down_proj.weight");
      return Layout.placements(Mesh.of(worldSize), List.of(Placement.shard(byColumns ? 1 : 0)));
    }
  }

  /** Returns this rank's part of a model of about so many parameters. */
  public ParameterSet model(double parameters, DType held, Sharing sharing) {
    String key = held + " " + parameters + " " + sharing;
    if (!models.containsKey(key)) {
      Map<String, Shape> shapes = LlamaShapes.of(parameters);
      long lengthBytes = 0;
      for (Map.Entry<String, Shape> entry : shapes.entrySet()) {
        Layout layout = sharing.layout(entry.getKey(), entry.getValue(), worldSize);
        lengthBytes += room(lengthBytes(layout, entry.getValue(), held, rank, worldSize));
      }
      if (lengthBytes > memory.lengthBytes()) {
        models.clear();
        memory.close();
        memory = HostMemory.allocate(lengthBytes);
        fill();
      }
      models.put(key, place(shapes, held, sharing));
    }
    return models.get(key);
  }

  private static long lengthBytes(Layout layout, Shape shape, DType held, int rank, int worldSize) {
    return held.bytes(layout.paddedElements(shape, rank, worldSize));
  }

  private static long room(long lengthBytes) {
    return (lengthBytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** Returns where a rank's ZeRO-3 partitions begin in its memory. */
  static Map<String, Long> offsets(Map<String, Shape> shapes, DType held, int rank, int worldSize) {
    Map<String, Long> offsets = new HashMap<>();
    long offset = 0;
    for (Map.Entry<String, Shape> entry : shapes.entrySet()) {
      offsets.put(entry.getKey(), offset);
      offset += room(lengthBytes(Layout.zero3(), entry.getValue(), held, rank, worldSize));
    }
    return offsets;
  }

  private void fill() {
    long bits = 0x3c1f_3c2f_3c3f_3c4fL + rank;
    for (long done = 0; done < memory.lengthBytes(); done += FILL_BYTES) {
      ByteBuffer view = memory.view(done, (int) Math.min(FILL_BYTES, memory.lengthBytes() - done));
      while (view.remaining() >= Long.BYTES) {
        view.putLong(bits += 0x0001_0003_0005_0007L);
      }
    }
  }

  private ParameterSet place(Map<String, Shape> shapes, DType held, Sharing sharing) {
    List<Parameter> parameters = new ArrayList<>();
    long address = memory.address();
    for (Map.Entry<String, Shape> entry : shapes.entrySet()) {
      Shape shape = entry.getValue();
      Layout layout = sharing.layout(entry.getKey(), shape, worldSize);
      long lengthBytes = lengthBytes(layout, shape, held, rank, worldSize);
      Partition partition = Partition.of(address, lengthBytes, Device.cpu());
      parameters.add(Parameter.of(entry.getKey(), shape, held, layout, partition));
      address += room(lengthBytes);
    }
    return ParameterSet.of(parameters);
  }

  @Override
  public void close() {
    memory.close();
  }
}
