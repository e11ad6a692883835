package dev.cairn.deepspeed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.io.SourceRange;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.PickleWriter.Call;
import dev.cairn.torchfile.SourceReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MadeUpCheckpointTest {
  @TempDir Path folder;

  private static Map<String, Shape> shapes(Object... namesAndShapes) {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    for (int i = 0; i < namesAndShapes.length; i += 2) {
      shapes.put((String) namesAndShapes[i], (Shape) namesAndShapes[i + 1]);
    }
    return shapes;
  }

  private static MadeUpCheckpoint odd(int stage, int worldSize) {
    return new MadeUpCheckpoint(stage, worldSize)
        .group(
            shapes(
                "a.weight", Shape.of(257, 35),
                "a.scale", Shape.of(),
                "a.empty", Shape.of(0, 3),
                "a.bias", Shape.of(1)))
        .group(shapes("b.weight", Shape.of(30, 7), "b.bias", Shape.of(3)));
  }

  /** Reads every parameter and compares it with what {@link MadeUpValues} says. */
  private static DeepSpeedCheckpoint check(Path folder) throws IOException {
    DeepSpeedCheckpoint checkpoint = DeepSpeedCheckpoint.open(folder);
    try (SourceReader reader = new SourceReader()) {
      for (CheckpointParameter parameter : checkpoint.parameters()) {
        byte[] actual = Fixtures.read(reader, parameter);
        ByteBuffer expected = ByteBuffer.allocate(actual.length).order(ByteOrder.LITTLE_ENDIAN);
        String source = parameter.tiedTo().orElse(parameter.name());
        new MadeUpValues(source, parameter.storedDType(), 0, parameter.shape().elements())
            .fill(0, expected);
        assertTrue(Arrays.equals(expected.array(), actual), parameter.name());
      }
    }
    return checkpoint;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 8, 13})
  void zero3IsReadForAnyWorldSize(int worldSize) throws IOException {
    assertEquals(6, check(odd(3, worldSize).write(folder)).parameters().size());
  }

  @Test
  void parametersThatCrossFlatGroupsAreReadWhole() throws IOException {
    MadeUpCheckpoint checkpoint = odd(3, 2);
    checkpoint.cuts = List.of(10L, 10L, 4500L, 4503L, 4605L);
    check(checkpoint.write(folder));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 16})
  void zero2IsReadForAnyWorldSize(int worldSize) throws IOException {
    MadeUpCheckpoint checkpoint = odd(2, worldSize);
    checkpoint.frozen.put("c.weight", Shape.of(11, 3));
    checkpoint.buffers.put("c.running", Shape.of(4));
    assertEquals(2, check(checkpoint.write(folder)).stage());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 16})
  void bf16OptimizerIsReadThoughItWritesNoStage(int worldSize) throws IOException {
    MadeUpCheckpoint checkpoint = odd(1, worldSize);
    checkpoint.bf16Optimizer = true;
    assertEquals(1, check(checkpoint.write(folder)).stage());
  }

  @Test
  void zero1KeepsFrozenParametersThatOnlyTheModuleHolds() throws IOException {
    MadeUpCheckpoint checkpoint = odd(1, 2);
    checkpoint.frozen.put("c.weight", Shape.of(11, 3));
    DeepSpeedCheckpoint read = check(checkpoint.write(folder));
    assertEquals(ParameterKind.FROZEN, find(read, "c.weight").kind());
    assertEquals(DType.BF16, find(read, "c.weight").storedDType());
  }

  @Test
  void zero3FrozenFragmentsAreJoinedInTheirOwnType() throws IOException {
    MadeUpCheckpoint checkpoint = odd(3, 4);
    checkpoint.frozen.put("c.weight", Shape.of(11, 3));
    checkpoint.frozen.put("c.bias", Shape.of(2));
    DeepSpeedCheckpoint read = check(checkpoint.write(folder));
    assertEquals(DType.BF16, find(read, "c.bias").storedDType());
    assertEquals(Shape.of(11, 3), find(read, "c.weight").shape());
  }

  @Test
  void fp16TrainingIsHeldInF16() throws IOException {
    MadeUpCheckpoint checkpoint = odd(3, 2);
    checkpoint.held = DType.F16;
    DeepSpeedCheckpoint read = check(checkpoint.write(folder));
    assertEquals(DType.F16, find(read, "a.weight").heldDType());
    assertEquals(DType.F32, find(read, "a.weight").storedDType());
  }

  @Test
  void fp32TrainingIsHeldInF32() throws IOException {
    MadeUpCheckpoint checkpoint = odd(2, 2);
    checkpoint.held = DType.F32;
    assertEquals(DType.F32, find(check(checkpoint.write(folder)), "a.weight").heldDType());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void aliasIsItsTarget(int stage) throws IOException {
    MadeUpCheckpoint checkpoint = odd(stage, 2);
    checkpoint.shared.put("head.weight", "a.weight");
    CheckpointParameter alias = find(check(checkpoint.write(folder)), "head.weight");
    assertEquals(Optional.of("a.weight"), alias.tiedTo());
    assertEquals(Shape.of(257, 35), alias.shape());
  }

  @Test
  void rankTenComesAfterRankNine() throws IOException {
    MadeUpCheckpoint checkpoint = odd(3, 40);
    checkpoint.frozen.put("c.weight", Shape.of(11, 30));
    assertEquals(40, check(checkpoint.write(folder)).worldSize());
  }

  @Test
  void clientStateOfAnyKindDoesNotStopTheReading() throws IOException {
    MadeUpCheckpoint checkpoint = odd(3, 2);
    Map<String, Object> state = new LinkedHashMap<>();
    state.put("path", new Call("pathlib", "PosixPath", List.of("/", "tmp")));
    state.put("scalar", new Call("numpy.core.multiarray", "scalar", List.of(1, "x")));
    state.put("evil", new Call("os", "system", List.of("touch /tmp/never")));
    state.put("text", "x".repeat(200_000));
    checkpoint.clientState = state;
    check(checkpoint.write(folder));
  }

  @Test
  void momentsBesideTheMastersAreNotRead() throws IOException {
    MadeUpCheckpoint checkpoint = odd(3, 2);
    checkpoint.moments = true;
    check(checkpoint.write(folder));
  }

  @Test
  void fiftyThousandParametersAreReadInOrder() throws IOException {
    MadeUpCheckpoint checkpoint = new MadeUpCheckpoint(3, 2);
    Map<String, Shape> many = new LinkedHashMap<>();
    for (int i = 0; i < 25_000; i++) {
      many.put("layers." + i + ".experts.weight", Shape.of(3));
      checkpoint.frozen.put("layers." + i + ".frozen.weight", Shape.of(5));
    }
    List<CheckpointParameter> parameters = check(checkpoint.group(many).write(folder)).parameters();
    assertEquals(50_000, parameters.size());
    assertEquals("layers.24999.experts.weight", parameters.get(24_999).name());
  }

  @Test
  void storageOfFiveGibibytesHasItsOffsetsRight() throws IOException {
    MadeUpCheckpoint checkpoint = new MadeUpCheckpoint(3, 1);
    checkpoint.sparse = true;
    checkpoint.moments = true;
    long elements = (5L << 30) / 4;
    checkpoint.group(shapes("first", Shape.of(elements), "second", Shape.of(3)));
    checkpoint.write(folder);
    DeepSpeedCheckpoint read = DeepSpeedCheckpoint.open(folder);
    SourceRange first = find(read, "first").ranges().get(0);
    SourceRange second = find(read, "second").ranges().get(0);
    assertTrue(first.fileOffset() > 5L << 30, "the moments come first");
    assertEquals(5L << 30, second.fileOffset() - first.fileOffset());
    assertEquals(elements, first.elements());
  }

  private static CheckpointParameter find(DeepSpeedCheckpoint checkpoint, String name) {
    return checkpoint.parameters().stream()
        .filter(parameter -> parameter.name().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
