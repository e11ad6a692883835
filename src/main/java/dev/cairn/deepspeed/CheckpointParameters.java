package dev.cairn.deepspeed;

import dev.cairn.form.FormResolver;
import dev.cairn.hf.ModelFiles;
import dev.cairn.hf.TiedNames;
import dev.cairn.input.DeepSpeedRefusal;
import dev.cairn.kernels.Kernels;
import dev.cairn.layout.Layout;
import dev.cairn.machine.CloseAll;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.model.PartitionReader;
import dev.cairn.options.FormOptions;
import dev.cairn.options.SaveOptions;
import dev.cairn.save.FormAgreement;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.ReadBuffers;
import dev.cairn.torchfile.SourceReader;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * The parameters of a checkpoint as a set that any save of one rank takes: its partitions are read
 * from the checkpoint's files while they are saved.
 *
 * <p>Holds the files open that were read so far, and nothing of their content. Close it after the
 * last save that uses the set.
 */
public final class CheckpointParameters implements AutoCloseable {
  private static final Logger LOG = System.getLogger(CheckpointParameters.class.getName());

  private final SourceReader reader = new SourceReader();
  private final ReadBuffers castBuffers = new ReadBuffers();
  private final IdentityHashMap<Partition, CheckpointParameter> sources = new IdentityHashMap<>();
  private final DeepSpeedCheckpoint checkpoint;
  private ParameterSet parameters;
  private volatile LongConsumer counter = lengthBytes -> {};

  /**
   * Prepares the set; opens no file yet.
   *
   * @param checkpoint where the bytes are
   * @param options which parameters, and as what
   * @throws IllegalArgumentException if nothing is left, or two names are one without their
   *     wrappers
   */
  public CheckpointParameters(DeepSpeedCheckpoint checkpoint, ConsolidationOptions options) {
    this.checkpoint = checkpoint;
    List<Parameter> list = new ArrayList<>();
    Map<String, String> owners = new HashMap<>();
    for (CheckpointParameter parameter : checkpoint.parameters()) {
      if (!options.excludeFrozen() || parameter.kind() != ParameterKind.FROZEN) {
        list.add(parameter(parameter, options.asHeld()));
        owners.put(parameter.name(), parameter.tiedTo().orElse(parameter.name()));
      }
    }
    ParameterSet all = TiedNames.declared(ParameterSet.of(list), owners);
    parameters = options.attribute().map(all::attribute).orElse(all);
  }

  private Parameter parameter(CheckpointParameter parameter, boolean asHeld) {
    DType dtype = asHeld ? parameter.heldDType() : parameter.storedDType();
    long lengthBytes = dtype.bytes(parameter.shape().elements());
    PartitionReader content =
        dtype == parameter.storedDType()
            ? parameter.reader(reader)
            : new CastReader(parameter, reader, Kernels.best(), castBuffers);
    Partition partition = partition(content, lengthBytes);
    sources.put(partition, parameter);
    Layout layout = Layout.replicated();
    return parameter.kind() == ParameterKind.BUFFER
        ? Parameter.buffer(parameter.name(), parameter.shape(), dtype, layout, partition)
        : Parameter.of(parameter.name(), parameter.shape(), dtype, layout, partition);
  }

  private Partition partition(PartitionReader content, long lengthBytes) {
    return Partition.of(
        new CountedReader(content, readBytes -> counter.accept(readBytes)), lengthBytes);
  }

  /**
   * Refuses a save of a whole model from a checkpoint without its frozen parameters, where nothing
   * would tell which are missing: no base model, and no config whose tensors are known.
   *
   * @param form of the save; one that may be incomplete is fine, and of one that is not checked a
   *     warning says what it lacks
   * @param files of the model that is saved
   * @throws CorruptFileException if it is refused, with what to do
   * @throws IOException if the base model that the files name cannot be read
   */
  public void requireFrozen(FormOptions form, ModelFiles files) throws IOException {
    if (!checkpoint.leavesFrozenOut() || form.incomplete()) {
      return;
    }
    if (form.rawNames() || form.unchecked()) {
      LOG.log(
          Level.WARNING,
          "what was frozen in training is not in the checkpoint and will be missing");
    } else if (!isCompared(files)) {
      throw DeepSpeedRefusal.FROZEN_LEFT_OUT.of(checkpoint.folder());
    }
  }

