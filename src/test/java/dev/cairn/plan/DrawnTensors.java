package dev.cairn.plan;

import dev.cairn.layout.Layout;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Tensors of all layouts and several saved dtypes, from 0 to 200 elements. */
final class DrawnTensors {
  private static final DType[] DTYPES = {DType.F32, DType.BF16, DType.U8, DType.F4};

  private DrawnTensors() {}

  static List<PlannedTensor> draw(Random random, int worldSize) {
    List<PlannedTensor> tensors = new ArrayList<>();
    int count = 1 + random.nextInt(12);
    for (int index = 0; index < count; index++) {
      DType saved = DTYPES[random.nextInt(DTYPES.length)];
      // half a byte has no writer: partitions of F4 have to end on whole ones
      long elements = saved == DType.F4 ? 2L * worldSize * random.nextInt(20) : random.nextInt(201);
      Layout layout =
          switch (random.nextInt(saved == DType.F4 ? 3 : 4)) {
            case 0 -> Layout.zero3();
            case 1 -> Layout.rows();
            case 2 -> Layout.replicated();
            default -> Layout.flat(3, elements, 17L * 16 * worldSize, worldSize);
          };
      DType held = saved == DType.F4 ? DType.F4 : DType.F32;
      String name = "t" + random.nextInt() + index;
      TensorInfo info = new TensorInfo(name, saved, Shape.of(elements));
      tensors.add(new PlannedTensor(info, held, layout));
    }
    return tensors;
  }
}
