package dev.cairn.form.check;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A layer that differs from those beside it in one tensor, and layers that differ on purpose. */
class OddLayersTest {
  private final List<TensorInfo> tensors = new ArrayList<>();

  private void add(String name, long... shape) {
    tensors.add(new TensorInfo(name, DType.BF16, Shape.of(shape)));
  }

  private void addLayers(String list, int count, String... names) {
    for (int layer = 0; layer < count; layer++) {
      for (String name : names) {
        add(list + "." + layer + "." + name, 4, 8);
      }
    }
  }

  private Optional<String> found() {
    return OddLayers.find(NumberedLists.of(tensors));
  }

  private void remove(String name) {
    assertEquals(true, tensors.removeIf(tensor -> tensor.name().equals(name)), name);
  }

  @Test
  void tensorThatOneLayerLacksIsFound() {
    addLayers("model.layers", 6, "q.weight", "k.weight", "norm.weight");
    assertEquals(Optional.empty(), found());
    remove("model.layers.3.k.weight");
    assertEquals(
        Optional.of("one layer is odd: model.layers.3.k.weight is not there, 5 others have theirs"),
        found());
  }

  @Test
  void anotherNameIsFound() {
    addLayers("h", 5, "q.weight", "k.weight");
    remove("h.1.k.weight");
    add("h.1.key.weight", 4, 8);
    assertEquals(
        Optional.of("one layer is odd: h.1.k.weight is not there, 4 others have theirs"), found());
  }

  @Test
  void anotherShapeIsFound() {
    addLayers("h", 5, "q.weight", "k.weight");
    remove("h.2.k.weight");
    add("h.2.k.weight", 8, 4);
    assertEquals(
        Optional.of("one layer is odd: h.2.k.weight is [8,4], in 4 others it is [4,8]"), found());
  }

  /** In a model whose first layers are dense, and among the experts of one layer. */
  @Test
  void expertIsComparedWithExperts() {
    addLayers("model.layers", 2, "mlp.up.weight", "mlp.down.weight");
    for (int layer = 2; layer < 6; layer++) {
      addLayers("model.layers." + layer + ".mlp.experts", 8, "up.weight", "down.weight");
    }
    assertEquals(Optional.empty(), found());
    remove("model.layers.4.mlp.experts.5.down.weight");
    assertEquals(
        Optional.of(
            "one layer is odd: model.layers.4.mlp.experts.5.down.weight is not there, 3 others have"
                + " theirs"),
        found());
  }

  /** ModernBERT's first layer has no norm before its attention, a pyramid's last no sampling. */
  @Test
  void firstAndLastLayersMayDiffer() {
    addLayers("model.layers", 6, "q.weight", "norm.weight");
    remove("model.layers.0.norm.weight");
    remove("model.layers.5.norm.weight");
    assertEquals(Optional.empty(), found());
  }

  @Test
  void layersOfKindsThatAreSeldomDiffer() {
    addLayers("model.layers", 3, "q.weight", "k.weight");
    remove("model.layers.1.k.weight");
    assertEquals(Optional.empty(), found()); // two equal ones are too few to tell
  }

  @Test
  void kindOfItsOwnDiffersInMoreThanOneTensor() {
    addLayers("model.layers", 8, "mamba.in.weight", "mamba.out.weight");
    remove("model.layers.4.mamba.in.weight");
    remove("model.layers.4.mamba.out.weight");
    add("model.layers.4.attention.q.weight", 4, 8);
    add("model.layers.4.attention.k.weight", 4, 8);
    assertEquals(Optional.empty(), found());
  }
}
