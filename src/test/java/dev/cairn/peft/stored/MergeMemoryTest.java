package dev.cairn.peft.stored;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.device.HostMemory;
import org.junit.jupiter.api.Test;

class MergeMemoryTest {
  @Test
  void blockThatWasGivenBackServesTheNextThatFits() {
    try (MergeMemory pool = new MergeMemory()) {
      HostMemory first = pool.take(1000);
      pool.giveBack(first);
      assertSame(first, pool.take(400));
      assertOther(first, pool, 400);
      pool.giveBack(first);
      assertOther(first, pool, 1001);
      assertOther(first, pool, 100);
    }
  }

  private static void assertOther(HostMemory block, MergeMemory pool, long lengthBytes) {
    try (HostMemory taken = pool.take(lengthBytes)) {
      assertNotSame(block, taken);
    }
  }

  @Test
  void idleBlocksAreFreedOldestFirstBeyondTheLimit() {
    try (MergeMemory pool = new MergeMemory()) {
      HostMemory old = pool.take(20 << 20);
      HostMemory recent = pool.take(20 << 20);
      pool.giveBack(old);
      pool.giveBack(recent);
      assertThrows(IllegalStateException.class, () -> old.view(0, 1));
      assertEquals(1, recent.view(0, 1).remaining());
    }
  }
}
