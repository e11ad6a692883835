package dev.cairn.torchfile;

import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.PickleValue.Dictionary;
import dev.cairn.torchfile.PickleValue.Global;
import dev.cairn.torchfile.PickleValue.Inert;
import dev.cairn.torchfile.PickleValue.Sequence;
import dev.cairn.torchfile.PickleValue.Skipped;
import dev.cairn.torchfile.PickleValue.Storage;
import java.nio.file.Path;

/**
 * Understands the values of one pickle that a checkpoint needs: tensors, shapes, names, numbers.
 *
 * <p>Whatever is needed and not understood is an error that names the place in the checkpoint, and
 * the global and its byte position where there is one. Never recurses.
 */
public final class TorchTensors {
  private static final String UTILS = "torch._utils";
  private static final int MAX_WRAPPERS = 8;
  private static final int MAX_DIMENSIONS = 64;

  private final Path file;

  public TorchTensors(Path file) {
    this.file = file;
  }

  public Path file() {
    return file;
  }

  /** Returns whether {@code value} is what a tensor or parameter is rebuilt from. */
  public static boolean isTensor(Object value) {
    return value instanceof Inert made
        && (made.global().module().equals(UTILS)
            || made.global().is("torch._tensor", "_rebuild_from_type_v2"))
        && made.global().name().startsWith("_rebuild");
  }

  /**
   * Returns the tensor that {@code value} describes.
   *
   * @param what its place in the checkpoint, for messages
   */
  public TensorRef tensor(Object value, String what) throws CorruptFileException {
    Object current = value;
    for (int i = 0; i < MAX_WRAPPERS && current instanceof Inert made; i++) {
      Global global = made.global();
      if (global.is(UTILS, "_rebuild_parameter")
          || global.is(UTILS, "_rebuild_parameter_with_state")) {
        current = made.argument(0);
      } else if (global.is("torch._tensor", "_rebuild_from_type_v2")
          && made.argument(0) instanceof Global function) {
        current = new Inert(function, made.argument(2));
      } else if (global.is(UTILS, "_rebuild_tensor_v2")) {
        return describe(made, null, 6, what);
      } else if (global.is(UTILS, "_rebuild_tensor_v3")) {
        return describe(made, dtype(made.argument(6), what), 7, what);
      } else {
        break;
      }
    }
    throw notUnderstood(current, what, "a tensor");
  }

  private TensorRef describe(Inert made, DType given, int metadataIndex, String what)
      throws CorruptFileException {
    if (!(made.argument(0) instanceof Storage storage)) {
      throw notUnderstood(made.argument(0), what, "a storage");
    }
    if (made.argument(metadataIndex) instanceof Dictionary metadata
        && !metadata.entries().isEmpty()) {
      throw new CorruptFileException(
          "lazily conjugated or negated tensor not supported: " + what + at());
    }
    DType dtype = TorchTypes.ofStorage(storage.type());
    long storageElements = storage.elements();
    if (dtype == null && given != null && TorchTypes.isUntyped(storage.type())) {
      dtype = given;
      storageElements = storage.elements() / (given.bits() / 8);
    }
    if (dtype == null) {
      throw notUnderstood(storage.type(), what, "a storage class on Cairn's list");
    }
    Shape shape = shape(made.argument(2), what);
    long[] steps = longs(made.argument(3), what + " stride");
    TensorRef tensor =
        new TensorRef(
            storage.key(),
            storageElements,
            dtype,
            number(made.argument(1), what + " storage offset"),
            shape,
            Strides.of(steps));
    checkBounds(tensor, steps, what);
    return tensor;
  }

  private void checkBounds(TensorRef tensor, long[] steps, String what)
      throws CorruptFileException {
    boolean fine =
        steps.length == tensor.shape().dimensions()
            && tensor.elementOffset() >= 0
            && tensor.storageElements() >= 0;
    for (long step : steps) {
      fine &= step >= 0;
    }
    if (fine && tensor.shape().elements() > 0) {
      try {
        long last = Math.addExact(tensor.elementOffset(), tensor.strides().span(tensor.shape()));
        fine = last < tensor.storageElements();
      } catch (ArithmeticException e) {
        fine = false;
      }
    }
    if (!fine) {
      throw new CorruptFileException(
          "tensor does not fit its storage: "
              + what
              + ", shape="
              + tensor.shape()
              + ", strides="
              + tensor.strides()
              + ", elementOffset="
              + tensor.elementOffset()
              + ", expected at most "
              + tensor.storageElements()
              + " elements"
              + at());
    }
  }

  /**
   * Returns the element type that {@code value} names.
   *
   * @param what its place in the checkpoint, for messages
   */
  public DType dtype(Object value, String what) throws CorruptFileException {
    DType dtype = TorchTypes.ofDType(value);
    if (dtype == null) {
      throw notUnderstood(value, what, "a dtype");
    }
    return dtype;
  }

  /** Returns the shape that a tuple, a list or a {@code torch.Size} of extents gives. */
  public Shape shape(Object value, String what) throws CorruptFileException {
    Object extents = value;
    if (value instanceof Inert size && size.global().is("torch", "Size")) {
      extents = size.arguments() == 0 ? new Sequence(0) : size.argument(0);
    }
    long[] dimensions = longs(extents, what + " shape");
    try {
      return Shape.of(dimensions);
    } catch (IllegalArgumentException e) {
      throw new CorruptFileException(e.getMessage() + ": " + what + at(), e);
    }
  }

  private long[] longs(Object value, String what) throws CorruptFileException {
    if (!(value instanceof Sequence list)) {
      throw notUnderstood(value, what, "a tuple of numbers");
    }
    if (list.size() > MAX_DIMENSIONS) {
      throw new CorruptFileException(
          "too many dimensions: "
              + what
              + ", dimensions="
              + list.size()
              + ", expected at most "
              + MAX_DIMENSIONS
              + at());
    }
    long[] numbers = new long[list.size()];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = number(list.get(i), what);
    }
    return numbers;
  }

  public long number(Object value, String what) throws CorruptFileException {
    if (value instanceof Long number) {
      return number;
    }
    throw notUnderstood(value, what, "a whole number");
  }

  public String text(Object value, String what) throws CorruptFileException {
    if (value instanceof String text) {
      return text;
    }
    throw notUnderstood(value, what, "a text");
  }

  public Dictionary dictionary(Object value, String what) throws CorruptFileException {
    if (value instanceof Dictionary dictionary) {
      return dictionary;
    }
    throw notUnderstood(value, what, "a dict");
  }

  public Sequence list(Object value, String what) throws CorruptFileException {
    if (value instanceof Sequence list) {
      return list;
    }
    throw notUnderstood(value, what, "a list");
  }

  CorruptFileException notUnderstood(Object value, String what, String expected) {
    return new CorruptFileException(
        "checkpoint value not understood: "
            + what
            + "="
            + name(value)
            + ", expected "
            + expected
            + at());
  }

  private static String name(Object value) {
    if (value instanceof Inert made) {
      return name(made.global());
    } else if (value instanceof Global global) {
      return "global " + Printable.of(global.fullName()) + " at position " + global.position();
    } else if (value instanceof Sequence list) {
      return "a list of " + list.size();
    } else if (value instanceof Dictionary dictionary) {
      return "a dict of " + dictionary.entries().size();
    } else if (value instanceof Storage) {
      return "a storage";
    } else if (value instanceof Skipped skipped) {
      return skipped.lengthBytes() + " bytes";
    } else if (value instanceof String) {
      return "a text";
    }
    return String.valueOf(value);
  }

  private String at() {
    return ", file=" + file;
  }
}
