package dev.cairn.simulation.world;

import dev.cairn.io.InputFile;
import dev.cairn.simulation.history.DiskCall;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** A file of the simulated disk that is open for reading. */
final class SimulatedInput implements InputFile {
  private final DiskSteps steps;
  private final Path path;
  private final FileNode node;
  private final long lengthBytes;
  private boolean isClosed;

  SimulatedInput(DiskSteps steps, Path path, FileNode node) {
    this.steps = steps;
    this.path = path;
    this.node = node;
    this.lengthBytes = node.bytes().length;
    steps.opened();
  }

  @Override
  public Path path() {
    return path;
  }

  @Override
  public long lengthBytes() {
    return lengthBytes;
  }

  @Override
  public void read(long fileOffset, ByteBuffer target) throws IOException {
    if (isClosed) {
      throw new IllegalStateException("file is closed: " + path);
    }
    try (DiskStep step = steps.begin(DiskCall.READ, path)) {
      int count = target.remaining();
      byte[] bytes = node.bytes();
      if (fileOffset + count > bytes.length) {
        throw new CorruptFileException("file ends early: file=" + path);
      }
      target.put(bytes, (int) fileOffset, count);
      step.done(count + "@" + fileOffset);
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
