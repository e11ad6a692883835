package dev.cairn.deepspeed;

import dev.cairn.kernels.Kernels;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.SourceReader;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;

/** Finds, copies and reads the checkpoints under {@code src/test/resources/deepspeed}. */
final class Fixtures {
  private Fixtures() {}

  static Path folder(String name) {
    try {
      return Path.of(Fixtures.class.getResource("/deepspeed/" + name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Copies a fixture so that a test may damage it. */
  static Path copy(String name, Path target) throws IOException {
    Path source = folder(name);
    Files.walkFileTree(
        source,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(target.resolve(source.relativize(folder).toString()));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(file, target.resolve(source.relativize(file).toString()));
            return FileVisitResult.CONTINUE;
          }
        });
    return target;
  }

  /** Reads a whole parameter as it is stored. */
  static byte[] read(SourceReader reader, CheckpointParameter parameter) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate((int) parameter.storedDType().bytes(parameter.shape().elements()));
    parameter.visitRanges(0, parameter.shape().elements(), range -> reader.read(range, bytes));
    if (bytes.hasRemaining()) {
      throw new IllegalStateException("ranges leave a hole: " + parameter);
    }
    return bytes.array();
  }

  static byte[] cast(byte[] bytes, DType from, DType to) {
    int elements = bytes.length / (from.bits() / 8);
    ByteBuffer source = ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    ByteBuffer target = ByteBuffer.allocateDirect((int) to.bytes(elements));
    Kernels.best().cast(from, source, to, target, elements, 0);
    byte[] result = new byte[target.remaining()];
    target.get(result);
    return result;
  }
}
