package dev.cairn.benchmarks.plan;

import dev.cairn.layout.Layout;
import dev.cairn.plan.FileNaming;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/** The tensors of a model that is large to plan, of a few kinds. */
final class ManyTensors {
  static final int WORLD_SIZE = 1024;
  static final int CHUNK_BYTES = 8 << 20;
  static final FileNaming NAMING = FileNaming.model(50_000_000_000L);

  private ManyTensors() {}

  static List<PlannedTensor> of(int count) {
    List<PlannedTensor> tensors = new ArrayList<>();
    for (int index = 0; index < count; index++) {
      String name = "model.layers." + index / 9 + ".block." + index % 9 + ".weight";
      Shape shape = index % 3 == 0 ? Shape.of(1024) : Shape.of(1024, 512);
      TensorInfo info = new TensorInfo(name, DType.BF16, shape);
      tensors.add(new PlannedTensor(info, DType.BF16, Layout.zero3()));
    }
    return tensors;
  }
}
