package dev.cairn.comm;

import static org.junit.jupiter.api.Assertions.assertNotSame;

import dev.cairn.comm.channel.Timeouts;
import dev.cairn.comm.channel.Transport;
import dev.cairn.support.Fields;
import dev.cairn.torch.TorchLibrary;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Gloo between ranks that happen to live in one process. */
@Tag("stress")
@Tag("gloo")
class GlooTransportTest extends TransportContract {
  static {
    TorchLibrary.load(); // unpacking it takes longer than ranks wait for each other here
  }

  @TempDir Path directory;

  @Override
  List<Communicator> open(int size, Timeouts timeouts) throws Exception {
    return ThreadedRanks.collect(
        IntStream.range(0, size)
            .mapToObj(
                rank ->
                    ThreadedRanks.start(
                        () ->
                            ThreadedRanks.join(rank, size, timeouts, ThreadedRanks.in(directory))))
            .toList());
  }

  @Test
  void rankThatAloneHasLostItsTransportGetsANewOneWithTheOthers() throws Exception {
    List<Communicator> group = open(3, Timeouts.defaults());
    List<Transport> first = ThreadedRanks.run(group, Communicator::transport);
    Fields.set(group.get(1), "ended", true);
    List<Transport> second = ThreadedRanks.run(group, Communicator::transport);
    for (int rank = 0; rank < 3; rank++) {
      assertNotSame(first.get(rank), second.get(rank));
      group.get(rank).close();
    }
  }
}
