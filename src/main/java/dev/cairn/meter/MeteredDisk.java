package dev.cairn.meter;

import dev.cairn.io.Disk;
import dev.cairn.io.InputFile;
import dev.cairn.io.OutputFile;
import dev.cairn.io.PathState;
import dev.cairn.options.SaveWork;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A disk whose writes and forces are measured; every other call that changes something counts as
 * progress.
 */
public record MeteredDisk(Disk disk, Meter meter) implements Disk {
  @Override
  public void createFolder(Path folder) throws IOException {
    disk.createFolder(folder);
    meter.progressed();
  }

  @Override
  public OutputFile create(Path file, long lengthBytes, long plannedBytes) throws IOException {
    OutputFile created = disk.create(file, lengthBytes, plannedBytes);
    meter.progressed();
    return new MeteredFile(file, created, meter);
  }

  @Override
  public OutputFile open(Path file) throws IOException {
    return new MeteredFile(file, disk.open(file), meter);
  }

  @Override
  public OutputFile openDirect(Path file) throws IOException {
    return new MeteredFile(file, disk.openDirect(file), meter);
  }

  @Override
  public void copy(Path source, Path target) throws IOException {
    disk.copy(source, target);
    meter.progressed();
  }

  @Override
  public void forceFolder(Path folder) throws IOException {
    Meter.Timing timing = meter.begin(SaveWork.FORCE);
    disk.forceFolder(folder);
    timing.end(name(folder), 0);
  }

  @Override
  public void rename(Path source, Path target) throws IOException {
    disk.rename(source, target);
    meter.progressed();
  }

  @Override
  public boolean exchange(Path first, Path second) throws IOException {
    boolean exchanged = disk.exchange(first, second);
    meter.progressed();
    return exchanged;
  }

  @Override
  public void delete(Path path) throws IOException {
    disk.delete(path);
    meter.progressed();
  }

  @Override
  public void deleteTree(Path path) throws IOException {
    disk.deleteTree(path);
    meter.progressed();
  }

  @Override
  public InputFile openForReading(Path file) throws IOException {
    return disk.openForReading(file);
  }

  @Override
  public Optional<PathState> find(Path path) throws IOException {
    return disk.find(path);
  }

  @Override
  public Optional<PathState> findHere(Path path) throws IOException {
    return disk.findHere(path);
  }

  @Override
  public Path realPath(Path path) throws IOException {
    return disk.realPath(path);
  }

  @Override
  public List<Path> list(Path folder) throws IOException {
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

  private static String name(Path path) {
    Path name = path.getFileName();
    return name == null ? path.toString() : name.toString();
  }

  private record MeteredFile(Path path, OutputFile file, Meter meter) implements OutputFile {
    @Override
    public void writeFully(ByteBuffer bytes, long fileOffset) throws IOException {
      int lengthBytes = bytes.remaining();
      Meter.Timing timing = meter.begin(SaveWork.WRITE);
      file.writeFully(bytes, fileOffset);
      timing.end(name(path), lengthBytes);
    }

    @Override
    public void willForce(long fileOffset, long lengthBytes) throws IOException {
      file.willForce(fileOffset, lengthBytes);
    }

    @Override
    public void writeBack(long fileOffset, long lengthBytes) throws IOException {
      Meter.Timing timing = meter.begin(SaveWork.FORCE);
      file.writeBack(fileOffset, lengthBytes);
      timing.end(name(path), lengthBytes);
    }

    @Override
    public void force() throws IOException {
      Meter.Timing timing = meter.begin(SaveWork.FORCE);
      file.force();
      timing.end(name(path), 0);
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
