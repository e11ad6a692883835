package dev.cairn.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("gloo")
class TorchParametersTest {
  static {
    TorchLibrary.load();
  }

  @TempDir Path temporary;

  private static Tensor zeros(torch.ScalarType type, long... shape) {
    return torch.zeros(shape, new TensorOptions(type));
  }

  @Test
  void tensorsBecomeParametersWithoutACopy() throws Exception {
    Path target = temporary.resolve("model");
    try (Communicator communicator = Communicator.single();
        Checkpointer checkpointer =
            Checkpointer.open(
                communicator, SaveOptions.builder().durability(Durability.FAST).build());
        TorchParameters parameters = new TorchParameters()) {
      Tensor weight = zeros(torch.ScalarType.Float, 2, 3);
      parameters.add("weight", weight);
      try (FloatPointer elements = new FloatPointer(weight.data_ptr())) {
        elements.put(5, 1.5f); // after the add: what is saved is the tensor itself
      }
      weight.close();
      checkpointer.save(target, parameters.toSet(), ModelFiles.none());
    }
    Header header =
        Header.of(
            Header.PYTORCH_METADATA, List.of(new TensorInfo("weight", DType.BF16, Shape.of(2, 3))));
    ByteBuffer expected =
        ByteBuffer.allocate((int) header.fileLengthBytes()).order(ByteOrder.LITTLE_ENDIAN);
    expected.put(header.encode()).position(expected.limit() - 2).putShort((short) 0x3FC0);
    assertArrayEquals(expected.array(), Files.readAllBytes(target.resolve("model.safetensors")));
  }

  @Test
  void dtypesShapesAndLayoutsAreTaken() {
    try (TorchParameters parameters = new TorchParameters()) {
      parameters
          .add("half", zeros(torch.ScalarType.Half, 4), Shape.of(7), Layout.zero3())
          .add("empty", zeros(torch.ScalarType.BFloat16, 0, 3))
          .addBuffer("steps", zeros(torch.ScalarType.Long));
      ParameterSet set = parameters.toSet();
      assertEquals(DType.F16, set.parameters().get(0).held());
      assertEquals(Shape.of(7), set.parameters().get(0).shape());
      assertEquals(Shape.of(0, 3), set.parameters().get(1).shape());
      assertEquals(DType.I64, set.parameters().get(2).held());
      assertEquals(true, set.parameters().get(2).isBuffer());
      assertEquals(8, set.parameters().get(2).partition().lengthBytes());
    }
  }

  @Test
  void strangeTensorsAreRefusedByName() {
    try (TorchParameters parameters = new TorchParameters()) {
      Tensor transposed = zeros(torch.ScalarType.Float, 2, 3).t();
      Exception notContiguous =
          assertThrows(IllegalArgumentException.class, () -> parameters.add("w", transposed));
      assertEquals(
          "tensor is not contiguous: tensor=w; pass tensor.contiguous() and keep it",
          notContiguous.getMessage());
      Tensor complex = zeros(torch.ScalarType.ComplexDouble, 2);
      Exception unknown =
          assertThrows(IllegalArgumentException.class, () -> parameters.add("c", complex));
      assertEquals(
          "dtype unknown to safetensors: tensor=c, dtype=ComplexDouble", unknown.getMessage());
      TensorOptions meta = new TensorOptions(new Device(torch.DeviceType.Meta));
      Tensor nowhere = torch.zeros(new long[] {2}, meta);
      Exception unreachable =
          assertThrows(IllegalArgumentException.class, () -> parameters.add("m", nowhere));
      assertEquals(
          "tensor is neither in host memory nor on an NVIDIA GPU: tensor=m",
          unreachable.getMessage());
    }
  }

  @Test
  void closedOnesSaySo() {
    TorchParameters parameters = new TorchParameters();
    parameters.close();
    parameters.close();
    assertThrows(IllegalStateException.class, parameters::toSet);
  }
}
