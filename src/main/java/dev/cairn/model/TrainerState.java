package dev.cairn.model;

import dev.cairn.Checkpoint;
import dev.cairn.json.JsonNumber;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a trainer needs beside the weights to go on where it stopped: tensors such as optimizer
 * moments and fp32 masters, values such as the step and the learning rate, and bytes that each rank
 * has of its own, such as the state of its random number generator. Immutable.
 *
 * <p>Tensors are saved in the dtype they are held in, and restore on any number of ranks. Values
 * are rank 0's. A rank's own bytes are kept under its number; when the number of ranks changes,
 * every rank can read all of them ({@link Checkpoint#rankBytes}) and decides itself.
 */
public final class TrainerState {
  private final ParameterSet tensors;
  private final Map<String, Object> values;
  private final Map<String, byte[]> rankBytes;

  private TrainerState(Builder builder) {
    this.tensors = builder.tensors.isEmpty() ? null : ParameterSet.of(builder.tensors);
    this.values = Collections.unmodifiableMap(new LinkedHashMap<>(builder.values));
    this.rankBytes = Collections.unmodifiableMap(new LinkedHashMap<>(builder.rankBytes));
  }

  /** {@return a builder of an empty state} */
  public static Builder builder() {
    return new Builder();
  }

  /** {@return the tensors, if there are any} */
  public Optional<ParameterSet> tensors() {
    return Optional.ofNullable(tensors);
  }

  /** {@return what is one for all ranks, by name} */
  public Map<String, Object> values() {
    return values;
  }

  /** {@return what this rank has of its own, by name} */
  public Map<String, byte[]> rankBytes() {
    return rankBytes;
  }

  /**
   * {@return this state with other tensors in the place of its own}
   *
   * @param replacement the other tensors
   */
  public TrainerState withTensors(ParameterSet replacement) {
    Builder builder = new Builder();
    builder.tensors.addAll(replacement.parameters());
    builder.values.putAll(values);
    builder.rankBytes.putAll(rankBytes);
    return new TrainerState(builder);
  }

  /** Collects a state. Not thread-safe. */
  public static final class Builder {
    private final List<Parameter> tensors = new ArrayList<>();
    private final Map<String, Object> values = new LinkedHashMap<>();
    private final Map<String, byte[]> rankBytes = new LinkedHashMap<>();

    private Builder() {}

    /**
     * Adds a tensor; its dtype is kept whatever the save's {@code dtype} option says.
     *
     * @param tensor borrowed as a parameter of the model is
     * @return this
     */
    public Builder tensor(Parameter tensor) {
      tensors.add(
          Parameter.buffer(
              tensor.name(), tensor.shape(), tensor.held(), tensor.layout(), tensor.partition()));
      return this;
    }

    /**
     * Adds the tensors of a set as {@link #tensor} does each; the set's ties do not count.
     *
     * @param set names must not be there yet
     * @return this
     */
    public Builder tensors(ParameterSet set) {
      set.parameters().forEach(this::tensor);
      return this;
    }

    /**
     * Adds a whole number.
     *
     * @param name a later value of that name replaces an earlier one
     * @param value read back by {@link Checkpoint#longValue} or {@link Checkpoint#doubleValue}
     * @return this
     */
    public Builder value(String name, long value) {
      values.put(name, JsonNumber.of(value));
      return this;
    }

    /**
     * Adds a number; it is restored bit for bit, NaN and the infinities included.
     *
     * @param name a later value of that name replaces an earlier one
     * @param value read back by {@link Checkpoint#doubleValue}
     * @return this
     */
    public Builder value(String name, double value) {
      values.put(name, new JsonNumber(Double.toString(value)));
      return this;
    }

    /**
     * Adds a text.
     *
     * @param name a later value of that name replaces an earlier one
     * @param value read back by {@link Checkpoint#textValue}
     * @return this
     */
    public Builder value(String name, String value) {
      values.put(name, value);
      return this;
    }

    /**
     * Adds bytes that are this rank's own; a few kilobytes, as they pass through rank 0, which
     * refuses more than about 48 MiB of one rank.
     *
     * @param name need not be the same on every rank
     * @param bytes copied; read back by {@link Checkpoint#rankBytes}
     * @return this
     */
    public Builder rankBytes(String name, byte[] bytes) {
      rankBytes.put(name, bytes.clone());
      return this;
    }

    /**
     * {@return the state}
     *
     * @throws IllegalArgumentException if a tensor's name is empty or there twice
     */
    public TrainerState build() {
      return new TrainerState(this);
    }
  }
}
