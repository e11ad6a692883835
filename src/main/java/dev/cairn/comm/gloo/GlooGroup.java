package dev.cairn.comm.gloo;

import dev.cairn.comm.channel.MessageGroup;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.gloo.Device;

/** A process group of Cairn's own over Gloo. */
final class GlooGroup implements AutoCloseable {
  private final AddressBook addresses;
  private final ProcessGroupGloo group;

  /**
   * Waits until the book has every rank's address, and connects to all of them; blocks.
   *
   * <p>Each rank is connected to each other one, though bulk goes to and from rank 0 only. Gloo can
   * leave a pair unconnected until its first message, but then even beginning to receive blocks,
   * and so can the end of a group that was cancelled: no rank could be told that another one died.
   *
   * @param addresses not closed if this throws
   * @param own this rank's address, which it listens on
   * @throws RuntimeException if they do not come in time, as the binding says it
   */
  GlooGroup(int rank, int size, AddressBook addresses, String own, long timeoutMillis) {
    this.addresses = addresses;
    try (Milliseconds timeout = new Milliseconds(timeoutMillis);
        Device device = ProcessGroupGloo.createDeviceForHostname(own);
        GlooDeviceVector devices = new GlooDeviceVector(device);
        ProcessGroupGloo.Options options = ProcessGroupGloo.Options.create(timeout)) {
      options.devices(devices);
      options.threads(1);
      group = new ProcessGroupGloo(addresses.handle(), rank, size, options);
    }
  }

  /** Returns its messages; none is on its way any more when this group is closed. */
  MessageGroup messages() {
    return new TensorGroup(group.getRank(), group.getSize(), group::send, group::recv);
  }

  @Override
  public void close() {
    group.close();
    addresses.close(); // Not before the group: the binding deletes a store whoever else holds it.
  }
}
