package dev.cairn.comm.gloo;

import dev.cairn.comm.channel.MessageGroup;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.gloo.Device;

/** A process group of Cairn's own over Gloo, and its end of the store through which ranks met. */
public final class GlooGroup implements AutoCloseable {
  private final GlooStore store;
  private final ProcessGroupGloo group;

  /**
   * Connects to all other ranks, each of which makes this call; blocks.
   *
   * @param store taken over, also if this throws
   * @param address that this rank listens on
   * @throws RuntimeException if a rank cannot be reached in time, as the binding says it
   */
  public GlooGroup(int rank, int size, GlooStore store, String address, long timeoutMillis) {
    this.store = store;
    try (Milliseconds timeout = new Milliseconds(timeoutMillis);
        Device device = ProcessGroupGloo.createDeviceForHostname(address);
        GlooDeviceVector devices = new GlooDeviceVector(device);
        ProcessGroupGloo.Options options = ProcessGroupGloo.Options.create(timeout)) {
      options.devices(devices);
      options.threads(1);
      group = new ProcessGroupGloo(store.handle(), rank, size, options);
    } catch (RuntimeException e) {
      store.close();
      throw e;
    }
  }

  /** Returns its messages; none is on its way any more when this group is closed. */
  public MessageGroup messages() {
    return new TensorGroup(group.getRank(), group.getSize(), group::send, group::recv);
  }

  @Override
  public void close() {
    group.close();
    store.close(); // Not before the group: the binding deletes a store whoever else holds it.
  }
}
