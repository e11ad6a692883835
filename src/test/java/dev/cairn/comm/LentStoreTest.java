package dev.cairn.comm;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.KeyValueStore;
import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.rendezvous.Endpoint;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Groups whose ranks meet through a store of the caller's. */
@Timeout(60)
class LentStoreTest {
  private static final Timeouts HASTY =
      new Timeouts(Duration.ofMillis(600), Duration.ofSeconds(10), Duration.ofSeconds(10));

  private static final class MapStore implements KeyValueStore {
    private final Map<String, byte[]> values = new ConcurrentHashMap<>();

    @Override
    public void set(String key, byte[] value) {
      values.put(key, value.clone());
    }

    @Override
    public Optional<byte[]> find(String key) {
      return Optional.ofNullable(values.get(key));
    }
  }

  private static CompletableFuture<Communicator> join(
      KeyValueStore store, int rank, int size, Timeouts timeouts) {
    return ThreadedRanks.start(() -> Communicator.over(store, rank, size, "localhost", timeouts));
  }

  private static void meet(KeyValueStore store, int size) throws Exception {
    List<Communicator> group =
        ThreadedRanks.collect(
            IntStream.range(0, size)
                .mapToObj(rank -> join(store, rank, size, Timeouts.defaults()))
                .toList());
    List<List<byte[]>> said =
        ThreadedRanks.run(group, c -> c.control().allGather(("" + c.rank()).getBytes(UTF_8)));
    for (List<byte[]> messages : said) {
      assertEquals(size, messages.size());
      for (int rank = 0; rank < size; rank++) {
        assertEquals("" + rank, new String(messages.get(rank), UTF_8));
      }
    }
    group.forEach(Communicator::close);
  }

  @Test
  void ranksMeetAgainAndAgain() throws Exception {
    MapStore store = new MapStore();
    for (int generation = 0; generation < 5; generation++) {
      meet(store, 3);
    }
  }

  @Test
  void secretIsGoneOnceTheGroupIsComplete() throws Exception {
    MapStore store = new MapStore();
    meet(store, 2);
    assertEquals(1, store.values.size());
    assertEquals(0, store.values.get("cairn/rank0").length);
  }

  @Test
  void addressOfAnEarlierRunIsPassedOver() throws Exception {
    MapStore store = new MapStore();
    store.set("cairn/rank0", new Endpoint("localhost", 1, Endpoint.newSecret()).encode());
    CompletableFuture<Communicator> late = join(store, 1, 2, Timeouts.defaults());
    Thread.sleep(200);
    ThreadedRanks.get(join(store, 0, 2, Timeouts.defaults())).close();
    ThreadedRanks.get(late).close();
  }

  @Test
  void oneRankNeedsNoStore() throws Exception {
    try (Communicator only = Communicator.over(null, 0, 1, "localhost", HASTY)) {
      assertEquals(1, only.size());
    }
  }

  @Test
  void rankOutsideTheGroupIsRefused() {
    for (int rank : new int[] {-1, 2}) {
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class,
              () -> Communicator.over(new MapStore(), rank, 2, "localhost", HASTY));
      assertEquals("rank outside the group: rank=" + rank + ", size=2", e.getMessage());
    }
  }

  @Test
  void missingRanksAreNamed() throws Exception {
    MapStore store = new MapStore();
    CompletableFuture<Communicator> rank0 = join(store, 0, 4, HASTY);
    CompletableFuture<Communicator> rank2 = join(store, 2, 4, HASTY);
    CommunicationException e = ThreadedRanks.failure(rank0);
    assertEquals(
        "rendezvous timed out: missing ranks 1, 3 of 4, waited 0.6 s;"
            + " start every rank with the same WORLD_SIZE",
        e.getMessage());
    assertEquals(e.getMessage(), ThreadedRanks.failure(rank2).getMessage());
  }

  @Test
  void rankThatComesTooLateIsToldThatNobodyIsThere() throws Exception {
    MapStore store = new MapStore();
    ThreadedRanks.failure(join(store, 0, 2, HASTY));
    CommunicationException e = ThreadedRanks.failure(join(store, 1, 2, HASTY));
    assertEquals(0, e.rank());
    assertEquals(
        "rendezvous timed out: rank 1 of 2 could not reach rank 0 of 2 in 0.6 s,"
            + " at the lent store: no address was published",
        e.getMessage());
  }

  @Test
  void ranksThatDisagreeAboutTheWorldSizeAreTold() throws Exception {
    MapStore store = new MapStore();
    CompletableFuture<Communicator> rank0 = join(store, 0, 2, Timeouts.defaults());
    CommunicationException e = ThreadedRanks.failure(join(store, 1, 3, Timeouts.defaults()));
    assertEquals("rank 1 refused: WORLD_SIZE=3, expected 2 as on rank 0", e.getMessage());
    ThreadedRanks.get(join(store, 1, 2, Timeouts.defaults())).close();
    ThreadedRanks.get(rank0).close();
  }

  @Test
  void secondProcessOfTheSameRankFailsTheGroup() throws Exception {
    MapStore store = new MapStore();
    for (CompletableFuture<Communicator> each :
        List.of(
            join(store, 0, 3, Timeouts.defaults()),
            join(store, 1, 3, Timeouts.defaults()),
            join(store, 1, 3, Timeouts.defaults()))) {
      CommunicationException e = ThreadedRanks.failure(each);
      assertTrue(e.getMessage().startsWith("two processes claim rank 1 of 3: "), e.getMessage());
    }
  }

  @Test
  void failureOfTheStoreIsNamed() throws Exception {
    KeyValueStore broken =
        new KeyValueStore() {
          @Override
          public void set(String key, byte[] value) throws IOException {
            throw new IOException("Connection reset");
          }

          @Override
          public Optional<byte[]> find(String key) throws IOException {
            throw new IOException("Connection reset");
          }
        };
    CommunicationException first = ThreadedRanks.failure(join(broken, 0, 2, HASTY));
    assertEquals(0, first.rank());
    assertEquals(
        "rendezvous failed on rank 0 of 2: java.io.IOException: Connection reset, at the lent"
            + " store",
        first.getMessage());
    CommunicationException second = ThreadedRanks.failure(join(broken, 1, 2, HASTY));
    assertTrue(second.getMessage().endsWith("java.io.IOException: Connection reset"));
  }
}
