package dev.cairn.support;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelFolder;
import dev.cairn.kernels.Kernels;
import dev.cairn.layout.ElementRange;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.Sharding;
import dev.cairn.safetensors.TensorEntry;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** A small model with all its elements, from which every rank's partitions are cut. */
public final class ReferenceModel {
  private static final byte POISON = (byte) 0xAB;

  /** A tensor and all its elements, in the held dtype. */
  @SuppressWarnings("ArrayRecordComponent") // a fixture, read only
  record Whole(
      String name, Shape shape, DType held, Layout layout, boolean isBuffer, byte[] bytes) {}

  private final List<Whole> tensors = new ArrayList<>();
  private final Random random;

  public ReferenceModel(long seed) {
    random = new Random(seed);
  }

  /** Adds a tensor of random bits. */
  public ReferenceModel add(String name, DType held, Layout layout, long... dimensions) {
    return add(name, held, layout, false, dimensions);
  }

  ReferenceModel addBuffer(String name, DType held, Layout layout, long... dimensions) {
    return add(name, held, layout, true, dimensions);
  }

  private ReferenceModel add(
      String name, DType held, Layout layout, boolean isBuffer, long... dimensions) {
    Shape shape = Shape.of(dimensions);
    byte[] bytes = new byte[(int) held.bytes(shape.elements())];
    random.nextBytes(bytes);
    tensors.add(new Whole(name, shape, held, layout, isBuffer, bytes));
    return this;
  }

  /** Returns a model of all layouts, several dtypes, odd sizes, scalars and empty tensors. */
  public static ReferenceModel various(int worldSize) {
    return new ReferenceModel(7)
        .add("embed.weight", DType.F32, Layout.zero3(), 37, 11)
        .add("scale", DType.F32, Layout.zero3())
        .add("empty", DType.F32, Layout.zero3(), 0, 4)
        .add("rows.weight", DType.F16, Layout.rows(), 5, 7)
        .add("norm.weight", DType.BF16, Layout.replicated(), 13)
        .add("flat.weight", DType.F64, Layout.flat(5, 60, 24L * worldSize * 4, worldSize), 6, 10)
        .addBuffer("running_mean", DType.F32, Layout.replicated(), 9)
        .addBuffer("steps", DType.I64, Layout.replicated())
        .add("mask", DType.BOOL, Layout.zero3(), 17)
        .add("a.quantised", DType.F8_E4M3, Layout.zero3(), 3, 9);
  }

  /** Reads a model folder; every tensor is to be spread as ZeRO-3 does. */
  public static ReferenceModel read(Path folder) throws IOException {
    ReferenceModel model = new ReferenceModel(0);
    try (ModelFolder source = ModelFolder.open(folder)) {
      for (FolderTensor tensor : source.tensors()) {
        TensorEntry entry = tensor.entry();
        byte[] bytes = new byte[(int) (entry.endByte() - entry.beginByte())];
        source.read(entry.name(), 0, ByteBuffer.wrap(bytes));
        model.tensors.add(
            new Whole(entry.name(), entry.shape(), entry.dtype(), Layout.zero3(), false, bytes));
      }
    }
    return model;
  }

  /** Returns what {@code rank} holds, padding filled with a poison value. */
  public ParameterSet on(int rank, int worldSize) {
    List<Parameter> parameters = new ArrayList<>();
    for (Whole whole : tensors) {
      parameters.add(
          new Parameter(
              whole.name(),
              whole.shape(),
              whole.held(),
              whole.layout(),
              Partition.of(cut(whole, rank, worldSize)),
              whole.isBuffer()));
    }
    return ParameterSet.of(parameters);
  }

  /** Returns partitions of the right size that hold nothing but poison. */
  public ParameterSet poisonedOn(int rank, int worldSize) {
    ParameterSet set = on(rank, worldSize);
    overwrite(set);
    return set;
  }

  /** Fills every partition with poison, as a trainer's next step would change it. */
  public static void overwrite(ParameterSet set) {
    for (Parameter parameter : set.parameters()) {
      ByteBuffer bytes =
          parameter.partition().view(0, Math.toIntExact(parameter.partition().lengthBytes()));
      while (bytes.hasRemaining()) {
        bytes.put(POISON);
      }
    }
  }

  /** Checks that the partitions hold this model's elements; padding does not matter. */
  public void assertHolds(ParameterSet set, int rank, int worldSize) {
    ParameterSet expected = on(rank, worldSize);
    for (int index = 0; index < tensors.size(); index++) {
      Parameter parameter = set.parameters().get(index);
      int validBytes = (int) parameter.validBytes(rank, worldSize);
      assertEquals(
          expected.parameters().get(index).partition().view(0, validBytes),
          parameter.partition().view(0, validBytes),
          parameter.name());
    }
  }

  private static ByteBuffer cut(Whole whole, int rank, int worldSize) {
    long paddedElements = whole.layout().paddedElements(whole.shape(), rank, worldSize);
    ByteBuffer partition =
        ByteBuffer.allocateDirect((int) whole.held().bytes(paddedElements))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (ElementRange range : whole.layout().ranges(whole.shape(), rank, worldSize)) {
      int begin = (int) whole.held().bytes(range.begin());
      partition.put(whole.bytes(), begin, (int) whole.held().bytes(range.elements()));
    }
    while (partition.hasRemaining()) {
      partition.put(POISON);
    }
    return partition.flip();
  }

  /** Returns the safetensors files that the model is expected to become, by name. */
  public Map<String, byte[]> expectedFiles(Optional<DType> dtype, long maxShardBytes) {
    List<TensorInfo> infos = new ArrayList<>();
    Map<String, Whole> byName = new LinkedHashMap<>();
    for (Whole whole : tensors) {
      boolean isCast = whole.held().isCastable() && !whole.isBuffer();
      DType saved = isCast ? dtype.orElse(whole.held()) : whole.held();
      infos.add(new TensorInfo(whole.name(), saved, whole.shape()));
      byName.put(whole.name(), whole);
    }
    List<List<TensorInfo>> shards = Sharding.split(infos, maxShardBytes);
    Map<String, byte[]> files = new LinkedHashMap<>();
    for (int shard = 0; shard < shards.size(); shard++) {
      Header header = Header.of(Header.PYTORCH_METADATA, shards.get(shard));
      ByteBuffer file = ByteBuffer.allocateDirect((int) header.fileLengthBytes());
      file.put(header.encode());
      for (TensorEntry entry : header.tensors()) {
        file.position((int) (header.dataOffset() + entry.beginByte()));
        castWhole(byName.get(entry.name()), entry.dtype(), file);
      }
      byte[] bytes = new byte[file.clear().remaining()];
      file.get(bytes);
      files.put(Sharding.fileName(shard + 1, shards.size()), bytes);
    }
    return files;
  }

  private static void castWhole(Whole whole, DType saved, ByteBuffer target) {
    ByteBuffer source = ByteBuffer.allocateDirect(whole.bytes().length).put(whole.bytes()).flip();
    Kernels.best().cast(whole.held(), source, saved, target, (int) whole.shape().elements(), 0);
  }
}
