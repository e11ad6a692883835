package dev.cairn.form;

import dev.cairn.tensor.Shape;
import java.util.List;
import java.util.Objects;

/**
 * A tensor as files have it, and the runs of tensors in memory that are its elements. Immutable.
 */
public final class PublishedTensor {
  private final String name;
  private final Shape shape;

  // Most have one run, and a model has many: it stands here, and is an object when it is asked for.
  private final int source;
  private final long begin;
  private final long elements;
  private final List<Run> several; // null if there is one

  /**
   * Creates one that is a run of one tensor in memory.
   *
   * @param name in the file
   * @param shape in the file
   * @param source index of the tensor in memory
   * @param begin its first element
   */
  PublishedTensor(String name, Shape shape, int source, long begin) {
    this.name = Objects.requireNonNull(name, "name");
    this.shape = shape;
    this.source = source;
    this.begin = begin;
    this.elements = shape.elements();
    this.several = null;
  }

  /**
   * Creates one.
   *
   * @param name in the file
   * @param shape in the file
   * @param runs its elements
   */
  PublishedTensor(String name, Shape shape, List<Run> runs) {
    boolean isOne = runs.size() == 1;
    this.name = Objects.requireNonNull(name, "name");
    this.shape = shape;
    this.source = isOne ? runs.get(0).source() : -1;
    this.begin = isOne ? runs.get(0).begin() : 0;
    this.elements = isOne ? runs.get(0).elements() : 0;
    this.several = isOne ? null : List.copyOf(runs);
  }

  /** {@return the name in the file} */
  public String name() {
    return name;
  }

  /** {@return the shape in the file} */
  public Shape shape() {
    return shape;
  }

  /** {@return the runs of tensors in memory that are its elements, one after the other} */
  public List<Run> runs() {
    return several == null ? List.of(new Run(source, begin, elements)) : several;
  }

  /** Returns the same part of other tensors, under another name. */
  PublishedTensor of(List<Integer> sources, String newName) {
    return several == null
        ? new PublishedTensor(newName, shape, sources.get(source), begin)
        : new PublishedTensor(
            newName,
            shape,
            several.stream().map(run -> run.of(sources.get(run.source()))).toList());
  }

  /**
   * {@return the index of the tensor in memory that this is, all of it and nothing else; -1 if it
   * is not one}
   *
   * @param memory what the form was applied to
   */
  public int whole(List<MemoryTensor> memory) {
    return several == null && begin == 0 && memory.get(source).shape().equals(shape) ? source : -1;
  }

  @Override
  public String toString() {
    return name + shape + runs();
  }
}
