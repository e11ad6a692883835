package dev.cairn.simulation.world;

import dev.cairn.simulation.history.DiskCall;
import dev.cairn.simulation.history.Fault;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** One call of a disk, from its beginning to its end. */
final class DiskStep implements AutoCloseable {
  private final DiskSteps steps;
  private final DiskCall call;
  private final Path path;
  private Optional<Fault> fault;

  DiskStep(DiskSteps steps, DiskCall call, Path path, Optional<Fault> fault) {
    this.steps = steps;
    this.call = call;
    this.path = path;
    this.fault = fault.filter(present -> !present.kind().isLate());
  }

  /** Lets the fault happen if this is its moment. */
  void at(Fault.Moment moment) throws IOException {
    if (fault.isPresent() && fault.get().moment() == moment) {
      Fault due = fault.get();
      fault = Optional.empty();
      steps.happen(due, call, path);
    }
  }

  /** The call has done something, but not all. */
  void halfDone() throws IOException {
    at(Fault.Moment.MIDDLE);
  }

  void done() throws IOException {
    done("");
  }

  /** The call has done all it does. */
  void done(String result) throws IOException {
    steps.trace(call, path, result);
    at(Fault.Moment.MIDDLE);
    at(Fault.Moment.AFTER);
  }

  @Override
  public void close() {
    steps.end(); // a call that throws is over, too
  }
}
