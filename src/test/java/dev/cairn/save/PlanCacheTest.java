package dev.cairn.save;

import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.cairn.layout.Layout;
import dev.cairn.options.SaveOptions;
import dev.cairn.plan.FileNaming;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.plan.SavePlan;
import dev.cairn.plan.TensorGroup;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PlanCacheTest {
  private static final FileNaming NAMING = FileNaming.model(1000);

  private static PlannedTensor tensor(
      String name, DType saved, Shape shape, DType held, Layout layout) {
    return new PlannedTensor(new TensorInfo(name, saved, shape), held, layout);
  }

  private static PlannedTensor weight() {
    return tensor("w", DType.BF16, Shape.of(2, 3), DType.F32, Layout.zero3());
  }

  private static List<TensorGroup> group(FileNaming naming, PlannedTensor... tensors) {
    return List.of(new TensorGroup(List.of(tensors), naming));
  }

  static Stream<List<TensorGroup>> others() {
    return Stream.of(
        List.of(),
        group(FileNaming.model(1001), weight()),
        group(FileNaming.of("adapter_model", 1000), weight()),
        group(FileNaming.state(1000), weight()),
        group(NAMING),
        group(NAMING, weight(), tensor("v", DType.BF16, Shape.of(1), DType.F32, Layout.zero3())),
        group(NAMING, tensor("v", DType.BF16, Shape.of(2, 3), DType.F32, Layout.zero3())),
        group(NAMING, tensor("w", DType.F16, Shape.of(2, 3), DType.F32, Layout.zero3())),
        group(NAMING, tensor("w", DType.BF16, Shape.of(3, 2), DType.F32, Layout.zero3())),
        group(NAMING, tensor("w", DType.BF16, Shape.of(2, 3), DType.BF16, Layout.zero3())),
        group(NAMING, tensor("w", DType.BF16, Shape.of(2, 3), DType.F32, Layout.replicated())));
  }

  @Test
  void equalTensorsArePlannedOnce() {
    PlanCache last = new PlanCache();
    SavePlan first = last.of(SaveOptions.defaults(), group(NAMING, weight()), 2).plan();
    assertSame(first, last.of(SaveOptions.defaults(), group(NAMING, weight()), 2).plan());
  }

  @ParameterizedTest
  @MethodSource("others")
  void whateverDiffersIsPlannedAnew(List<TensorGroup> other) {
    PlanCache last = new PlanCache();
    SavePlan first = last.of(SaveOptions.defaults(), group(NAMING, weight()), 2).plan();
    assertNotSame(first, last.of(SaveOptions.defaults(), other, 2).plan());
  }

  @Test
  void otherOptionsAndWorldsArePlannedAnew() {
    PlanCache last = new PlanCache();
    SavePlan first = last.of(SaveOptions.defaults(), group(NAMING, weight()), 2).plan();
    SaveOptions options = SaveOptions.builder().overwrite(true).build();
    SavePlan second = last.of(options, group(NAMING, weight()), 2).plan();
    assertNotSame(first, second);
    assertNotSame(second, last.of(options, group(NAMING, weight()), 3).plan());
  }
}
