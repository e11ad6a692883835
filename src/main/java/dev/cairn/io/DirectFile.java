package dev.cairn.io;

import dev.cairn.machine.CloseAll;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A file whose whole blocks go to the disk past the page cache, by any number of threads at once.
 * What begins or ends within a block, and what lies in memory other than in the file's blocks, goes
 * through the cache, as all does where the file system refuses.
 */
final class DirectFile implements OutputFile {
  private static final Logger LOG = System.getLogger(DirectFile.class.getName());
  private static final AtomicBoolean REFUSAL_LOGGED = new AtomicBoolean();

  /** Less than this is not worth a wait for the disk. */
  static final int MIN_BYTES = 64 << 10;

  /**
   * No page is written both ways, as one rank's direct write would drop another's from the cache.
   */
  private static final int PAGE_BYTES = 4096;

  private final Path file;
  private final OutputFile cached;
  private final Blocks blocks;
  private volatile boolean isRefused;

  /**
   * A channel past the cache.
   *
   * @param channel null where that is refused
   * @param blockBytes of which offset, length and address have to be multiples
   */
  record Blocks(FileChannel channel, int blockBytes) {
    private static final Blocks REFUSED = new Blocks(null, 1);

    static Blocks open(Path file) {
      try {
        if (!NativeFiles.isAvailable()) {
          throw new UnsupportedOperationException("known on Linux x86-64 only");
        }
        long blockBytes = Files.getFileStore(file).getBlockSize();
        if (PAGE_BYTES % blockBytes != 0) {
          throw new UnsupportedOperationException("blocks too large: blockBytes=" + blockBytes);
        }
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, directOption());
        return new Blocks(channel, PAGE_BYTES);
      } catch (IOException | UnsupportedOperationException e) {
        logRefusal(file, e);
        return REFUSED;
      }
    }
  }

  DirectFile(Path file, OutputFile cached) {
    this(file, cached, Blocks.open(file));
  }

  DirectFile(Path file, OutputFile cached, Blocks blocks) {
    this.file = file;
    this.cached = cached;
    this.blocks = blocks;
    this.isRefused = blocks.channel() == null;
  }

  @Override
  public void writeFully(ByteBuffer bytes, long fileOffset) throws IOException {
    int end = bytes.limit();
    int begin = bytes.position();
    int block = blocks.blockBytes();
    int head = (int) Math.floorMod(-fileOffset, (long) block);
    int wholeBytes = Math.max(0, bytes.remaining() - head) / block * block;
    IOException refusal = null;
    if (!isRefused
        && wholeBytes >= MIN_BYTES
        && bytes.isDirect()
        && bytes.alignmentOffset(begin + head, block) == 0) {
      cached.writeFully(bytes.limit(begin + head), fileOffset);
      refusal = writeBlocks(bytes.limit(begin + head + wholeBytes), fileOffset + head);
    }
    writeRest(bytes.limit(end), fileOffset + bytes.position() - begin, refusal);
  }

  private void writeRest(ByteBuffer bytes, long fileOffset, IOException refusal)
      throws IOException {
    try {
      cached.writeFully(bytes, fileOffset);
    } catch (IOException e) {
      if (refusal != null) {
        e.addSuppressed(refusal);
      }
      throw e;
    }
  }

  /** Found by name, as javac warns of a name that the platform does not promise to keep. */
  private static OpenOption directOption() {
    try {
      for (Object option :
          Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants()) {
        if (option.toString().equals("DIRECT")) {
          return (OpenOption) option;
        }
      }
    } catch (ClassNotFoundException e) {
      throw new UnsupportedOperationException("this Java has no direct writes", e);
    }
    throw new UnsupportedOperationException("this Java has no direct writes");
  }

  private static void logRefusal(Path file, Exception e) {
    if (!REFUSAL_LOGGED.getAndSet(true)) {
      LOG.log(
          Level.WARNING,
          "written through the page cache, as it cannot be written directly: file={0}, reason={1}",
          file,
          e.toString());
    }
  }

  /**
   * Writes whole blocks; leaves what is refused, and a rest after a write that ended within one.
   *
   * <p>Whatever the reason, what is left can be tried through the cache: words differ from locale
   * to locale, and a disk that is broken says so again when the file is forced.
   *
   * @return why something is left, null if nothing was refused
   */
  private IOException writeBlocks(ByteBuffer bytes, long fileOffset) {
    long offset = fileOffset;
    try {
      while (bytes.remaining() >= blocks.blockBytes() && offset % blocks.blockBytes() == 0) {
        offset += blocks.channel().write(bytes, offset);
      }
      return null;
    } catch (IOException e) {
      isRefused = true;
      logRefusal(file, e);
      return e;
    }
  }

  @Override
  public void willForce(long fileOffset, long lengthBytes) throws IOException {
    cached.willForce(fileOffset, lengthBytes);
  }

  @Override
  public void writeBack(long fileOffset, long lengthBytes) throws IOException {
    cached.writeBack(fileOffset, lengthBytes);
  }

  /** A force is of the file, whichever way it was written. */
  @Override
  public void force() throws IOException {
    cached.force();
  }

  @Override
  public void close() throws IOException {
    CloseAll all = CloseAll.of(cached);
    if (blocks.channel() != null) {
      all.add(blocks.channel());
    }
    all.closeIo();
  }
}
