package dev.cairn.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.machine.Machine;
import java.io.IOException;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(20)
class OwnThreadTest {
  private static final String NAME = "test";

  @Test
  void workIsDoneByAThreadThatNobodyElseKnows() throws IOException {
    Thread used = OwnThread.callIo(Machine.local(), NAME, Thread::currentThread);
    assertNotSame(Thread.currentThread(), used);
    assertEquals(NAME, used.getName());
  }

  @Test
  void callersThreadDoesTheWorkIfThereIsNoOther() throws IOException {
    Thread used = OwnThread.callIo(new ScarceMachine(0), NAME, Thread::currentThread);
    assertSame(Thread.currentThread(), used);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void interruptIsKeptAndDoesNotReachTheWork(int threads) throws IOException {
    Thread.currentThread().interrupt();
    boolean reached =
        OwnThread.callIo(
            new ScarceMachine(threads), NAME, () -> Thread.currentThread().isInterrupted());
    assertTrue(Thread.interrupted());
    assertFalse(reached);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void whatTheWorkThrowsIsThrownUnchanged(int threads) throws IOException {
    Machine machine = new ScarceMachine(threads);
    for (Throwable failure :
        new Throwable[] {new IOException("disk"), new IllegalStateException(), new Error("own")}) {
      Callable<Void> work =
          () -> {
            if (failure instanceof Error e) {
              throw e;
            }
            throw (Exception) failure;
          };
      assertSame(
          failure, assertThrows(failure.getClass(), () -> OwnThread.callIo(machine, NAME, work)));
    }
    assertNull(OwnThread.callIo(machine, NAME, () -> null));
  }
}
