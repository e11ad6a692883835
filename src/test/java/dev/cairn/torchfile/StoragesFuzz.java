package dev.cairn.torchfile;

import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What Jazzer drives with torch files of which every tensor is read, in pieces: each file is read,
 * or refused as corrupt, and a checksum that is refused is wrong where the file is read as a whole.
 */
public final class StoragesFuzz {
  /** A tensor that repeats one stored element may be of any size. */
  private static final long MAX_BYTES = 1 << 20;

  private static final int PIECE_BYTES = 1000;
  private static final Path FILE = file();

  private StoragesFuzz() {}

  private static Path file() {
    try {
      return Files.createTempDirectory("fuzz").resolve("weights.pt");
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    Files.write(FILE, input);
    try (TorchParameterSet set = new TorchParameterSet(TorchModel.open(FILE), Optional.empty())) {
      read(set.parameters());
    } catch (CorruptFileException | IllegalArgumentException e) {
      if (e.getMessage().indexOf('\n') >= 0) {
        throw new IllegalStateException("message of several lines", e);
      }
      if (e.getMessage().startsWith("checksum differs") && isSound()) {
        throw new IllegalStateException("a checksum that is right was refused", e);
      }
    }
  }

  private static boolean isSound() throws IOException {
    try {
      TorchFile.verify(FILE);
      return true;
    } catch (CorruptFileException e) {
      return false;
    }
  }

  /** Reads all tensors but huge ones, the last piece of each first. */
  public static void read(ParameterSet set) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(PIECE_BYTES);
    for (Parameter parameter : set.parameters()) {
      long lengthBytes = parameter.partition().lengthBytes();
      int pieceBytes = PIECE_BYTES / 8 * 8;
      long last = (lengthBytes - 1) / pieceBytes * pieceBytes;
      for (long at = lengthBytes > MAX_BYTES ? -1 : last; at >= 0; at -= pieceBytes) {
        buffer.clear().limit((int) Math.min(pieceBytes, lengthBytes - at));
        parameter.partition().read(at, buffer);
      }
    }
  }
}
