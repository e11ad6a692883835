package dev.cairn.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.layout.Layout;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FingerprintTest {
  private static final PlannedTensor TENSOR =
      tensor("w", DType.BF16, Shape.of(2, 3), DType.F32, Layout.zero3());

  private static PlannedTensor tensor(
      String name, DType saved, Shape shape, DType held, Layout layout) {
    return new PlannedTensor(new TensorInfo(name, saved, shape), held, layout);
  }

  @Test
  void differsWhereverSavesDiffer() {
    String longName = "n".repeat(20_000); // longer than what is summed up at a time
    List<List<PlannedTensor>> saves =
        List.of(
            List.of(),
            List.of(TENSOR),
            List.of(TENSOR, TENSOR),
            List.of(tensor("v", DType.BF16, Shape.of(2, 3), DType.F32, Layout.zero3())),
            List.of(tensor("w", DType.F16, Shape.of(2, 3), DType.F32, Layout.zero3())),
            List.of(tensor("w", DType.BF16, Shape.of(3, 2), DType.F32, Layout.zero3())),
            List.of(tensor("w", DType.BF16, Shape.of(6), DType.F32, Layout.zero3())),
            List.of(tensor("w", DType.BF16, Shape.of(2, 3), DType.BF16, Layout.zero3())),
            List.of(tensor("w", DType.BF16, Shape.of(2, 3), DType.F32, Layout.rows())),
            List.of(TENSOR, tensor(longName, DType.F32, Shape.of(), DType.F32, Layout.zero3())),
            List.of(tensor(longName, DType.F32, Shape.of(), DType.F32, Layout.zero3()), TENSOR));
    Set<ByteBuffer> seen = new HashSet<>();
    saves.forEach(save -> seen.add(ByteBuffer.wrap(Fingerprint.of("options", save))));
    seen.add(ByteBuffer.wrap(Fingerprint.of("other options", List.of(TENSOR))));
    assertEquals(saves.size() + 1, seen.size());
  }

  @Test
  void isTheSameForEqualSaves() {
    PlannedTensor equal = tensor("w", DType.BF16, Shape.of(2, 3), DType.F32, Layout.zero3());
    assertArrayEquals(
        Fingerprint.of("options", List.of(TENSOR)), Fingerprint.of("options", List.of(equal)));
  }
}
