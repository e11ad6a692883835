package dev.cairn.example;

import dev.cairn.layout.Layout;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.tensor.Shape;
import dev.cairn.torch.TorchParameters;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Parameters under ZeRO-3: this rank keeps its slice of each one, and of Adam's two moments, in
 * F32, and nothing else between steps. The slices of all parameters lie one after the other, so
 * that one message gathers them.
 */
@SuppressWarnings("try") // a PointerScope frees what is made while it is open
final class ZeroThree implements AutoCloseable {
  private static final double BETA1 = 0.9;
  private static final double BETA2 = 0.99;
  private static final double EPSILON = 1e-8;

  private record Slot(String name, Shape shape, long begin, long sliceElements) {}

  private final Group group;
  private final List<Slot> slots = new ArrayList<>();
  private final long sliceElements;
  private final Tensor masters;
  private final Tensor means;
  private final Tensor squares;
  private final List<TorchParameters> borrowed = new ArrayList<>();

  /** Cuts each parameter that {@code initial} returns, the same on every rank. */
  ZeroThree(Group group, Map<String, Shape> shapes, BiFunction<String, Shape, Tensor> initial) {
    this.group = group;
    long begin = 0;
    for (Map.Entry<String, Shape> entry : shapes.entrySet()) {
      Shape shape = entry.getValue();
      long slice = (shape.elements() + group.size() - 1) / group.size();
      slots.add(new Slot(entry.getKey(), shape, begin, slice));
      begin += slice;
    }
    sliceElements = begin;
    masters = torch.zeros(sliceElements);
    means = torch.zeros(sliceElements);
    squares = torch.zeros(sliceElements);
    try (PointerScope scope = new PointerScope()) {
      for (Slot slot : slots) {
        Tensor slices = slices(slot, initial.apply(slot.name, slot.shape));
        part(masters, slot).copy_(slices.select(0, group.rank()));
      }
    }
  }

  /** Returns the parameter padded and cut, [rank, slice]. */
  private Tensor slices(Slot slot, Tensor whole) {
    long padding = slot.sliceElements * group.size() - slot.shape.elements();
    return torch.constant_pad_nd(whole.reshape(-1), 0, padding).view(group.size(), -1);
  }

  private static Tensor part(Tensor slices, Slot slot) {
    return slices.narrow(slices.dim() - 1, slot.begin, slot.sliceElements);
  }

  /** Returns all parameters whole, to compute one step with. */
  Map<String, Tensor> gather() {
    Tensor all = torch.empty(group.size(), sliceElements);
    group.gather(all.view(-1), masters);
    Map<String, Tensor> whole = new LinkedHashMap<>();
    for (Slot slot : slots) {
      Tensor padded = part(all, slot).reshape(-1);
      Tensor parameter =
          padded.narrow(0, 0, slot.shape.elements()).view(slot.shape.toArray()).detach();
      whole.put(slot.name, parameter.requires_grad_(true));
    }
    return whole;
  }

  /** Takes one step of Adam with the mean over all ranks of the gradients that were computed. */
  void step(Map<String, Tensor> whole, long step, double rate) {
    Tensor all = torch.empty(group.size(), sliceElements);
    for (Slot slot : slots) {
      part(all, slot).copy_(slices(slot, whole.get(slot.name).grad()));
    }
    Tensor gradient = torch.empty(sliceElements);
    group.sum(gradient, all.view(-1));
    gradient.div_(new Scalar((double) group.size()));
    means.mul_(new Scalar(BETA1)).add_(gradient, new Scalar(1 - BETA1));
    squares.mul_(new Scalar(BETA2)).addcmul_(gradient, gradient, new Scalar(1 - BETA2));
    double spread = Math.sqrt(1 - Math.pow(BETA2, (double) step));
    Tensor width = squares.sqrt().div_(new Scalar(spread)).add_(new Scalar(EPSILON));
    masters.addcdiv_(means, width, new Scalar(-rate / (1 - Math.pow(BETA1, (double) step))));
  }

  /** Returns the slices of the parameters, where they lie; valid until this is closed. */
  ParameterSet parameters() {
    return set("", masters);
  }

  /** Returns what goes on beside them: the same in F32, and Adam's moments. */
  TrainerState.Builder state() {
    return TrainerState.builder()
        .tensors(set("master.", masters))
        .tensors(set("mean.", means))
        .tensors(set("square.", squares));
  }

  private ParameterSet set(String prefix, Tensor slices) {
    TorchParameters parameters = new TorchParameters();
    borrowed.add(parameters);
    for (Slot slot : slots) {
      Tensor slice = part(slices, slot);
      parameters.add(prefix + slot.name, slice, slot.shape, Layout.zero3());
    }
    return parameters.toSet();
  }

  @Override
  public void close() {
    borrowed.forEach(TorchParameters::close);
    masters.close();
    means.close();
    squares.close();
  }
}
