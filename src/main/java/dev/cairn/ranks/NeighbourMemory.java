package dev.cairn.ranks;

import dev.cairn.copy.Partitions;
import dev.cairn.device.HostMemory;
import dev.cairn.machine.CloseAll;
import dev.cairn.machine.Machine;
import dev.cairn.machine.ProcessMemory;
import dev.cairn.model.Partition;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * What the other ranks of this host hold, read from the memory of their processes: each has said
 * where it lies, and leaves it there until all have ended. Nothing is sent, and nobody waits.
 */
public final class NeighbourMemory implements AutoCloseable {
  private static final Logger LOG = System.getLogger(NeighbourMemory.class.getName());
  private static final AtomicBoolean TOLD = new AtomicBoolean();
  private static final int TOKEN_BYTES = 16;
  private static final byte[] NOTHING = {};

  private final List<Map<Integer, Partition>> byRank = new ArrayList<>();
  private final List<ProcessMemory> open = new ArrayList<>();

  private NeighbourMemory() {}

  /**
   * Lets each rank find out whether it can read what the others hold. Collective.
   *
   * @param ranks all of one host
   * @param machine draws what a process is known by
   * @param own this rank's partitions, by tensor of the plan
   * @return the same on every rank: empty if one cannot read another's, or holds what is not in the
   *     memory of its process; the log says once why. Closed by the caller
   */
  public static Optional<NeighbourMemory> meet(
      Ranks ranks, Machine machine, Map<Integer, Partition> own) throws IOException {
    NeighbourMemory memory = new NeighbourMemory();
    boolean isRead = false;
    try (HostMemory token = HostMemory.allocate(TOKEN_BYTES)) {
      List<byte[]> places = ranks.together(() -> places(machine, own, token));
      List<byte[]> obstacles =
          ranks.together(() -> memory.open(places).getBytes(StandardCharsets.UTF_8));
      Optional<byte[]> obstacle = obstacles.stream().filter(any -> any.length > 0).findFirst();
      isRead = obstacle.isEmpty();
      if (!isRead && ranks.isWriter() && TOLD.compareAndSet(false, true)) {
        String reason = new String(obstacle.get(), StandardCharsets.UTF_8);
        LOG.log(Level.INFO, "ranks send each other their parts of rows: {0}", reason);
      }
    } finally {
      if (!isRead) {
        memory.close();
      }
    }
    return isRead ? Optional.of(memory) : Optional.empty();
  }

  /** Says where this rank's partitions lie; nothing if they cannot be read from outside. */
  private static byte[] places(Machine machine, Map<Integer, Partition> own, HostMemory token)
      throws IOException {
    if (!HostMemory.hasAddresses() || own.values().stream().anyMatch(any -> !isReadable(any))) {
      return NOTHING;
    }
    byte[] drawn = new byte[TOKEN_BYTES];
    machine.fillRandom(drawn);
    token.view(0, TOKEN_BYTES).put(drawn);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream data = new DataOutputStream(bytes)) {
      data.writeLong(ProcessHandle.current().pid());
      data.writeLong(token.address());
      data.write(drawn);
      data.writeInt(own.size());
      for (Map.Entry<Integer, Partition> entry : own.entrySet()) {
        data.writeInt(entry.getKey());
        List<Partition> runs = entry.getValue().runs();
        data.writeInt(runs.size());
        for (Partition run : runs) {
          data.writeLong(run.lengthBytes() == 0 ? 0 : run.address(0));
          data.writeLong(run.lengthBytes());
        }
      }
    }
    return bytes.toByteArray();
  }

  private static boolean isReadable(Partition partition) {
    return partition.isInMemory() && !partition.isOnDevice();
  }

  /** Opens the memory of all ranks; returns why it cannot be read, or an empty text. */
  private String open(List<byte[]> places) throws IOException {
    for (int rank = 0; rank < places.size(); rank++) {
      if (places.get(rank).length == 0) {
        return "those of rank " + rank + " are not in its process's memory";
      }
    }
    for (int rank = 0; rank < places.size(); rank++) {
      try (DataInputStream data = new DataInputStream(new ByteArrayInputStream(places.get(rank)))) {
        ProcessMemory memory = ProcessMemory.of(data.readLong());
        open.add(memory);
        ByteBuffer found = ByteBuffer.allocateDirect(TOKEN_BYTES);
        memory.read(data.readLong(), found);
        if (!found.flip().equals(ByteBuffer.wrap(data.readNBytes(TOKEN_BYTES)))) {
          return "rank " + rank + " is another process than its id says";
        }
        byRank.add(partitions(data, memory));
      } catch (IOException e) {
        return "the memory of rank " + rank + " cannot be read: " + e;
      }
    }
    return "";
  }

  private static Map<Integer, Partition> partitions(DataInputStream data, ProcessMemory memory)
      throws IOException {
    ByteBuffer any = ByteBuffer.allocateDirect(1);
    Map<Integer, Partition> byTensor = new HashMap<>();
    for (int tensors = data.readInt(); tensors > 0; tensors--) {
      int tensor = data.readInt();
      List<Partition> runs = new ArrayList<>();
      for (int count = data.readInt(); count > 0; count--) {
        long address = data.readLong();
        long lengthBytes = data.readLong();
        if (lengthBytes > 0) {
          memory.read(address, any.clear()); // what a driver has mapped may not be readable
        }
        runs.add(
            Partition.of((offset, target) -> memory.read(address + offset, target), lengthBytes));
      }
      byTensor.put(tensor, Partition.composed(runs));
    }
    return byTensor;
  }

  /**
   * {@return a rank's partitions of the tensors that it was met with; each has to be read}
   *
   * @param rank may be this one
   */
  public Partitions of(int rank) {
    Map<Integer, Partition> byTensor = byRank.get(rank);
    return new Partitions() {
      @Override
      public boolean isInMemory(int tensor) {
        return false;
      }

      @Override
      public void read(int tensor, long byteOffset, ByteBuffer target) throws IOException {
        byTensor.get(tensor).read(byteOffset, target);
      }

      @Override
      public ByteBuffer view(int tensor, long byteOffset, int lengthBytes) {
        throw new IllegalStateException("memory of another process has to be read");
      }
    };
  }

  @Override
  public void close() throws IOException {
    CloseAll.of(open).closeIo();
  }
}
