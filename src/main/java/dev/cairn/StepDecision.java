package dev.cairn;

/**
 * What to do after a step, the same on every rank.
 *
 * @param save whether to save now, before the next step
 * @param stop whether to train no further
 */
public record StepDecision(boolean save, boolean stop) {}
