package dev.cairn;

import dev.cairn.io.Disk;
import dev.cairn.io.OutputFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** The local disk, one of whose calls fails: the nth of its kind. */
final class FaultyDisk implements Disk {
  /** The kinds of calls that can fail. */
  enum Call {
    CREATE_FOLDER,
    CREATE,
    WRITE,
    FORCE,
    FORCE_FOLDER,
    RENAME,
    EXCHANGE,
    DELETE
  }

  private final Disk disk = Disk.local();
  private final Call failing;
  private final boolean canExchange;
  private int callsLeft;
  private boolean failed;
  private boolean halts;

  FaultyDisk(Call failing, int nth, boolean canExchange) {
    this.failing = failing;
    this.callsLeft = nth;
    this.canExchange = canExchange;
  }

  /** Returns a disk at whose nth call the process dies without a word, as if killed. */
  static FaultyDisk halting(Call failing, int nth) {
    FaultyDisk disk = new FaultyDisk(failing, nth, true);
    disk.halts = true;
    return disk;
  }

  synchronized boolean failed() {
    return failed;
  }

  private synchronized void pass(Call call, Path path) throws IOException {
    if (call == failing && !failed && callsLeft-- == 0) {
      failed = true;
      if (halts) {
        Runtime.getRuntime().halt(9);
      }
      throw new IOException("injected fault: call=" + call + ", path=" + path.getFileName());
    }
  }

  @Override
  public void createFolder(Path folder) throws IOException {
    pass(Call.CREATE_FOLDER, folder);
    disk.createFolder(folder);
  }

  @Override
  public OutputFile create(Path file, long lengthBytes) throws IOException {
    pass(Call.CREATE, file);
    return new FaultyFile(file, disk.create(file, lengthBytes));
  }

  @Override
  public OutputFile open(Path file) throws IOException {
    return new FaultyFile(file, disk.open(file));
  }

  @Override
  public void copy(Path source, Path target) throws IOException {
    disk.copy(source, target);
  }

  @Override
  public void forceFolder(Path folder) throws IOException {
    pass(Call.FORCE_FOLDER, folder);
    disk.forceFolder(folder);
  }

  @Override
  public void rename(Path source, Path target) throws IOException {
    pass(Call.RENAME, source);
    disk.rename(source, target);
  }

  @Override
  public boolean exchange(Path first, Path second) throws IOException {
    pass(Call.EXCHANGE, first);
    return canExchange && disk.exchange(first, second);
  }

  @Override
  public void delete(Path file) throws IOException {
    pass(Call.DELETE, file);
    disk.delete(file);
  }

  @Override
  public void deleteTree(Path folder) throws IOException {
    disk.deleteTree(folder);
  }

  private final class FaultyFile implements OutputFile {
    private final Path path;
    private final OutputFile file;

    FaultyFile(Path path, OutputFile file) {
      this.path = path;
      this.file = file;
    }

    @Override
    public void writeFully(ByteBuffer bytes, long fileOffset) throws IOException {
      pass(Call.WRITE, path);
      file.writeFully(bytes, fileOffset);
    }

    @Override
    public void force() throws IOException {
      pass(Call.FORCE, path);
      file.force();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
