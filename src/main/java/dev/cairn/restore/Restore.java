package dev.cairn.restore;

import dev.cairn.comm.channel.CommunicationException;
import dev.cairn.copy.BufferWorkers;
import dev.cairn.gpu.DeviceStaging;
import dev.cairn.hf.TiedNames;
import dev.cairn.layout.ElementRange;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.model.TrainerState;
import dev.cairn.ranks.Operation;
import dev.cairn.ranks.Ranks;
import dev.cairn.safetensors.Manifest.TensorRecord;
import dev.cairn.save.SaveContext;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** Reads this rank's byte ranges of a checkpoint into its partitions, whatever ranks wrote it. */
public final class Restore {
  private final SaveContext tools;
  private final CheckpointReader reader;
  private final List<Parameter> targets = new ArrayList<>();
  private final List<ReadRange> ranges = new ArrayList<>();

  Restore(SaveContext tools, CheckpointReader reader) {
    this.tools = tools;
    this.reader = reader;
  }

  /** Fills model and state from a checkpoint, or fails on every rank. Collective. */
  public static Void together(
      SaveContext tools, Path folder, Optional<ParameterSet> model, TrainerState state)
      throws IOException {
    Ranks ranks = tools.ranks();
    return ranks.run(
        Operation.RESTORE,
        "restore(" + folder.getFileName() + ")",
        () -> {
          CheckpointReader reader = openTogether(tools, folder);
          ranks.together(Operation.RESTORE, () -> read(tools, reader, model, state));
          return null;
        });
  }

  private static byte[] read(
      SaveContext tools, CheckpointReader opened, Optional<ParameterSet> model, TrainerState state)
      throws IOException {
    try (CheckpointReader reader = opened) {
      Restore restore = new Restore(tools, reader);
      if (model.isPresent()) {
        restore.add(reader.published(model.get(), tools.ranks()), reader.model());
      }
      if (state.tensors().isPresent()) {
        restore.add(state.tensors().get(), reader.state());
      }
      restore.run();
    }
    return new byte[0];
  }

  /**
   * Returns a reader of the checkpoint, once it is known that all ranks see the same one. It has no
   * file open yet.
   */
  private static CheckpointReader openTogether(SaveContext tools, Path folder) throws IOException {
    Ranks ranks = tools.ranks();
    AtomicReference<CheckpointReader> opened = new AtomicReference<>();
    List<byte[]> sights =
        ranks.together(Operation.RESTORE, () -> SameCheckpoint.sight(tools.disk(), folder));
    Optional<String> absence = SameCheckpoint.absence(sights, folder);
    if (absence.isPresent()) {
      throw ranks.alike(Operation.RESTORE, CommunicationException.UNKNOWN_RANK, absence.get());
    }
    List<byte[]> checksums =
        ranks.together(
            Operation.RESTORE,
            () -> {
              opened.set(new CheckpointReader(tools.disk(), folder));
              int crc = opened.get().manifestCrc32c();
              return ByteBuffer.allocate(Integer.BYTES).putInt(crc).array();
            });
    Optional<String> difference = SameCheckpoint.difference(checksums, folder);
    if (difference.isPresent()) {
      throw ranks.alike(Operation.RESTORE, CommunicationException.UNKNOWN_RANK, difference.get());
    }
    return opened.get();
  }

  /** A run of elements of one tensor that fits a staging buffer, and where it goes. */
  private record ReadRange(
      TensorRecord source, Parameter target, long elementOffset, long elements, long heldOffset) {}

  /**
   * Plans to fill these parameters' partitions.
   *
   * @throws IllegalArgumentException if one is not in the checkpoint, or has another shape, or a
   *     dtype that its elements cannot be cast to
   */
  void add(ParameterSet parameters, Map<String, TensorRecord> saved) {
    for (Parameter parameter : parameters.parameters()) {
      parameter.checkPartition(tools.ranks().rank(), tools.ranks().size());
      TensorRecord source = find(parameter, parameters, saved);
      check(parameter, source);
      targets.add(parameter);
      long heldOffset = 0;
      for (ElementRange range :
          parameter
              .layout()
              .ranges(parameter.shape(), tools.ranks().rank(), tools.ranks().size())) {
        cut(source, parameter, range, heldOffset);
        heldOffset += range.elements();
      }
    }
  }

