package dev.cairn.benchmarks.scale;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.rendezvous.Endpoint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/** All ranks but rank 0: a real rank 1, which follows orders, and its {@link Mirror}. */
final class OtherRanks {
  private static final long POLL_MILLIS = 5;

  private final int world;
  private final Path folder;

  OtherRanks(int world, Path folder) {
    this.world = world;
    this.folder = folder;
  }

  /** Joins one group of rank 0's after the other. */
  void follow() throws IOException, InterruptedException {
    for (int group = 0; ; group++) {
      Path meeting = ManyRanks.meeting(folder, group);
      while (published(meeting).isEmpty()) {
        if (Files.isRegularFile(meeting)) {
          return; // no group, but the end
        }
        Thread.sleep(POLL_MILLIS);
      }
      follow(published(meeting).get(0), folder.resolve("rank1-" + group));
    }
  }

  /** Returns the file by which rank 0 is found, if it is there. */
  private static List<Path> published(Path meeting) throws IOException {
    if (!Files.isDirectory(meeting)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(meeting)) {
      return files.filter(file -> !file.getFileName().toString().startsWith(".")).toList();
    }
  }

  private void follow(Path published, Path meeting) throws IOException, InterruptedException {
    Endpoint hub = Endpoint.parse(Files.readAllBytes(published));
    try (Mirror mirror = new Mirror(world, hub.address())) {
      Thread passing = new Thread(() -> pass(mirror), "mirror");
      passing.start();
      Endpoint own = new Endpoint(hub.host(), mirror.port(), hub.secret());
      Path unfinished = folder.resolve("unfinished");
      Files.createDirectory(meeting);
      Files.write(unfinished, own.encode());
      Files.move(
          unfinished,
          meeting.resolve(published.getFileName().toString()),
          StandardCopyOption.ATOMIC_MOVE);
      try (Communicator communicator = ManyRanks.join(1, world, meeting)) {
        follow(communicator, mirror);
      }
      passing.join();
    }
  }

  private static void pass(Mirror mirror) {
    try {
      mirror.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void follow(Communicator communicator, Mirror mirror) throws IOException {
    SmallSave save = null;
    try {
      for (String order = next(communicator);
          !order.equals(ManyRanks.END);
          order = next(communicator)) {
        if (order.equals(ManyRanks.COUNT)) {
          byte[] received = ByteBuffer.allocate(Long.BYTES).putLong(mirror.receivedBytes()).array();
          communicator.control().gather(received);
          continue;
        }
        save = save == null ? new SmallSave(communicator, folder.resolve("run")) : save;
        ManyRanks.obey(order, communicator, save);
      }
    } finally {
      if (save != null) {
        save.close();
      }
    }
  }

  private static String next(Communicator communicator) throws IOException {
    return new String(communicator.control().broadcast(null), StandardCharsets.UTF_8);
  }
}
