package dev.cairn.torch;

import dev.cairn.device.CudaStream;
import dev.cairn.device.Device;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Makes a {@link ParameterSet} of Bytedeco PyTorch tensors without copying them.
 *
 * <p>It holds a reference to every tensor until {@link #close}, so that their storage stays where
 * it is even if the trainer closes its own: close it after the save has returned (or its snapshot
 * is done). What the tensors hold must not change until then. Tensors on a GPU (with {@code
 * org.bytedeco:pytorch}'s natives for GPUs) are read after the work that is queued, when the save
 * begins, on the stream that was PyTorch's current one when they were added. Not thread-safe.
 */
public final class TorchParameters implements AutoCloseable {
  private final List<Tensor> held = new ArrayList<>();
  private final List<Parameter> parameters = new ArrayList<>();
  private final Function<Device, CudaStream> currentStream;
  private boolean closed;

  /** Starts with no tensors. */
  public TorchParameters() {
    this(device -> CurrentStream.of(device)); // what it names is loaded with the first GPU tensor
  }

  /** Starts with no tensors, for a trainer that computes on a GPU's stream which it names. */
  TorchParameters(Function<Device, CudaStream> currentStream) {
    this.currentStream = currentStream;
  }

  /**
   * Adds a parameter that every rank holds whole.
   *
   * @param name as the state dict has it, once
   * @param tensor contiguous, in host memory or on a GPU
   * @return this
   * @throws IllegalArgumentException if the tensor is not contiguous, or of a kind that safetensors
   *     does not know; call {@code contiguous()} first and keep the result
   */
  public TorchParameters add(String name, Tensor tensor) {
    return add(name, tensor, shapeOf(tensor), Layout.replicated());
  }

  /**
   * Adds a parameter of which this rank holds a part.
   *
   * @param name as the state dict has it, once
   * @param partition this rank's elements, any shape; an empty tensor for a rank that holds none
   * @param shape of the whole parameter
   * @param layout which elements which rank holds
   * @return this
   * @throws IllegalArgumentException as {@link #add(String, Tensor)} does
   */
  public TorchParameters add(String name, Tensor partition, Shape shape, Layout layout) {
    parameters.add(
        Parameter.of(name, shape, dtypeOf(name, partition), layout, borrow(name, partition)));
    return this;
  }

  /**
   * Adds a persistent buffer, which keeps its dtype in every save and which every rank holds whole.
   *
   * @param name as the state dict has it, once
   * @param tensor contiguous, in host memory or on a GPU
   * @return this
   * @throws IllegalArgumentException as {@link #add(String, Tensor)} does
   */
  public TorchParameters addBuffer(String name, Tensor tensor) {
    parameters.add(
        Parameter.buffer(
            name,
            shapeOf(tensor),
            dtypeOf(name, tensor),
            Layout.replicated(),
            borrow(name, tensor)));
    return this;
  }

  /** {@return the parameters in the order in which they were added; usable until {@link #close}} */
  public ParameterSet toSet() {
    checkOpen();
    return ParameterSet.of(parameters);
  }

  private Partition borrow(String name, Tensor tensor) {
    checkOpen();
    if (tensor.layout().intern() != torch.Layout.Strided || !tensor.is_contiguous()) {
      throw new IllegalArgumentException(
          "tensor is not contiguous: tensor=" + name + "; pass tensor.contiguous() and keep it");
    }
    if (tensor.is_conj() || tensor.is_neg()) {
      throw new IllegalArgumentException(
          "tensor is a lazy conjugate or negative: tensor=" + name + "; resolve it first");
    }
    Tensor reference = new Tensor(tensor);
    held.add(reference);
    if (reference.nbytes() == 0) {
      return Partition.empty();
    }
    try (Pointer data = reference.data_ptr()) {
      Device device = deviceOf(name, reference);
      return device.isCpu()
          ? Partition.of(data.address(), reference.nbytes(), device)
          : Partition.of(data.address(), reference.nbytes(), currentStream.apply(device));
    }
  }

  private static Device deviceOf(String name, Tensor tensor) {
    if (tensor.is_cuda()) {
      return Device.cuda(tensor.device().index());
    }
    if (!tensor.is_cpu()) {
      throw new IllegalArgumentException(
          "tensor is neither in host memory nor on an NVIDIA GPU: tensor=" + name);
    }
    return Device.cpu();
  }

  private static Shape shapeOf(Tensor tensor) {
    long[] dimensions = new long[Math.toIntExact(tensor.dim())];
    for (int index = 0; index < dimensions.length; index++) {
      dimensions[index] = tensor.size(index);
    }
    return Shape.of(dimensions);
  }

  private static DType dtypeOf(String name, Tensor tensor) {
    return switch (tensor.scalar_type().intern()) {
      case Double -> DType.F64;
      case Float -> DType.F32;
      case BFloat16 -> DType.BF16;
      case Half -> DType.F16;
      case Long -> DType.I64;
      case Int -> DType.I32;
      case Short -> DType.I16;
      case Char -> DType.I8;
      case Byte -> DType.U8;
      case UInt16 -> DType.U16;
      case UInt32 -> DType.U32;
      case UInt64 -> DType.U64;
      case Bool -> DType.BOOL;
      case ComplexFloat -> DType.C64;
      case Float8_e4m3fn -> DType.F8_E4M3;
      case Float8_e5m2 -> DType.F8_E5M2;
      case Float8_e4m3fnuz -> DType.F8_E4M3FNUZ;
      case Float8_e5m2fnuz -> DType.F8_E5M2FNUZ;
      case Float8_e8m0fnu -> DType.F8_E8M0;
      default ->
          throw new IllegalArgumentException(
              "dtype unknown to safetensors: tensor="
                  + name
                  + ", dtype="
                  + tensor.scalar_type().intern());
    };
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("torch parameters are closed");
    }
  }

  /** Gives the tensors back. The set must not be used any more. */
  @Override
  public void close() {
    closed = true;
    for (int index = held.size() - 1; index >= 0; index--) {
      held.remove(index).close();
    }
  }
}