  private boolean isCompared(ModelFiles files) throws IOException {
    List<String> names = parameters.parameters().stream().map(Parameter::name).toList();
    return !files.baseTensors().isEmpty()
        || files
            .config()
            .flatMap(config -> FormResolver.of(config.tree(), Optional.empty()).expected(names))
            .isPresent();
  }

  /**
   * Reads from now on the 16-bit weights that the live engine held, half the bytes of its F32
   * masters, if they are what a save with these options writes: all those of the dtype that is
   * asked for, but for tensors that the published model has in F32. Where a sample of them differs
   * from the masters, and no checksum says that it is damaged, those are read as before. Call it
   * before {@link #parameters}.
   *
   * @param save options of the save that will use the set
   * @param files of the model that is saved
   * @return in words, which of the two are read; empty where there is only one of them that fits
   * @throws CorruptFileException if a sample differs because its file is damaged
   * @throws IOException if the sample, or the base model that the files name, cannot be read
   */
  public Optional<String> preferHeld(SaveOptions save, ModelFiles files) throws IOException {
    Set<String> wide = FormAgreement.wide(save, parameters, files);
    Set<String> names = new HashSet<>();
    long compared;
    try (HeldWeights sample = new HeldWeights(Kernels.best())) {
      for (Parameter parameter : parameters.parameters()) {
        CheckpointParameter source = sources.get(parameter.partition());
        if (!wide.contains(parameter.name()) && isHeld(source, save.dtype())) {
          names.add(parameter.name());
          if (source.tiedTo().isEmpty() && !sample.agree(source)) {
            HeldWeights.verify(source.held().content(), source.shape().elements());
            return Optional.of(
                "reading the F32 masters: the 16-bit weights of the model states differ from them,"
                    + " first in "
                    + source.name());
          }
        }
      }
      compared = sample.compared();
    }
    parameters
        .tied()
        .forEach(
            (alias, canonical) -> {
              if (names.contains(alias) != names.contains(canonical)) {
                names.removeAll(List.of(alias, canonical));
              }
            });
    if (names.isEmpty()) {
      return Optional.empty();
    }
    parameters =
        parameters.with(parameters.parameters().stream().map(p -> held(p, names)).toList());
    return Optional.of(
        "reading the 16-bit weights of the model states: they equal the F32 masters in the "
            + compared
            + " elements that were compared");
  }

  private static boolean isHeld(CheckpointParameter source, Optional<DType> wanted) {
    DType held = source.heldDType();
    return source.held() != null
        && source.kind() == ParameterKind.TRAINABLE
        && (held == DType.BF16 || held == DType.F16)
        && source.storedDType() != held
        && wanted.orElse(held) == held;
  }

  private Parameter held(Parameter parameter, Set<String> names) {
    if (!names.contains(parameter.name())) {
      return parameter;
    }
    CheckpointParameter held = sources.get(parameter.partition()).held();
    return Parameter.of(
        parameter.name(),
        parameter.shape(),
        held.storedDType(),
        parameter.layout(),
        partition(held.reader(reader), held.storedDType().bytes(held.shape().elements())));
  }

  /** {@return the set, in the order of the module's state dict} */
  public ParameterSet parameters() {
    return parameters;
  }

  /** {@return the bytes of all partitions of the set, which a save reads at most once each} */
  public long lengthBytes() {
    return parameters.partitionBytes();
  }

  /**
   * Tells {@code listener} from now on how many bytes of partitions each read made, for a display
   * of progress. It is called on the threads that read, several at once.
   *
   * @param listener gets a count of bytes, more than 0; replaces the one before
   */
  public void onRead(LongConsumer listener) {
    counter = listener;
  }

  /** Closes the files and frees the buffers. */
  @Override
  public void close() throws IOException {
    CloseAll.of(reader, castBuffers).closeIo();
  }
}
