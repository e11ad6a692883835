package dev.cairn.torch;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.KeyValueStore;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.gloo.NativeErrors;
import dev.cairn.comm.gloo.TensorGroup;
import java.io.IOException;
import java.util.Optional;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.ByteVector;
import org.bytedeco.pytorch.ProcessGroup;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.StringVector;

/** Communicators of ranks that have met before, through a store or group of Bytedeco PyTorch. */
public final class TorchCommunicators {
  private TorchCommunicators() {}

  /**
   * Joins a group whose ranks all reach this store, with the timeouts that the environment sets.
   *
   * @param store as in {@link #over(Store, int, int, String, Timeouts)}
   * @param rank this rank's number, from 0
   * @param size how many ranks there are
   * @param rankZeroHost as in {@link #over(Store, int, int, String, Timeouts)}
   * @return this process's rank in the complete group
   * @throws CommunicationException if ranks are missing at the timeout, naming them
   */
  public static Communicator over(Store store, int rank, int size, String rankZeroHost)
      throws CommunicationException {
    return over(store, rank, size, rankZeroHost, Timeouts.fromEnvironment(System.getenv()));
  }

  /**
   * Joins a group whose ranks all reach this store. Collective, in that every rank has to join
   * before the timeout; a store serves one such call of each rank at a time.
   *
   * <p>Lend the store itself: Bytedeco PyTorch ends the process when one store is handed to a
   * second native object, be it a {@code PrefixStore} or a process group.
   *
   * @param store of any kind; borrowed: not closed here, and not used any more once this returns.
   *     Nobody else uses this object meanwhile. It keeps one key, {@code cairn/rank0}
   * @param rank this rank's number, from 0
   * @param size how many ranks there are
   * @param rankZeroHost name or address by which the other ranks reach rank 0's host, usually
   *     MASTER_ADDR; the one given on rank 0 counts
   * @param timeouts how long ranks wait for each other
   * @return this process's rank in the complete group
   * @throws CommunicationException if ranks are missing at the timeout, naming them
   * @throws IllegalArgumentException if {@code rank} is outside [0, size)
   */
  public static Communicator over(
      Store store, int rank, int size, String rankZeroHost, Timeouts timeouts)
      throws CommunicationException {
    return Communicator.over(new LentStore(store), rank, size, rankZeroHost, timeouts);
  }

  /**
   * Joins the ranks of a process group of the trainer's, whose messages then carry the bulk of
   * saves. Collective, in that every rank has to join before the timeout.
   *
   * <p>The group is used while this call and later collective calls run, and never in between; a
   * save in the background makes a group of Cairn's own first, and so does the next save after a
   * failed one. Nobody else uses the group meanwhile. A save that failed may leave messages in it
   * which nobody takes: make a new group to go on training.
   *
   * @param group one that carries tensors in host memory, as Gloo's do; borrowed until the
   *     communicator is closed, never closed here
   * @param rankZeroHost name or address by which the other ranks reach rank 0's host, usually
   *     MASTER_ADDR; the one given on rank 0 counts
   * @param timeouts how long ranks wait for each other
   * @return this process's rank, the one that it has in the group
   * @throws CommunicationException if ranks are missing at the timeout, naming them
   */
  public static Communicator over(ProcessGroup group, String rankZeroHost, Timeouts timeouts)
      throws CommunicationException {
    return over(
        new TensorGroup(group.getRank(), group.getSize(), group::send, group::recv),
        rankZeroHost,
        timeouts);
  }

  /**
   * Joins the ranks of one backend of a process group, for example a {@code ProcessGroupGloo}.
   *
   * @param backend as in {@link #over(ProcessGroup, String, Timeouts)}
   * @param rankZeroHost as in {@link #over(ProcessGroup, String, Timeouts)}
   * @param timeouts how long ranks wait for each other
   * @return this process's rank, the one that it has in the group
   * @throws CommunicationException if ranks are missing at the timeout, naming them
   */
  public static Communicator over(Backend backend, String rankZeroHost, Timeouts timeouts)
      throws CommunicationException {
    return over(
        new TensorGroup(backend.getRank(), backend.getSize(), backend::send, backend::recv),
        rankZeroHost,
        timeouts);
  }

  private static Communicator over(TensorGroup group, String rankZeroHost, Timeouts timeouts)
      throws CommunicationException {
    return Communicator.over(new GroupStore(group, timeouts), group, rankZeroHost, timeouts);
  }

  /** What the binding throws is without a type: every failure of a store is one of its network. */
  private record LentStore(Store store) implements KeyValueStore {
    @Override
    public void set(String key, byte[] value) throws IOException {
      try (ByteVector bytes = new ByteVector(value)) {
        store.set(key, bytes);
      } catch (RuntimeException e) {
        throw failed(e);
      }
    }

    @Override
    public Optional<byte[]> find(String key) throws IOException {
      try (StringVector keys = new StringVector(key)) {
        if (!store.check(keys)) {
          return Optional.empty();
        }
        try (ByteVector value = store.get(key)) {
          return Optional.of(value.get());
        }
      } catch (RuntimeException e) {
        throw failed(e);
      }
    }

    private static IOException failed(RuntimeException e) {
      return new IOException("lent store failed: " + NativeErrors.firstLine(e), e);
    }
  }
}
