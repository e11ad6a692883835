package dev.cairn.benchmarks.candidates;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A candidate in processes that stay alive, alone in them or with others.
 *
 * @param processes that do the work
 * @param order what they are told, before the path to write to
 * @param closing what happens to the processes in the end
 */
public record Worker(Processes processes, String order, Runnable closing) implements Candidate {
  @Override
  public Measured run(Path target) throws IOException {
    return processes.run(order + target);
  }

  @Override
  public String note() {
    return processes.note();
  }

  @Override
  public void close() {
    closing.run();
  }
}
