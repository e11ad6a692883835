package dev.cairn.peft.merge;

import dev.cairn.form.place.Location;
import dev.cairn.tensor.Shape;

/**
 * A parameter that a wrapper may be about, and how its matrices then lie.
 *
 * @param name of the parameter in memory
 * @param layer the wrapper's matrices
 * @param shape that the parameter then has
 * @param kind how an expert's part of it is stored
 */
record ParameterTarget(String name, AdapterTensors.Layer layer, Shape shape, Kind kind) {
  /** How a parameter is stored. */
  enum Kind {
    /** One matrix, outputs x inputs. */
    MATRIX,
    /** Experts x outputs x inputs. */
    OUTPUTS_FIRST,
    /** Experts x inputs x outputs. */
    INPUTS_FIRST
  }

  /** Returns how many experts have a part each. */
  int experts() {
    return kind == Kind.MATRIX ? 1 : Math.toIntExact(shape.dimension(0));
  }

  /** Returns how many elements each expert's part has. */
  long expertElements() {
    return shape.elements() / experts();
  }

  /**
   * A target that the base has.
   *
   * @param target the parameter
   * @param location where the files have it
   */
  record Found(ParameterTarget target, Location location) {}
}
