package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.io.OutputFile;
import dev.cairn.layout.Layout;
import dev.cairn.machine.Machine;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Saves past the page cache: their files are those of other saves. */
@Timeout(60)
class DirectSaveTest {
  private static final int BLOCK = 4096;
  private static final long MAX_SHARD_BYTES = 1_500_000;

  @TempDir Path temporary;

  private final AtomicLong writtenBytes = new AtomicLong();
  private final AtomicLong fittingBytes = new AtomicLong();

  private static <T> T proxy(Class<T> type, T real, InvocationHandler handler) {
    InvocationHandler all =
        (self, method, arguments) -> {
          Object answer = handler.invoke(self, method, arguments);
          try {
            return answer == null ? method.invoke(real, arguments) : answer;
          } catch (InvocationTargetException e) {
            throw e.getCause();
          }
        };
    return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, all));
  }

  /** The local disk; counts what is written, and what of it lies in memory as in the blocks. */
  private Disk counting() {
    return proxy(
        Disk.class,
        Disk.local(),
        (disk, method, arguments) ->
            method.getName().equals("openDirect")
                ? counting(Disk.local().openDirect((Path) arguments[0]))
                : null);
  }

  private OutputFile counting(OutputFile file) {
    return proxy(
        OutputFile.class,
        file,
        (self, method, arguments) -> {
          if (method.getName().equals("writeFully")) {
            ByteBuffer bytes = (ByteBuffer) arguments[0];
            long fileOffset = (Long) arguments[1];
            writtenBytes.addAndGet(bytes.remaining());
            boolean fits =
                bytes.alignmentOffset(bytes.position(), BLOCK) == (int) (fileOffset % BLOCK);
            fittingBytes.addAndGet(fits ? bytes.remaining() : 0);
          }
          return null;
        });
  }

  @ParameterizedTest
  @CsvSource({"1,PARALLEL,", "2,PARALLEL,BF16", "3,PARALLEL,", "2,GATHER,", "3,GATHER,BF16"})
  void filesAreThoseOfOtherSaves(int worldSize, SaveMode mode, DType dtype) throws Exception {
    ReferenceModel model =
        new ReferenceModel(5)
            .add("embed", DType.BF16, Layout.zero3(), 700, 513)
            .add("norm", DType.BF16, Layout.zero3(), 33)
            .add("proj", DType.F32, Layout.zero3(), 411, 1025)
            .add("rope", DType.F32, Layout.replicated(), 70_001);
    SaveOptions.Builder options =
        SaveOptions.builder()
            .mode(mode)
            .durability(Durability.DURABLE_DIRECT)
            .maxShardBytes(MAX_SHARD_BYTES)
            .stagingBufferBytes(1 << 18);
    SaveOptions chosen = (dtype == null ? options.keepDtypes() : options.dtype(dtype)).build();
    Path target = temporary.resolve("model");
    for (Group.Result<Void> result :
        Group.run(
            worldSize,
            communicator -> {
              try (Checkpointer checkpointer =
                  Checkpointer.open(
                      communicator, chosen, Optional.empty(), counting(), Machine.local())) {
                ParameterSet own = model.on(communicator.rank(), worldSize);
                checkpointer.save(target, own, ModelFiles.none());
              }
              return (Void) null;
            })) {
      assertNull(result.failure());
    }
    long tensorBytes = 0;
    for (Map.Entry<String, byte[]> file :
        model.expectedFiles(Optional.ofNullable(dtype), MAX_SHARD_BYTES).entrySet()) {
      byte[] actual = Files.readAllBytes(target.resolve(file.getKey()));
      assertArrayEquals(file.getValue(), actual, file.getKey());
      if (file.getKey().endsWith(".safetensors")) {
        long headerBytes = ByteBuffer.wrap(actual).order(ByteOrder.LITTLE_ENDIAN).getLong();
        tensorBytes += actual.length - Long.BYTES - headerBytes;
      }
    }
    assertEquals(tensorBytes, writtenBytes.get(), "written");
    assertEquals(tensorBytes, fittingBytes.get(), "as in the file's blocks");
  }
}
