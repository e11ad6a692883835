package dev.cairn.example;

import dev.cairn.comm.Communicator;
import dev.cairn.torch.TorchCommunicators;
import java.io.IOException;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.gloo.Device;

/**
 * This process among its ranks: PyTorch's Gloo group, which trains, and Cairn's communicator, which
 * joins through the same store. RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT say who and where.
 */
@SuppressWarnings("try") // a PointerScope frees what is made while it is open
final class Group implements AutoCloseable {
  private static final long TIMEOUT_MILLIS = 60_000;

  private final int rank = Integer.parseInt(variable("RANK", "0"));
  private final int size = Integer.parseInt(variable("WORLD_SIZE", "1"));
  private final TCPStore store;
  private final ProcessGroupGloo gloo;
  private final Communicator communicator;

  /** Waits until all ranks have come. */
  Group() throws IOException {
    String host = variable("MASTER_ADDR", "127.0.0.1");
    try (Milliseconds timeout = new Milliseconds(TIMEOUT_MILLIS);
        TCPStoreOptions where = new TCPStoreOptions();
        Device device = ProcessGroupGloo.createDeviceForHostname(host);
        GlooDeviceVector devices = new GlooDeviceVector(device);
        ProcessGroupGloo.Options options = ProcessGroupGloo.Options.create(timeout)) {
      where.port((short) Integer.parseInt(variable("MASTER_PORT", "0")));
      where.isServer(rank == 0).waitWorkers(false).timeout(timeout);
      store = new TCPStore(host, where);
      options.devices(devices);
      options.threads(1);
      gloo = new ProcessGroupGloo(store, rank, size, options);
    }
    communicator = TorchCommunicators.over(store, rank, size, host);
  }

  private static String variable(String name, String otherwise) {
    return System.getenv().getOrDefault(name, otherwise);
  }

  int rank() {
    return rank;
  }

  int size() {
    return size;
  }

  /** Returns what saves go through; closed with this group. */
  Communicator communicator() {
    return communicator;
  }

  /** Waits for a work and frees it: left to the collector it may outlive the group it uses. */
  private static void finish(Work work) {
    try (work) {
      work._wait();
    }
  }

  /** Fills {@code all} with the slices of all ranks, in rank order. */
  void gather(Tensor all, Tensor slice) {
    finish(gloo._allgather_base(all, slice));
  }

  /** Fills {@code slice} with this rank's part of the sum of what all ranks have. */
  void sum(Tensor slice, Tensor all) {
    finish(gloo._reduce_scatter_base(slice, all));
  }

  /** Returns the mean over all ranks of a number that each has. */
  double mean(Tensor number) {
    try (PointerScope scope = new PointerScope()) {
      Tensor sum = number.detach().clone();
      finish(gloo.allreduce(new TensorVector(sum)));
      return sum.item_double() / size;
    }
  }

  /** Returns rank 0's answer on every rank. */
  boolean agree(boolean answer) {
    try (Tensor asked = Tensor.create(rank == 0 && answer ? 1f : 0f)) {
      return mean(asked) > 0;
    }
  }

  @Override
  public void close() {
    communicator.close();
    gloo.close();
    store.close();
  }
}
