package dev.cairn.support;

import dev.cairn.io.Disk;
import dev.cairn.io.InputFile;
import dev.cairn.io.OutputFile;
import dev.cairn.io.PathState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/** The local disk, one of whose calls fails: the nth of its kind, or each from then on. */
public final class FaultyDisk implements Disk {
  /** The kinds of calls that can fail. */
  public enum Call {
    CREATE_FOLDER,
    CREATE,
    RESERVE,
    WRITE,
    WRITE_BACK,
    FORCE,
    FORCE_FOLDER,
    RENAME,
    EXCHANGE,
    DELETE,
    CLOSE,
    READ,
    LIST,
    FIND
  }

  /** What happens at a call. */
  interface Fault {
    void happen(Path path) throws IOException;
  }

  private Disk disk = Disk.local();
  private final Call failing;
  private final boolean canExchange;
  private final boolean isOnce;
  private final Fault fault;
  private int callsLeft;
  private boolean failed;
  private boolean isLate;

  private FaultyDisk(Call failing, int nth, boolean canExchange, boolean isOnce, Fault fault) {
    this.failing = failing;
    this.callsLeft = nth;
    this.canExchange = canExchange;
    this.isOnce = isOnce;
    this.fault = fault;
  }

  /** Returns a disk whose nth call of a kind fails as the operating system would say it. */
  public static FaultyDisk failing(Call failing, int nth, boolean canExchange, String reason) {
    return new FaultyDisk(
        failing,
        nth,
        canExchange,
        true,
        path -> {
          throw new FileSystemException(path.toString(), null, reason);
        });
  }

  /** Returns a disk at whose nth call the process dies without a word, as if killed. */
  public static FaultyDisk halting(Call failing, int nth) {
    return new FaultyDisk(failing, nth, true, true, path -> Runtime.getRuntime().halt(9));
  }

  /** Returns a disk whose nth call does not go on before somebody opens the gate. */
  public static FaultyDisk waiting(Call failing, int nth, CountDownLatch gate) {
    return waiting(failing, nth, true, gate);
  }

  public static FaultyDisk waiting(Call failing, int nth, boolean swaps, CountDownLatch gate) {
    return new FaultyDisk(
        failing,
        nth,
        swaps,
        true,
        path -> {
          try {
            gate.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
        });
  }

  /** Returns a disk each of whose calls of a kind takes so much longer. */
  public static FaultyDisk slow(Call slowed, long millis) {
    return new FaultyDisk(
        slowed,
        0,
        true,
        false,
        path -> {
          try {
            Thread.sleep(millis);
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
        });
  }

  /** Lets a rename or exchange be done before it fails, as over NFS whose answer is lost. */
  public FaultyDisk late() {
    isLate = true;
    return this;
  }

  /** Puts this disk over one that fails in its own way. */
  public FaultyDisk over(FaultyDisk other) {
    disk = other;
    return this;
  }

  public synchronized boolean failed() {
    return failed;
  }

  private void pass(Call call, Path path) throws IOException {
    synchronized (this) {
      if (call != failing || (failed && isOnce) || callsLeft-- > 0) {
        return;
      }
      failed = true;
    }
    fault.happen(path);
  }

  @Override
  public void createFolder(Path folder) throws IOException {
    pass(Call.CREATE_FOLDER, folder);
    disk.createFolder(folder);
  }

  @Override
  public OutputFile create(Path file, long lengthBytes, long plannedBytes) throws IOException {
    pass(Call.CREATE, file);
    OutputFile created = disk.create(file, lengthBytes, plannedBytes);
    try {
      pass(Call.RESERVE, file);
    } catch (IOException e) {
      created.close();
      throw e;
    }
    return new FaultyFile(file, created);
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
    if (isLate) {
      disk.rename(source, target);
    }
    pass(Call.RENAME, source);
    if (!isLate) {
      disk.rename(source, target);
    }
  }

  @Override
  public boolean exchange(Path first, Path second) throws IOException {
    boolean isDone = isLate && canExchange && disk.exchange(first, second);
    pass(Call.EXCHANGE, first);
    return isDone || (canExchange && disk.exchange(first, second));
  }

  @Override
  public void delete(Path path) throws IOException {
    pass(Call.DELETE, path);
    disk.delete(path);
  }

  @Override
  public void deleteTree(Path path) throws IOException {
    disk.deleteTree(path);
  }

  @Override
  public InputFile openForReading(Path file) throws IOException {
    return new FaultyInput(disk.openForReading(file));
  }

  @Override
  public Optional<PathState> find(Path path) throws IOException {
    pass(Call.FIND, path);
    return disk.find(path);
  }

  @Override
  public Optional<PathState> findHere(Path path) throws IOException {
    pass(Call.FIND, path);
    return disk.findHere(path);
  }

  @Override
  public Path realPath(Path path) throws IOException {
    return disk.realPath(path);
  }

  @Override
  public List<Path> list(Path folder) throws IOException {
    pass(Call.LIST, folder);
    return disk.list(folder);
  }

  @Override
  public void touch(Path file) throws IOException {
    disk.touch(file);
  }

  @Override
  public String fileSystemType(Path path) throws IOException {
    return disk.fileSystemType(path);
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
    public void writeBack(long fileOffset, long lengthBytes) throws IOException {
      pass(Call.WRITE_BACK, path);
      file.writeBack(fileOffset, lengthBytes);
    }

    @Override
    public void force() throws IOException {
      pass(Call.FORCE, path);
      file.force();
    }

    @Override
    public void close() throws IOException {
      file.close(); // the descriptor is gone, whatever is said of the bytes
      pass(Call.CLOSE, path);
    }
  }

  private final class FaultyInput implements InputFile {
    private final InputFile file;

    FaultyInput(InputFile file) {
      this.file = file;
    }

    @Override
    public Path path() {
      return file.path();
    }

    @Override
    public long lengthBytes() {
      return file.lengthBytes();
    }

    @Override
    public void read(long fileOffset, ByteBuffer target) throws IOException {
      pass(Call.READ, path());
      file.read(fileOffset, target);
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
