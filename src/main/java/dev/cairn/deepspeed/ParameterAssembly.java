package dev.cairn.deepspeed;

import dev.cairn.content.Content;
import dev.cairn.content.TensorContent;
import dev.cairn.deepspeed.saved.ModelStates;
import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.StoredTensor;
import dev.cairn.torchfile.Strides;
import dev.cairn.torchfile.TensorRef;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Puts the parameters of a checkpoint together in the order of the module's state dict.
 *
 * <p>What only the module holds is a frozen parameter (ZeRO-1 writes no frozen fields) or, where it
 * is the same view of the same storage as another, an alias (old versions wrote no shared names).
 */
final class ParameterAssembly {
  private final ModelStates model;
  private final DType othersDType;
  private final Map<String, CheckpointParameter> own = new LinkedHashMap<>();

  private ParameterAssembly(ModelStates model) {
    this.model = model;
    this.othersDType = model.heldDType();
  }

  /** Returns all parameters and buffers. */
  static List<CheckpointParameter> of(
      ModelStates model,
      List<Map<String, Shape>> groups,
      Map<String, Content> trainable,
      Map<String, Content> frozen)
      throws CorruptFileException {
    ParameterAssembly assembly = new ParameterAssembly(model);
    for (Map<String, Shape> group : groups) {
      assembly.addOwn(group, ParameterKind.TRAINABLE, trainable);
    }
    assembly.addOwn(model.frozenShapes(), ParameterKind.FROZEN, frozen);
    for (String name : model.bufferNames()) {
      assembly.addBuffer(name);
    }
    return assembly.inOrder();
  }

  private void addOwn(Map<String, Shape> shapes, ParameterKind kind, Map<String, Content> contents)
      throws CorruptFileException {
    for (Map.Entry<String, Shape> entry : shapes.entrySet()) {
      String name = entry.getKey();
      Content content = contents.get(name);
      StoredTensor held = model.module().get(name);
      add(
          new CheckpointParameter(
              name,
              entry.getValue(),
              kind,
              heldDType(held, content),
              null,
              content,
              held != null && held.shape().equals(entry.getValue())
                  ? new TensorContent(held)
                  : null));
    }
  }

  /** The experts of a universal checkpoint are not in the module; the others' dtype is theirs. */
  private DType heldDType(StoredTensor held, Content content) {
    return held != null ? held.dtype() : model.module().isEmpty() ? content.dtype() : othersDType;
  }

  private void addBuffer(String name) throws CorruptFileException {
    StoredTensor stored = model.module().get(name);
    if (stored == null) {
      throw new CorruptFileException(
          "buffer is missing from the module: buffer="
              + Printable.of(name)
              + ", file="
              + model.file());
    }
    add(stored(name, stored, ParameterKind.BUFFER));
  }

  private static CheckpointParameter stored(String name, StoredTensor stored, ParameterKind kind) {
    return new CheckpointParameter(
        name, stored.shape(), kind, stored.dtype(), null, new TensorContent(stored), null);
  }

  private void add(CheckpointParameter parameter) throws CorruptFileException {
    try {
      parameter.storedDType().bytes(parameter.shape().elements());
    } catch (ArithmeticException e) {
      throw new CorruptFileException(
          "element count overflows: parameter="
              + Printable.of(parameter.name())
              + ", shape="
              + parameter.shape()
              + ", file="
              + model.file(),
          e);
    }
    if (own.put(parameter.name(), parameter) != null) {
      throw new CorruptFileException(
          "parameter is there twice: parameter="
              + Printable.of(parameter.name())
              + ", expected trainable, frozen or a buffer, file="
              + model.file());
    }
  }

  private List<CheckpointParameter> inOrder() throws CorruptFileException {
    Map<String, CheckpointParameter> all = new LinkedHashMap<>();
    Map<View, String> views = new HashMap<>();
    for (Map.Entry<String, StoredTensor> entry : model.module().entrySet()) {
      if (own.containsKey(entry.getKey())) {
        views.putIfAbsent(View.of(entry.getValue()), entry.getKey());
      }
    }
    for (Map.Entry<String, StoredTensor> entry : model.module().entrySet()) {
      CheckpointParameter parameter = find(entry.getKey(), entry.getValue(), views);
      if (parameter != null) {
        all.put(entry.getKey(), parameter);
      }
    }
    own.forEach(all::putIfAbsent); // left out of the module when the save left the frozen out
    for (Map.Entry<String, String> shared : model.sharedNames().entrySet()) {
      CheckpointParameter target = own.get(shared.getValue());
      if (target != null && !all.containsKey(shared.getKey())) {
        all.put(shared.getKey(), target.alias(shared.getKey(), target.heldDType()));
      }
    }
    return new ArrayList<>(all.values());
  }

  /** Returns the parameter of a module entry, or null where the save left its content out. */
  private CheckpointParameter find(String name, StoredTensor held, Map<View, String> views)
      throws CorruptFileException {
    CheckpointParameter parameter = own.get(name);
    if (parameter != null) {
      return parameter;
    }
    String targetName = model.sharedNames().get(name);
    if (targetName == null) {
      targetName = views.get(View.of(held));
    }
    CheckpointParameter target = targetName == null ? null : own.get(targetName);
    if (target != null) {
      return target.alias(name, held.dtype());
    }
    if (held.elements() > 0) {
      views.putIfAbsent(View.of(held), name);
      add(stored(name, held, ParameterKind.FROZEN));
      return own.get(name);
    }
    throw new CorruptFileException(
        "parameter has no content: parameter="
            + Printable.of(name)
            + ", expected it in param_shapes, frozen_param_shapes, shared_params or buffer_names,"
            + " file="
            + model.file());
  }

  /** What makes two names of a module one tensor. */
  record View(Path file, String storageKey, long elementOffset, Shape shape, Strides strides) {
    static View of(StoredTensor stored) {
      TensorRef tensor = stored.tensor();
      return new View(
          stored.file(),
          tensor.storageKey(),
          tensor.elementOffset(),
          tensor.shape(),
          tensor.strides());
    }
  }
}