  /** Finds a parameter, or the canonical one that it is tied to and under which it was saved. */
  private static TensorRecord find(
      Parameter parameter, ParameterSet parameters, Map<String, TensorRecord> saved) {
    TensorRecord own = saved.get(parameter.name());
    if (own != null) {
      return own;
    }
    String canonical = parameters.tied().get(parameter.name());
    if (canonical == null) {
      canonical =
          TiedNames.find(saved.keySet())
              .filter(names -> names.alias().equals(parameter.name()))
              .map(TiedNames::canonical)
              .orElse(null);
    }
    if (canonical == null || !saved.containsKey(canonical)) {
      throw new IllegalArgumentException(
          "tensor is not in the checkpoint: tensor=" + parameter.name());
    }
    return saved.get(canonical);
  }

  private static void check(Parameter parameter, TensorRecord source) {
    if (!parameter.shape().equals(source.shape())) {
      throw new IllegalArgumentException(
          "shape differs from the checkpoint's: tensor=%s, shape=%s, saved %s"
              .formatted(parameter.name(), parameter.shape(), source.shape()));
    }
    boolean castable =
        parameter.held().isCastable()
            && source.dtype().isCastable()
            && parameter.held() != DType.F64; // kernels cast to nothing wider than F32
    if (parameter.held() != source.dtype() && !castable) {
      throw new IllegalArgumentException(
          "dtype differs from the checkpoint's: tensor=%s, dtype=%s, saved %s"
              .formatted(parameter.name(), parameter.held(), source.dtype()));
    }
  }

  private void cut(TensorRecord source, Parameter target, ElementRange range, long heldOffset) {
    DType saved = source.dtype();
    long most = (long) tools.staging().bufferBytes() * 8 / Math.max(saved.bits(), 8);
    for (long begin = range.begin(); begin < range.end(); begin += most) {
      long elements = Math.min(most, range.end() - begin);
      ranges.add(
          new ReadRange(source, target, begin, elements, heldOffset + begin - range.begin()));
    }
  }

  /**
   * Reads all ranges, several at a time. When it returns, all of them are where they belong; when
   * it throws, nothing is written into partitions any more.
   */
  void run() throws IOException {
    tools.devices().prepare(targets, tools.staging(), tools.options());
    Optional<DeviceStaging> device = tools.devices().after(targets);
    try {
      fillAll(device);
    } catch (IOException | RuntimeException | Error e) {
      settle(device, e);
      throw e;
    }
    device.ifPresent(DeviceStaging::settle);
  }

  /** Waits for the GPU after a failure; what goes wrong here is suppressed in that. */
  private static void settle(Optional<DeviceStaging> device, Throwable failure) {
    try {
      device.ifPresent(DeviceStaging::settle);
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private void fillAll(Optional<DeviceStaging> device) throws IOException {
    Iterator<ReadRange> next = ranges.iterator();
    BufferWorkers.run(
        tools.staging(),
        "cairn-restore",
        buffer -> {
          for (ReadRange range = take(next); range != null; range = take(next)) {
            fill(range, buffer, device);
            tools.ranks().communicator().control().progressed();
          }
        });
  }

  private static ReadRange take(Iterator<ReadRange> next) {
    synchronized (next) {
      return next.hasNext() ? next.next() : null;
    }
  }

  private void fill(ReadRange range, ByteBuffer staging, Optional<DeviceStaging> device)
      throws IOException {
    DType saved = range.source().dtype();
    DType held = range.target().held();
    Partition target = range.target().partition();
    long heldByte = held.bytes(range.heldOffset());
    if (target.isOnDevice()) {
      read(range, staging);
      device.get().bring(saved, staging, held, target.address(heldByte), range.elements());
      return;
    }
    ByteBuffer place = target.view(heldByte, Math.toIntExact(held.bytes(range.elements())));
    if (saved == held) {
      reader.read(range.source(), saved.bytes(range.elementOffset()), place);
      return;
    }
    read(range, staging);
    tools.kernels().cast(saved, staging, held, place, Math.toIntExact(range.elements()), 0);
  }

  private void read(ReadRange range, ByteBuffer staging) throws IOException {
    DType saved = range.source().dtype();
    staging.clear().limit(Math.toIntExact(saved.bytes(range.elements())));
    reader.read(range.source(), saved.bytes(range.elementOffset()), staging);
    staging.flip();
  }
}
