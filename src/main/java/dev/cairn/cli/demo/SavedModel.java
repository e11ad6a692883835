package dev.cairn.cli.demo;

import dev.cairn.cli.options.AdapterJob;
import dev.cairn.cli.options.ModelChoice;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a demo saves of the model that the ranks hold, under the names it is saved under. */
final class SavedModel implements DemoModel {
  private final DemoModel whole;
  private final IdentityHashMap<Partition, Integer> indices = new IdentityHashMap<>();
  private final List<TensorInfo> tensors = new ArrayList<>();
  private final List<Integer> wholeIndices = new ArrayList<>();

  /**
   * Finds the part; the whole is closed with it.
   *
   * @throws IllegalArgumentException if the choice matches nothing, or names collide
   */
  SavedModel(DemoModel whole, ModelChoice choice, Optional<AdapterJob> adapter) throws IOException {
    this.whole = whole;
    Map<String, Parameter> chosen = new LinkedHashMap<>();
    for (Parameter parameter : choice.of(parameters()).parameters()) {
      chosen.put(parameter.name(), parameter);
    }
    if (adapter.isEmpty()) {
      chosen.forEach(this::add);
      return;
    }
    Map<String, Shape> shapes = new LinkedHashMap<>();
    chosen.forEach((name, parameter) -> shapes.put(name, parameter.shape()));
    adapter.get().select(shapes).forEach((saved, given) -> add(saved, chosen.get(given)));
  }

  private ParameterSet parameters() {
    List<Parameter> parameters = new ArrayList<>();
    for (int i = 0; i < whole.tensors().size(); i++) {
      int tensor = i;
      TensorInfo info = whole.tensors().get(i);
      Partition partition =
          Partition.of(
              (byteOffset, target) -> whole.read(tensor, byteOffset, target), info.lengthBytes());
      indices.put(partition, tensor);
      parameters.add(
          Parameter.of(info.name(), info.shape(), info.dtype(), Layout.replicated(), partition));
    }
    return ParameterSet.of(parameters);
  }

  private void add(String name, Parameter parameter) {
    tensors.add(new TensorInfo(name, parameter.held(), parameter.shape()));
    wholeIndices.add(indices.get(parameter.partition()));
  }

  @Override
  public List<TensorInfo> tensors() {
    return tensors;
  }

  @Override
  public void read(int tensor, long byteOffset, ByteBuffer target) throws IOException {
    whole.read(wholeIndices.get(tensor), byteOffset, target);
  }

  @Override
  public void close() throws IOException {
    whole.close();
  }
}
