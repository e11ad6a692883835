package dev.cairn.policy;

import dev.cairn.tensor.Shape;

/**
 * A parameter of a model, short of its values.
 *
 * @param name its name in the state dict, {@code model.layers.0.mlp.up_proj.weight}
 * @param shape its dimensions
 */
public record WeightShape(String name, Shape shape) {}
