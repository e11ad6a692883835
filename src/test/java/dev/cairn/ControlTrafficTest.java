package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.comm.Communicator;
import dev.cairn.comm.channel.Control;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.layout.Layout;
import dev.cairn.machine.Machine;
import dev.cairn.machine.ProcessIdentity;
import dev.cairn.model.TrainerState;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.Group;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a save sends to every rank does not grow with what only rank 0 needs. */
@Timeout(60)
class ControlTrafficTest {
  private static final int RANKS = 4;
  private static final int TRAINER_BYTES = 100_000;
  private static final SaveOptions OPTIONS =
      SaveOptions.builder().mode(SaveMode.PARALLEL).durability(Durability.FAST).build();

  @TempDir Path temporary;

  /** Counts the bytes that a rank gets from collectives. */
  private static Communicator counting(Communicator real, AtomicLong receivedBytes) {
    Control control =
        (Control)
            proxy(
                Control.class,
                real.control(),
                result -> {
                  if (result instanceof List<?> messages) {
                    messages.forEach(message -> receivedBytes.addAndGet(((byte[]) message).length));
                  } else if (result instanceof byte[] message) {
                    receivedBytes.addAndGet(message.length);
                  }
                  return result;
                });
    return (Communicator)
        proxy(Communicator.class, real, result -> result instanceof Control ? control : result);
  }

  private interface Watch {
    Object see(Object result);
  }

  private static Object proxy(Class<?> type, Object real, Watch watch) {
    return Proxy.newProxyInstance(
        type.getClassLoader(),
        new Class<?>[] {type},
        (self, method, arguments) -> watch.see(call(real, method, arguments)));
  }

  private static Object call(Object real, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(real, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  /** Returns the most bytes that a rank other than 0 got. */
  private long receivedBytes(int tensors, byte[] ownBytes) throws Exception {
    ReferenceModel model = new ReferenceModel(1);
    for (int tensor = 0; tensor < tensors; tensor++) {
      model.add("layer." + tensor + ".weight", DType.F32, Layout.zero3(), 8);
    }
    Path run = temporary.resolve("run" + tensors + "-" + ownBytes.length);
    return Group.values(
            RANKS,
            ranks -> {
              AtomicLong received = new AtomicLong();
              TrainerState state = TrainerState.builder().rankBytes("loader", ownBytes).build();
              try (Checkpointer checkpointer =
                  Checkpointer.open(counting(ranks, received), OPTIONS, RunOptions.in(run))) {
                checkpointer.save(1, model.on(ranks.rank(), RANKS), ModelFiles.none(), state);
              }
              return ranks.rank() == 0 ? 0 : received.get();
            })
        .stream()
        .mapToLong(Long::longValue)
        .max()
        .orElseThrow();
  }

  /** This machine, as one of many hosts. */
  private static Machine host(String bootId) {
    return (Machine)
        proxy(
            Machine.class,
            Machine.local(),
            result ->
                result instanceof ProcessIdentity self
                    ? new ProcessIdentity(bootId, self.namespace(), self.pid(), self.startTicks())
                    : result);
  }

  /** Returns the most bytes that a rank other than 0 got of a save by ranks on these hosts. */
  private long receivedBytes(List<String> bootIds) throws Exception {
    ReferenceModel model = new ReferenceModel(1).add("layer.weight", DType.F32, Layout.zero3(), 8);
    Path target = temporary.resolve("model" + bootIds.hashCode());
    return Group.values(
            bootIds.size(),
            ranks -> {
              AtomicLong received = new AtomicLong();
              Machine machine = host(bootIds.get(ranks.rank()));
              try (Checkpointer checkpointer =
                  Checkpointer.open(
                      counting(ranks, received),
                      OPTIONS,
                      Optional.empty(),
                      Disk.local(),
                      machine)) {
                checkpointer.save(
                    target, model.on(ranks.rank(), bootIds.size()), ModelFiles.none());
              }
              return ranks.rank() == 0 ? 0 : received.get();
            })
        .stream()
        .mapToLong(Long::longValue)
        .max()
        .orElseThrow();
  }

  @Test
  void hostsOfRanksGoToRankZeroAlone() throws Exception {
    String long1 = "a".repeat(10_000);
    String long2 = "b".repeat(10_000);
    long small = receivedBytes(List.of("a", "b", "a", "b"));
    long large = receivedBytes(List.of(long1, long2, long1, long2));
    assertTrue(large <= small + 100, "a rank got %d bytes, at best %d".formatted(large, small));
  }

  @Test
  void checksumsOfTensorsGoToRankZeroAlone() throws Exception {
    long few = receivedBytes(10, new byte[0]);
    long many = receivedBytes(1000, new byte[0]);
    assertTrue(many <= few + 100, "a rank got %d bytes, for 10 tensors %d".formatted(many, few));
  }

  @Test
  void bytesOfOtherRanksTrainersGoToRankZeroAlone() throws Exception {
    long none = receivedBytes(10, new byte[0]);
    long large = receivedBytes(10, new byte[TRAINER_BYTES]);
    assertTrue(large <= none + 100, "a rank got %d bytes, without %d".formatted(large, none));
  }
}
