package dev.cairn.faults;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.Checkpointers;
import dev.cairn.RunOptions;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.layout.Layout;
import dev.cairn.machine.Machine;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.FaultyDisk;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Saves and restores in a JVM into which {@code faults/calls.cpp} is loaded and which gets only so
 * many more threads, from none to more than are asked for.
 *
 * <p>Arguments: the file through which that is ordered, and a folder.
 */
final class ScarceThreads {
  private static final int THREAD = 5;
  private static final int BUFFERS = 4;

  private final MappedByteBuffer fault;
  private final Path folder;
  private final List<String> wrong = new ArrayList<>();
  private long step;

  private ScarceThreads(MappedByteBuffer fault, Path folder) {
    this.fault = fault;
    this.folder = folder;
  }

  public static void main(String[] arguments) throws Exception {
    MappedByteBuffer fault;
    try (FileChannel control = FileChannel.open(Path.of(arguments[0]), READ, WRITE)) {
      fault = control.map(FileChannel.MapMode.READ_WRITE, 0, 1024);
    }
    fault.order(ByteOrder.nativeOrder());
    ScarceThreads threads = new ScarceThreads(fault, Path.of(arguments[1]));
    threads.saveWith(2 * BUFFERS); // whatever the JVM starts at the first time is started
    for (int count = 0; count <= BUFFERS + 1; count++) {
      threads.saveWith(count);
    }
    assertEquals(List.of(), threads.wrong);
  }

  /** Saves and restores; writes down what is not as with any number of threads. */
  private void saveWith(int count) throws IOException {
    SaveOptions options =
        SaveOptions.builder()
            .overwrite(true)
            .stagingBuffers(BUFFERS)
            .stagingBufferBytes(4096)
            .build();
    step++;
    FaultyDisk disk = FaultyDisk.slow(FaultyDisk.Call.WRITE, 20);
    Path run = folder.resolve("run");
    ReferenceModel model = new ReferenceModel(3).add("a", DType.F32, Layout.zero3(), 64, 1000);
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer =
            Checkpointers.open(
                single, options, Optional.of(RunOptions.in(run)), disk, Machine.local())) {
      TrainerState state = TrainerState.builder().value("step", step).build();
      ParameterSet own = model.on(0, 1);
      if (limited(count, () -> checkpointer.save(step, own, ModelFiles.none(), state))) {
        Checkpoint latest = checkpointer.latest().orElseThrow();
        assertEquals(run.resolve("step_" + step), latest.path());
        limited(count, () -> latest.restore(own));
      }
    } catch (IOException | RuntimeException e) {
      wrong.add("threads=" + count + ": " + e);
    }
  }

  private interface Work {
    void run() throws IOException;
  }

  /** Works with only so many more threads; returns whether that went well. */
  private boolean limited(int count, Work work) throws IOException {
    fault.putInt(4, count).putInt(0, THREAD);
    try {
      work.run();
      return true;
    } catch (OutOfMemoryError e) {
      wrong.add("threads=%d: %s; running: %s".formatted(count, e.getMessage(), running()));
      return false;
    } finally {
      fault.putInt(0, 0);
    }
  }

  private static List<String> running() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("cairn-"))
        .sorted()
        .toList();
  }
}
