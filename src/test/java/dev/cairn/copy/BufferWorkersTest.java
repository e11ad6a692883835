package dev.cairn.copy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.machine.Machine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("stress")
@Timeout(20)
class BufferWorkersTest {
  private static final int BUFFERS = 4;

  /** Numbers that are taken one by one, and which buffers were used for it. */
  private static final class Queue implements BufferWorkers.Work {
    private static final int COUNT = 1000;

    private final AtomicInteger next = new AtomicInteger();
    private final Set<Integer> taken = Collections.synchronizedSet(new HashSet<>());
    private final Set<ByteBuffer> buffers =
        Collections.synchronizedSet(Collections.newSetFromMap(new IdentityHashMap<>()));
    private final Set<Thread> threads = Collections.synchronizedSet(new HashSet<>());

    @Override
    public void with(ByteBuffer buffer) {
      buffers.add(buffer);
      threads.add(Thread.currentThread());
      for (int number = next.getAndIncrement(); number < COUNT; number = next.getAndIncrement()) {
        taken.add(number);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5})
  void queueIsEmptiedByAsManyThreadsAsThereAre(int threads) throws IOException {
    Queue queue = new Queue();
    try (Staging staging = new Staging(new ScarceMachine(threads), BUFFERS, 4096)) {
      BufferWorkers.run(staging, "test", queue);
    }
    assertEquals(Queue.COUNT, queue.taken.size());
    assertEquals(Math.max(1, Math.min(threads, BUFFERS)), queue.buffers.size());
    assertEquals(threads == 0, queue.threads.contains(Thread.currentThread()));
  }

  @Test
  void failureWithoutAnyThreadIsTheCallers() {
    IOException failure = new IOException("disk");
    try (Staging staging = new Staging(new ScarceMachine(0), BUFFERS, 4096)) {
      IOException thrown =
          assertThrows(
              IOException.class,
              () ->
                  BufferWorkers.run(
                      staging,
                      "test",
                      buffer -> {
                        throw failure;
                      }));
      assertSame(failure, thrown);
    }
  }

  @Test
  void firstFailureIsThrownOnceAllHaveEndedWithTheOthersBehindIt() {
    List<IOException> failures =
        IntStream.range(0, BUFFERS).mapToObj(index -> new IOException("disk " + index)).toList();
    AtomicInteger nextFailure = new AtomicInteger();
    AtomicInteger ended = new AtomicInteger();
    try (Staging staging = new Staging(Machine.local(), BUFFERS, 4096)) {
      IOException thrown =
          assertThrows(
              IOException.class,
              () ->
                  BufferWorkers.run(
                      staging,
                      "test",
                      buffer -> {
                        int number = nextFailure.getAndIncrement();
                        pause(50L * number); // the first one fails first
                        ended.incrementAndGet();
                        throw failures.get(number);
                      }));
      assertSame(failures.get(0), thrown);
      assertEquals(failures.subList(1, BUFFERS), List.of(thrown.getSuppressed()));
      assertEquals(BUFFERS, ended.get());
    }
  }

  @Test
  void whatFailsBecauseOfAFailureComesAfterIt() {
    IOException failure = new IOException("disk");
    AtomicInteger turn = new AtomicInteger();
    CountDownLatch told = new CountDownLatch(1);
    CountDownLatch others = new CountDownLatch(BUFFERS - 1);
    List<Throwable> heard = new CopyOnWriteArrayList<>();
    try (Staging staging = new Staging(Machine.local(), BUFFERS, 4096)) {
      IOException thrown =
          assertThrows(
              IOException.class,
              () ->
                  BufferWorkers.run(
                      staging,
                      "test",
                      buffer -> {
                        if (turn.getAndIncrement() == 0) {
                          throw failure;
                        }
                        await(told);
                        others.countDown();
                        throw new IOException("cancelled");
                      },
                      first -> {
                        heard.add(first);
                        told.countDown();
                        await(others); // they fail before this returns
                      }));
      assertSame(failure, thrown);
      assertEquals(BUFFERS - 1, thrown.getSuppressed().length);
      assertEquals(List.of(failure), heard);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(20, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void interruptIsKeptAndReachesNoMember() throws IOException {
    AtomicInteger interrupted = new AtomicInteger();
    CountDownLatch begun = new CountDownLatch(BUFFERS);
    Thread caller = Thread.currentThread();
    try (Staging staging = new Staging(Machine.local(), BUFFERS, 4096)) {
      BufferWorkers.run(
          staging,
          "test",
          buffer -> {
            begun.countDown();
            caller.interrupt();
            pause(50);
            interrupted.addAndGet(Thread.currentThread().isInterrupted() ? 1 : 0);
          });
    }
    assertTrue(Thread.interrupted());
    assertEquals(0, begun.getCount());
    assertEquals(0, interrupted.get());
    assertFalse(Thread.interrupted());
  }

  private static void pause(long millis) throws IOException {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }
}
