package dev.cairn.cli.demo;

import dev.cairn.model.ParameterSet;

/** One rank's share of a model, wherever its memory is. */
interface RankShare extends AutoCloseable {
  /** Returns the parameters; their memory is valid until {@link #close}. */
  ParameterSet parameters();

  @Override
  void close();
}
