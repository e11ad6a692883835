package dev.cairn.peft.merge;

import dev.cairn.kernels.Kernels;
import dev.cairn.machine.CloseAll;
import dev.cairn.peft.stored.FloatTensor;
import dev.cairn.peft.stored.MergeMemory;
import dev.cairn.peft.stored.StoredWeight;
import dev.cairn.peft.stored.StoredWeights;
import dev.cairn.peft.stored.Turns;
import dev.cairn.peft.stored.WeightSource;
import java.io.IOException;

/**
 * Reads an adapter's matrices as F32. One of whose columns many experts want some each is read once
 * around their turn. Any thread.
 */
final class AdapterMatrices implements AutoCloseable {
  private static final long MAX_IDLE_BYTES = 64 << 20;

  private final StoredWeights adapter;
  private final Kernels kernels;
  private final MergeMemory pool = new MergeMemory();
  private final Turns<Columns, ExpertColumns> columns =
      new Turns<>(MAX_IDLE_BYTES, key -> new ExpertColumns(key.matrix(), key.experts(), this));

  /** A matrix, and how many experts share its columns. */
  private record Columns(StoredWeight matrix, int experts) {}

  /** Borrows an open adapter. */
  AdapterMatrices(StoredWeights adapter, Kernels kernels) {
    this.adapter = adapter;
    this.kernels = kernels;
  }

  /** Returns the memory that everything of the adapter is in. */
  MergeMemory pool() {
    return pool;
  }

  Kernels kernels() {
    return kernels;
  }

  /** Returns elements of a tensor. */
  FloatTensor read(StoredWeight tensor, long first, long elements) throws IOException {
    return FloatTensor.read(new WeightSource(adapter, tensor), first, elements, kernels, pool);
  }

  /** Returns one expert's columns of a matrix, as a matrix. */
  FloatTensor readColumns(StoredWeight matrix, ExpertSlice expert) throws IOException {
    try (var lease = columns.take(new Columns(matrix, expert.count()))) {
      return lease.value().copy(expert.index());
    }
  }

  @Override
  public void close() {
    CloseAll.of(pool, columns).close();
  }
}
