package dev.cairn.benchmarks.machine;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Writes and deletes a file right before a run, so that what the run writes finds pages that the
 * machine has.
 *
 * <p>A virtual machine hands pages that were free for a while back to its host, and the first touch
 * of such a page costs ten times a write into it: without this, runs differ by that much and say
 * nothing. (Memory of a process in place of a file makes it worse: what is freed there comes back
 * in other sizes than a page cache takes.)
 */
public final class WarmPages {
  private static final int PIECE_BYTES = 8 << 20;

  private WarmPages() {}

  /** Writes so much into a file in a folder and deletes it. */
  public static void write(Path folder, long lengthBytes) throws IOException {
    if (lengthBytes == 0) {
      return;
    }
    Path file = folder.resolve("warm");
    ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (long left = lengthBytes; left > 0; left -= piece.position()) {
        channel.write(piece.clear().limit((int) Math.min(left, PIECE_BYTES)));
      }
    }
    Files.delete(file);
  }
}
