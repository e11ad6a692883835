package dev.cairn.simulation.world;

import dev.cairn.io.OutputFile;
import dev.cairn.simulation.history.DiskCall;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.function.Supplier;

/** A file of the simulated disk that is open for writing. */
final class SimulatedOutput implements OutputFile {
  private final DiskSteps steps;
  private final Path path;
  private final FileNode node;
  private final Supplier<Instant> now;
  private boolean isClosed;

  SimulatedOutput(DiskSteps steps, Path path, FileNode node, Supplier<Instant> now) {
    this.steps = steps;
    this.path = path;
    this.node = node;
    this.now = now;
    steps.opened();
  }

  @Override
  public void writeFully(ByteBuffer bytes, long fileOffset) throws IOException {
    try (DiskStep step = steps.begin(DiskCall.WRITE, path)) {
      byte[] written = new byte[bytes.remaining()];
      bytes.get(written);
      int half = written.length / 2;
      node.write((int) fileOffset, Arrays.copyOf(written, half), now.get());
      step.halfDone();
      node.write(
          (int) fileOffset + half, Arrays.copyOfRange(written, half, written.length), now.get());
      step.done(written.length + "@" + fileOffset);
    }
  }

  @Override
  public void writeBack(long fileOffset, long lengthBytes) throws IOException {
    try (DiskStep step = steps.begin(DiskCall.FORCE, path)) {
      step.done("back");
    }
  }

  @Override
  public void force() throws IOException {
    try (DiskStep step = steps.begin(DiskCall.FORCE, path)) {
      try {
        step.halfDone();
      } catch (IOException e) {
        node.loseForced();
        throw e;
      }
      node.force();
      step.done("forced");
    } catch (IOException e) {
      node.loseForced();
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    if (isClosed) {
      return;
    }
    isClosed = true;
    steps.closed();
    try (DiskStep step = steps.begin(DiskCall.CLOSE, path)) {
      step.done();
    }
  }
}
