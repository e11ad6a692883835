package dev.cairn.hosts;

import dev.cairn.support.TalkingProcess;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** A process on one of {@link Hosts}, and the lines that it has printed; killed when closed. */
final class HostProcess extends TalkingProcess {
  private static final long PATIENCE_MILLIS = 90_000;

  HostProcess(List<String> command, Map<String, String> variables) throws IOException {
    super(command, variables);
  }

  /** Returns the line that says how a work went, once it is there. */
  String result(String work) throws InterruptedException {
    return result(work, PATIENCE_MILLIS);
  }

  String result(String work, long patienceMillis) throws InterruptedException {
    return await(
            "that says how " + work + " went",
            line -> line.startsWith("DONE " + work) || line.startsWith("FAILED " + work + ":"),
            1,
            patienceMillis)
        .trim();
  }

  /** Waits until it ends; returns all that it has printed. */
  List<String> end() throws InterruptedException {
    awaitExit(PATIENCE_MILLIS).orElseThrow(() -> new AssertionError("it does not end: " + said()));
    return said();
  }
}
