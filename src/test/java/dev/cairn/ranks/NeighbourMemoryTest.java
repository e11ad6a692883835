package dev.cairn.ranks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.copy.Partitions;
import dev.cairn.device.Device;
import dev.cairn.device.HostMemory;
import dev.cairn.machine.Machine;
import dev.cairn.model.Partition;
import dev.cairn.support.Group;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class NeighbourMemoryTest {
  private static Partition filled(HostMemory memory, long offset, int lengthBytes) {
    for (int i = 0; i < lengthBytes; i++) {
      memory.view(offset + i, 1).put((byte) (offset + i));
    }
    return Partition.of(memory.address() + offset, lengthBytes, Device.cpu());
  }

  private static List<Boolean> areMet(List<Partition> byRank) throws Exception {
    return Group.values(
        byRank.size(),
        communicator -> {
          Map<Integer, Partition> own = Map.of(0, byRank.get(communicator.rank()));
          try (NeighbourMemory met =
              NeighbourMemory.meet(new Ranks(communicator), Machine.local(), own).orElse(null)) {
            return met != null;
          }
        });
  }

  @Test
  void readsWhatTheOthersHoldWhateverItIsPutTogetherFrom() throws Exception {
    try (HostMemory memory = HostMemory.allocate(100)) {
      Partition first = Partition.composed(List.of(filled(memory, 10, 4), filled(memory, 20, 6)));
      List<Map<Integer, Partition>> byRank =
          List.of(
              Map.of(3, first, 5, Partition.empty()), Map.of(3, filled(memory, 40, 8), 5, first));
      Group.values(
          2,
          communicator -> {
            int rank = communicator.rank();
            Ranks ranks = new Ranks(communicator);
            Optional<NeighbourMemory> met =
                NeighbourMemory.meet(ranks, Machine.local(), byRank.get(rank));
            try (NeighbourMemory neighbours = met.orElseThrow()) {
              Partitions other = neighbours.of(1 - rank);
              ByteBuffer read = ByteBuffer.allocateDirect(3);
              other.read(3, 5, read);
              int expected = rank == 0 ? 45 : 21;
              for (int i = 0; i < 3; i++) {
                assertEquals(expected + i, read.get(i));
              }
              assertThrows(IllegalStateException.class, () -> other.view(3, 0, 1));
            }
            return null;
          });
    }
  }

  @Test
  void isNotThereForAnyRankIfOneHoldsWhatIsNotInMemory() throws Exception {
    try (HostMemory memory = HostMemory.allocate(8)) {
      Partition held = filled(memory, 0, 8);
      Partition read = Partition.of((offset, target) -> {}, 8);
      assertEquals(List.of(true, true, true), areMet(List.of(held, Partition.empty(), held)));
      assertEquals(List.of(false, false, false), areMet(List.of(held, read, held)));
    }
  }

  @Test
  void isNotThereIfMemoryCannotBeReadFromOutside() throws Exception {
    Partition nowhere = Partition.of(4096, 8, Device.cpu());
    assertEquals(List.of(false, false), areMet(List.of(Partition.empty(), nowhere)));
  }
}
