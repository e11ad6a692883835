package dev.cairn.torch;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.comm.channel.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.pytorch.PrefixStore;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Ranks that meet through the trainer's own store. */
@Tag("gloo")
@Timeout(120)
class TorchCommunicatorsTest {
  static {
    TorchLibrary.load();
  }

  private static final int SIZE = 3;

  /** The trainer's side: a store on rank 0, and a connection to it on every other rank. */
  private static List<Store> stores() {
    List<Store> stores = new ArrayList<>();
    int port = 0;
    for (int rank = 0; rank < SIZE; rank++) {
      try (TCPStoreOptions options = new TCPStoreOptions()) {
        options.isServer(rank == 0).port((short) port).waitWorkers(false);
        TCPStore store = new TCPStore("127.0.0.1", options);
        port = Short.toUnsignedInt(store.getPort());
        stores.add(store);
      }
    }
    return stores;
  }

  private static void close(List<Store> stores) {
    for (int index = stores.size() - 1; index >= 0; index--) {
      stores.get(index).close();
    }
  }

  private static List<String> meet(List<? extends Store> stores) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(SIZE);
    try {
      List<Future<String>> ranks = new ArrayList<>();
      for (int rank = 0; rank < SIZE; rank++) {
        int self = rank;
        ranks.add(threads.submit(() -> sayHello(stores.get(self), self)));
      }
      List<String> said = new ArrayList<>();
      for (Future<String> rank : ranks) {
        said.add(rank.get());
      }
      return said;
    } finally {
      threads.shutdownNow();
    }
  }

  private static String sayHello(Store store, int rank) throws CommunicationException {
    try (Communicator communicator = TorchCommunicators.over(store, rank, SIZE, "127.0.0.1")) {
      byte[] hello = ("hello from " + rank).getBytes(UTF_8);
      byte[] last = communicator.control().allGather(hello).get(SIZE - 1);
      communicator.control().allGather(new byte[0]);
      return new String(last, UTF_8);
    }
  }

  @Test
  void ranksMeetInALentStoreAndLeaveItOpen() throws Exception {
    List<Store> stores = stores();
    for (int generation = 0; generation < 3; generation++) {
      assertEquals(List.of("hello from 2", "hello from 2", "hello from 2"), meet(stores));
    }
    stores.get(0).set("trainer", "goes on");
    assertEquals("goes on", stores.get(2).get_to_str("trainer"));
    close(stores);
  }

  @Test
  void groupsInStoresOfDifferentPrefixesDoNotMeet() throws Exception {
    List<Store> stores = stores();
    List<PrefixStore> one = stores.stream().map(store -> new PrefixStore("one", store)).toList();
    assertEquals("hello from 2", meet(one).get(0));
    assertEquals(0, stores.get(1).get_to_str("one/cairn/rank0").length());
    one.forEach(Store::close);
    close(stores);
  }

  @Test
  void storeThatIsGoneIsNamed() throws Exception {
    List<Store> stores = stores();
    stores.get(0).close();
    Timeouts hasty =
        new Timeouts(Duration.ofMillis(500), Duration.ofSeconds(5), Duration.ofSeconds(5));
    ExecutorService thread = Executors.newSingleThreadExecutor();
    Future<Communicator> joining =
        thread.submit(() -> TorchCommunicators.over(stores.get(1), 1, SIZE, "127.0.0.1", hasty));
    try {
      joining.get();
    } catch (ExecutionException e) {
      String message = e.getCause().getMessage();
      assertTrue(message.contains("at the lent store: java.io.IOException: lent store"), message);
      return;
    } finally {
      thread.shutdownNow();
      close(stores.subList(1, SIZE));
    }
    throw new AssertionError("joined without a store");
  }
}
