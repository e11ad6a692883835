package dev.cairn.copy;

import dev.cairn.checksum.Crc;
import dev.cairn.io.Disk;
import dev.cairn.io.OutputFile;
import dev.cairn.machine.CloseAll;
import dev.cairn.plan.Chunk;
import dev.cairn.plan.PlannedFile;
import dev.cairn.plan.SavePlan;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The files of a plan inside one folder, as one rank has them open.
 *
 * <p>Files that another rank has created are opened when the first chunk for them comes.
 */
public final class ShardFiles implements ChunkSink, AutoCloseable {
  private static final long FORCED_RANGE_BYTES = 64L << 20;

  /** How chunks get to the disk. */
  public enum Way {
    /** The operating system writes them back when it likes. */
    CACHED,
    /** {@link ShardFiles#force} will be called: the disk begins while others write. */
    FORCED,
    /** As {@link #FORCED}, but whole blocks go past the page cache. */
    DIRECT
  }

  private final Disk disk;
  private final Path folder;
  private final SavePlan plan;
  private final Way way;
  private final OutputFile[] open;
  private final AtomicLong writtenBytes = new AtomicLong();

  /**
   * Opens nothing yet.
   *
   * @param disk makes and opens the files
   * @param folder in which they are; exists
   * @param plan names the files; a chunk's file is an index into it
   * @param way how chunks get to the disk
   */
  public ShardFiles(Disk disk, Path folder, SavePlan plan, Way way) {
    this.way = way;
    this.disk = disk;
    this.folder = folder;
    this.plan = plan;
    this.open = new OutputFile[plan.files().size()];
  }

  /**
   * Creates all files, their whole length reserved, then writes their headers. One rank does it,
   * before any other writes.
   *
   * @return the CRC32C of each file's header
   * @throws IOException a {@link ShardException} that names the file: it exists, the disk has no
   *     room for it, or it cannot be written
   */
  public int[] create() throws IOException {
    long plannedBytes = plan.lengthBytes();
    for (int file = 0; file < open.length; file++) {
      PlannedFile planned = plan.files().get(file);
      try {
        createParent(folder.resolve(planned.name()));
        open[file] =
            disk.create(folder.resolve(planned.name()), planned.lengthBytes(), plannedBytes);
      } catch (IOException e) {
        throw new ShardException(planned.name(), 0, e);
      }
    }
    int[] headerCrcs = new int[open.length];
    for (int file = 0; file < open.length; file++) {
      byte[] header = plan.files().get(file).header().encode();
      headerCrcs[file] = Crc.CRC32C.of(header);
      write(file, 0, ByteBuffer.wrap(header));
    }
    return headerCrcs;
  }

  private void createParent(Path file) throws IOException {
    if (!disk.isFolder(file.getParent())) {
      disk.createFolder(file.getParent());
    }
  }

  @Override
  public void accept(Chunk chunk, int sequence, List<ByteBuffer> parts) throws IOException {
    Iterator<ByteBuffer> rest = parts.iterator();
    ByteBuffer part = rest.next();
    for (Chunk run : chunk.runs()) {
      long fileEnd = run.fileOffset() + run.lengthBytes();
      for (long fileOffset = run.fileOffset(); fileOffset < fileEnd; ) {
        part = part.hasRemaining() ? part : rest.next();
        int lengthBytes = (int) Math.min(part.remaining(), fileEnd - fileOffset);
        ByteBuffer bytes = part.duplicate().limit(part.position() + lengthBytes);
        part.position(bytes.limit());
        write(chunk.file(), fileOffset, bytes);
        fileOffset += lengthBytes;
      }
      if (way != Way.CACHED) {
        file(chunk.file()).willForce(run.fileOffset(), run.lengthBytes());
      }
    }
  }

  private void write(int file, long fileOffset, ByteBuffer bytes) throws IOException {
    int lengthBytes = bytes.remaining();
    try {
      file(file).writeFully(bytes, fileOffset);
    } catch (IOException e) {
      throw new ShardException(plan.files().get(file).name(), fileOffset, e);
    }
    writtenBytes.addAndGet(lengthBytes);
  }

  private synchronized OutputFile file(int file) throws IOException {
    if (open[file] == null) {
      Path path = folder.resolve(plan.files().get(file).name());
      open[file] = way == Way.DIRECT ? disk.openDirect(path) : disk.open(path);
    }
    return open[file];
  }

  /**
   * Forces the files that this rank has written.
   *
   * @param all whether to force the others too: the rank that wrote the headers does
   * @throws IOException a {@link ShardException} that names the file, if its bytes may not be on
   *     the disk
   */
  public void force(boolean all) throws IOException {
    for (int file = 0; file < open.length; file++) {
      if (all || open[file] != null) {
        force(file);
      }
    }
  }

  /** Brings one file to the disk, range after range: a slow disk shows that it gets on. */
  private void force(int file) throws IOException {
    PlannedFile planned = plan.files().get(file);
    long fileOffset = 0;
    try {
      for (; fileOffset < planned.lengthBytes(); fileOffset += FORCED_RANGE_BYTES) {
        long lengthBytes = Math.min(FORCED_RANGE_BYTES, planned.lengthBytes() - fileOffset);
        file(file).writeBack(fileOffset, lengthBytes);
      }
      file(file).force();
    } catch (IOException e) {
      throw new ShardException(planned.name(), Math.min(fileOffset, planned.lengthBytes()), e);
    }
  }

  /** {@return the bytes that this rank has written, headers included} */
  public long writtenBytes() {
    return writtenBytes.get();
  }

  @Override
  public synchronized void close() throws IOException {
    CloseAll all = new CloseAll();
    for (int file = 0; file < open.length; file++) {
      if (open[file] != null) {
        OutputFile closing = open[file];
        String name = plan.files().get(file).name();
        all.add(() -> close(closing, name));
        open[file] = null;
      }
    }
    all.closeIo();
  }

  private static void close(OutputFile file, String name) throws ShardException {
    try {
      file.close();
    } catch (IOException e) {
      throw new ShardException(name, 0, e);
    }
  }
}
