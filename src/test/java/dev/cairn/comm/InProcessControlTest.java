package dev.cairn.comm;

import dev.cairn.comm.channel.Timeouts;
import java.util.List;
import org.junit.jupiter.api.Tag;

@Tag("stress")
class InProcessControlTest extends ControlContract {
  @Override
  List<Communicator> open(int size, Timeouts timeouts) {
    return InProcess.group(size, timeouts);
  }
}
