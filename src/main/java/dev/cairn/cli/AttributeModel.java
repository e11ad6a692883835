package dev.cairn.cli;

import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The part of a model below one attribute, under the names it has without it. */
final class AttributeModel implements DemoModel {
  private final DemoModel whole;
  private final List<TensorInfo> tensors = new ArrayList<>();
  private final List<Integer> indices = new ArrayList<>();

  /**
   * Finds the part; the whole is closed with it.
   *
   * @throws IllegalArgumentException if there is none; the message lists the attributes there are
   */
  AttributeModel(DemoModel whole, String attribute) {
    this.whole = whole;
    String prefix = attribute + ".";
    Set<String> attributes = new TreeSet<>();
    for (int i = 0; i < whole.tensors().size(); i++) {
      TensorInfo tensor = whole.tensors().get(i);
      if (tensor.name().startsWith(prefix)) {
        String inner = tensor.name().substring(prefix.length());
        tensors.add(new TensorInfo(inner, tensor.dtype(), tensor.shape()));
        indices.add(i);
      }
      if (tensor.name().indexOf('.') > 0) {
        attributes.add(tensor.name().substring(0, tensor.name().indexOf('.')));
      }
    }
    if (tensors.isEmpty()) {
      throw new IllegalArgumentException(
          "no such attribute: attribute=%s, expected one of %s".formatted(attribute, attributes));
    }
  }

  @Override
  public List<TensorInfo> tensors() {
    return tensors;
  }

  @Override
  public void read(int tensor, long byteOffset, ByteBuffer target) throws IOException {
    whole.read(indices.get(tensor), byteOffset, target);
  }

  @Override
  public void close() throws IOException {
    whole.close();
  }
}
