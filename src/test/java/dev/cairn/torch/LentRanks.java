package dev.cairn.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.gloo.Device;

/** Ranks of a trainer that has a process group of Gloo's, which it lends and goes on using. */
final class LentRanks {
  static {
    TorchLibrary.load();
  }

  static final int SIZE = 3;

  /**
   * What the binding hands to a process group it owns twice, and frees twice if it is ever
   * collected: it lives as long as this process.
   */
  static final List<Object> KEPT = Collections.synchronizedList(new ArrayList<>());

  private LentRanks() {}

  /** What the trainer has on each rank. */
  private static final class Trainer {
    private final TCPStore server = store(true, 0);
    private final List<TCPStore> stores = new ArrayList<>();

    private static TCPStore store(boolean isServer, int port) {
      try (TCPStoreOptions options = new TCPStoreOptions()) {
        options.isServer(isServer).port((short) port).waitWorkers(false);
        return new TCPStore("127.0.0.1", options);
      }
    }

    synchronized TCPStore connect() {
      TCPStore connected = store(false, Short.toUnsignedInt(server.getPort()));
      stores.add(connected);
      return connected;
    }

    ProcessGroupGloo group(int rank) {
      try (Milliseconds timeout = new Milliseconds(30_000);
          Device device = ProcessGroupGloo.createDeviceForHostname("127.0.0.1");
          GlooDeviceVector devices = new GlooDeviceVector(device);
          ProcessGroupGloo.Options options = ProcessGroupGloo.Options.create(timeout)) {
        options.devices(devices);
        options.threads(1);
        return new ProcessGroupGloo(connect(), rank, SIZE, options);
      }
    }
  }

  interface Work {
    void on(ProcessGroupGloo group, int rank) throws IOException;
  }

  static void onRanks(Work save) throws Exception {
    onRanksLast(
        (group, rank) -> {
          save.on(group, rank);
          goOnTraining(group, rank);
        });
  }

  /** Runs on ranks that do not use the group afterwards. */
  static void onRanksLast(Work work) throws Exception {
    Trainer trainer = new Trainer();
    ExecutorService threads = Executors.newFixedThreadPool(SIZE);
    try {
      List<Future<?>> ranks = new ArrayList<>();
      for (int rank = 0; rank < SIZE; rank++) {
        int self = rank;
        ranks.add(
            threads.submit(
                () -> {
                  ProcessGroupGloo group = trainer.group(self);
                  work.on(group, self);
                  if (!KEPT.contains(group)) {
                    group.close();
                  }
                  return null;
                }));
      }
      for (Future<?> rank : ranks) {
        rank.get();
      }
    } finally {
      threads.shutdownNow();
    }
    if (KEPT.isEmpty()) {
      trainer.stores.forEach(TCPStore::close);
      trainer.server.close();
    } else {
      KEPT.add(trainer);
    }
  }

  /** Uses the group as a trainer does: it must be as it was. */
  static void goOnTraining(ProcessGroupGloo group, int rank) {
    byte[] one = {(byte) rank};
    ByteBuffer bytes = ByteBuffer.allocateDirect(1).put(one).flip();
    try (TensorOptions options = new TensorOptions(torch.ScalarType.Byte);
        Tensor tensor = torch.from_blob(new Pointer(bytes), new long[] {1}, options);
        TensorVector tensors = new TensorVector(tensor)) {
      if (rank == 0) {
        for (int peer = 1; peer < SIZE; peer++) {
          finish(group.recv(tensors, peer, 1));
          assertEquals(peer, bytes.get(0));
        }
      } else {
        finish(group.send(tensors, 0, 1));
      }
    }
  }

  /** Frees the work as well: it may not outlive its group. */
  private static void finish(org.bytedeco.pytorch.Work work) {
    work._wait();
    work.close();
  }
}
