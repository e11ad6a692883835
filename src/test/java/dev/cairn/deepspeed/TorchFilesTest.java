package dev.cairn.deepspeed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.cairn.content.TensorContent;
import dev.cairn.deepspeed.saved.ModelStates;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.SourceReader;
import dev.cairn.torchfile.StoredTensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files that torch wrote, see {@code src/test/python/make_torch_files.py}. */
class TorchFilesTest {
  private static final Map<String, DType> DTYPES =
      Map.ofEntries(
          Map.entry("f64", DType.F64),
          Map.entry("f32", DType.F32),
          Map.entry("f16", DType.F16),
          Map.entry("bf16", DType.BF16),
          Map.entry("float8_e4m3fn", DType.F8_E4M3),
          Map.entry("float8_e5m2", DType.F8_E5M2),
          Map.entry("float8_e8m0fnu", DType.F8_E8M0),
          Map.entry("float8_e4m3fnuz", DType.F8_E4M3FNUZ),
          Map.entry("float8_e5m2fnuz", DType.F8_E5M2FNUZ),
          Map.entry("int64", DType.I64),
          Map.entry("int32", DType.I32),
          Map.entry("int16", DType.I16),
          Map.entry("int8", DType.I8),
          Map.entry("uint8", DType.U8),
          Map.entry("uint16", DType.U16),
          Map.entry("uint32", DType.U32),
          Map.entry("uint64", DType.U64),
          Map.entry("bool", DType.BOOL),
          Map.entry("complex64", DType.C64));

  private static ModelStates read(String name) throws IOException {
    return ModelStates.read(Fixtures.folder("torch_odd").resolve(name + ".pt"), true);
  }

  @ParameterizedTest
  @ValueSource(strings = {"protocol_2", "protocol_3", "protocol_4", "protocol_5", "no_checksums"})
  void everyDTypeIsKnown(String name) throws IOException {
    ModelStates states = read(name);
    DTYPES.forEach((key, dtype) -> assertEquals(dtype, states.module().get(key).dtype(), key));
    assertFalse(states.module().containsKey("layer._extra_state"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"protocol_2", "protocol_5"})
  void viewsOfSharedStoragesAreRead(String name) throws IOException {
    ModelStates states = read(name);
    assertArrayEquals(new float[] {4, 5, 6, 7, 8, 9}, floats(states, "f32"));
    assertArrayEquals(
        new float[] {
          0, 6, 12, 18, 1, 7, 13, 19, 2, 8, 14, 20, 3, 9, 15, 21, 4, 10, 16, 22, 5, 11, 17, 23
        },
        floats(states, "transposed"));
    assertArrayEquals(
        new float[] {1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23}, floats(states, "sliced"));
    assertArrayEquals(new float[] {3, 3, 3, 3, 3, 3, 3, 3, 3, 3}, floats(states, "expanded"));
    assertArrayEquals(new float[] {7}, floats(states, "scalar"));
    assertArrayEquals(new float[0], floats(states, "empty"));
    assertEquals(Shape.of(0, 3), states.module().get("empty").shape());
  }

  @ParameterizedTest
  @ValueSource(strings = {"protocol_2", "protocol_5"})
  void parametersAndBuffersAreTensors(String name) throws IOException {
    ModelStates states = read(name);
    assertArrayEquals(new float[] {3, 3, 3, 3}, floats(states, "parameter"));
    assertArrayEquals(new float[] {5, 5, 5, 5}, floats(states, "parameter_with_state"));
    assertArrayEquals(new float[] {1, 1}, floats(states, "buffer"));
  }

  private static float[] floats(ModelStates states, String name) throws IOException {
    StoredTensor stored = states.module().get(name);
    CheckpointParameter parameter =
        new CheckpointParameter(
            name,
            stored.shape(),
            ParameterKind.BUFFER,
            stored.dtype(),
            null,
            new TensorContent(stored),
            null);
    try (SourceReader reader = new SourceReader()) {
      ByteBuffer bytes = ByteBuffer.wrap(Fixtures.read(reader, parameter));
      float[] values = new float[bytes.remaining() / 4];
      bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
      return values;
    }
  }
}
