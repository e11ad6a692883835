package dev.cairn.comm;

import java.util.List;

class InProcessControlTest extends ControlContract {
  @Override
  List<Communicator> open(int size, Timeouts timeouts) {
    return InProcess.group(size, timeouts);
  }
}
