package dev.cairn.form.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LayerGapsTest {
  /** Three tensors in each layer of a list. */
  private static List<TensorInfo> model(String list, String numbers) {
    List<TensorInfo> tensors = new ArrayList<>();
    for (String number : numbers.split(" ", -1)) {
      for (String tensor : List.of("q", "k", "v")) {
        tensors.add(new TensorInfo(list + number + "." + tensor, DType.F32, Shape.of(1)));
      }
    }
    return tensors;
  }

  @ParameterizedTest
  @CsvSource({
    "model.layers., 1, 2, 0",
    "model.layers., 1 2, 3, 0",
    "model.layers., 0 1 3, 4, 2",
  })
  void layersThatAConfigCountsAreMissed(String list, String numbers, long layers, int missing) {
    List<TensorInfo> tensors = model(list, numbers);
    String last = numbers.substring(numbers.length() - 1);
    String expected =
        "layers are left out: %s%d is not there, but %s%s is".formatted(list, missing, list, last);
    assertEquals(Optional.of(expected), Suspicions.leftOut(tensors, layers));
    assertEquals(List.of(expected), Suspicions.of(tensors, false));
  }

  @ParameterizedTest
  @CsvSource({
    "model.layers., 0 1, 2",
    "model.layers., 1, 3",
    "head.layers., 0 2, 3",
    "model.experts., 1, 2",
    "model.layers., 0 2 4, 5",
  })
  void otherListsAreNot(String list, String numbers, long layers) {
    assertEquals(Optional.empty(), Suspicions.leftOut(model(list, numbers), layers));
  }
}
