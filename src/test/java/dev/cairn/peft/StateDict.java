package dev.cairn.peft;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelFolder;
import dev.cairn.layout.ElementRange;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A model's whole state in a safetensors file, cut into ZeRO-3 partitions. */
public final class StateDict {
  private static final byte POISON = (byte) 0xAB;

  private StateDict() {}

  /** What one rank does. */
  public interface Work<T> {
    /** Does it, on a thread of the rank's own. */
    T on(Communicator communicator) throws Exception;
  }

  /** Returns what {@code rank} holds, padding filled with a poison value. */
  public static ParameterSet zero3(Path file, int rank, int worldSize) throws IOException {
    List<Parameter> parameters = new ArrayList<>();
    try (ModelFolder folder = ModelFolder.open(file)) {
      for (FolderTensor tensor : folder.tensors()) {
        parameters.add(cut(folder, tensor, rank, worldSize));
      }
    }
    return ParameterSet.of(parameters);
  }

  private static Parameter cut(ModelFolder folder, FolderTensor tensor, int rank, int worldSize)
      throws IOException {
    Layout layout = Layout.zero3();
    long padded = layout.paddedElements(tensor.shape(), rank, worldSize);
    ByteBuffer held = ByteBuffer.allocateDirect((int) tensor.dtype().bytes(padded));
    for (ElementRange range : layout.ranges(tensor.shape(), rank, worldSize)) {
      held.limit(held.position() + (int) tensor.dtype().bytes(range.elements()));
      folder.read(tensor.name(), tensor.dtype().bytes(range.begin()), held);
      held.limit(held.capacity());
    }
    while (held.hasRemaining()) {
      held.put(POISON);
    }
    return Parameter.of(
        tensor.name(), tensor.shape(), tensor.dtype(), layout, Partition.of(held.flip()));
  }

  /** Runs the work on every rank at once; returns each result, or each failure. */
  public static List<Object> onRanks(int worldSize, Work<?> work) throws InterruptedException {
    List<Communicator> communicators = Communicator.inProcess(worldSize);
    ExecutorService threads = Executors.newFixedThreadPool(worldSize);
    try {
      List<Future<?>> futures = new ArrayList<>();
      for (Communicator communicator : communicators) {
        futures.add(threads.submit(() -> work.on(communicator)));
      }
      List<Object> results = new ArrayList<>();
      for (Future<?> future : futures) {
        try {
          results.add(future.get());
        } catch (ExecutionException e) {
          results.add(e.getCause());
        }
      }
      return results;
    } finally {
      threads.shutdownNow();
      communicators.forEach(Communicator::close);
    }
  }
}
