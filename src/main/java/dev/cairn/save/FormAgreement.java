package dev.cairn.save;

import dev.cairn.form.FloatWidths;
import dev.cairn.form.Form;
import dev.cairn.form.FormResolver;
import dev.cairn.form.MemoryTensor;
import dev.cairn.form.check.QuantisedWeights;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelFiles;
import dev.cairn.hf.TiedNames;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.SaveOptions;
import dev.cairn.ranks.Operation;
import dev.cairn.ranks.Outcome;
import dev.cairn.ranks.Ranks;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;

/**
 * What rank 0 knows of the published model, on every rank. Kept from one save to the next, for the
 * copy that an asynchronous save makes before ranks meet. One thread at a time.
 */
public final class FormAgreement {
  private final FittedFiles fitted = new FittedFiles();
  private Optional<Agreed> last = Optional.empty();
  private ModelFiles files;

  /**
   * What all ranks know.
   *
   * @param ties whether the model's embeddings may be tied
   * @param form of the model
   * @param borrowed what rank 0 takes from the base model
   */
  public record Agreed(boolean ties, Form form, List<BorrowedTensor> borrowed) {
    private byte[] encode() throws IOException {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream data = new DataOutputStream(bytes);
      data.writeBoolean(ties);
      byte[] encoded = form.encode();
      data.writeInt(encoded.length);
      data.write(encoded);
      data.writeInt(borrowed.size());
      for (BorrowedTensor one : borrowed) {
        Outcome.writeText(data, one.baseName());
        TensorInfo tensor = one.info();
        Outcome.writeText(data, tensor.name());
        Outcome.writeText(data, tensor.dtype().name());
        data.writeInt(tensor.shape().dimensions());
        for (long dimension : tensor.shape().toArray()) {
          data.writeLong(dimension);
        }
      }
      return bytes.toByteArray();
    }

    private static Agreed decode(byte[] bytes) throws IOException {
      DataInputStream data = new DataInputStream(new ByteArrayInputStream(bytes));
      boolean ties = data.readBoolean();
      Form form = Form.decode(data.readNBytes(data.readInt()));
      List<BorrowedTensor> borrowed = new ArrayList<>();
      for (int left = data.readInt(); left > 0; left--) {
        String baseName = Outcome.readText(data);
        String name = Outcome.readText(data);
        DType dtype = DType.valueOf(Outcome.readText(data));
        long[] shape = new long[data.readInt()];
        for (int index = 0; index < shape.length; index++) {
          shape[index] = data.readLong();
        }
        borrowed.add(new BorrowedTensor(new TensorInfo(name, dtype, Shape.of(shape)), baseName));
      }
      return new Agreed(ties, form, borrowed);
    }

    /** Returns these parameters, the ones that stay F32 marked. */
    public ParameterSet marked(ParameterSet set) {
      Set<String> wide = form.wide();
      return wide.isEmpty()
          ? set
          : set.with(
              set.parameters().stream()
                  .map(one -> wide.contains(one.name()) ? one.keepingF32() : one)
                  .toList());
    }
  }

  /**
   * Returns the files of the save that was agreed upon last, with a config that fits it. Rank 0.
   */
  ModelFiles files() {
    return files;
  }

  /** Returns what the save before knew; empty before the first. */
  public Optional<Agreed> last() {
    return last;
  }

  /**
   * Tells all ranks what rank 0 knows. Collective.
   *
   * @param contents of which the files count on rank 0 only
   * @param set the model in memory
   * @throws CheckpointException on every rank, if ranks save into runs of different names: those of
   *     two runs that have met, for example
   */
  public Agreed agree(Ranks ranks, SaveOptions options, SaveContents contents, ParameterSet set)
      throws IOException {
    List<byte[]> told =
        ranks.together(
            () -> {
              ByteArrayOutputStream bytes = new ByteArrayOutputStream();
              DataOutputStream data = new DataOutputStream(bytes);
              Outcome.writeText(data, contents.runName());
              if (ranks.isWriter()) {
                files = fitted.fit(options, set, contents.files());
                data.write(known(options, set, files).encode());
              }
              return bytes.toByteArray();
            });
    List<String> runs = new ArrayList<>();
    Agreed agreed = null;
    for (byte[] message : told) {
      DataInputStream data = new DataInputStream(new ByteArrayInputStream(message));
      runs.add(Outcome.readText(data));
      agreed = agreed == null ? Agreed.decode(data.readAllBytes()) : agreed;
    }
    for (int rank = 1; rank < runs.size(); rank++) {
      if (!runs.get(rank).equals(runs.get(0))) {
        String difference =
            "ranks save in different runs: %s on rank 0, %s on rank %d"
                .formatted(runs.get(0), runs.get(rank), rank);
        throw ranks.alike(Operation.SAVE, rank, difference);
      }
    }
    last = Optional.of(agreed);
    return agreed;
  }

  private static Agreed known(SaveOptions options, ParameterSet set, ModelFiles files)
      throws IOException {
    boolean ties = files.config().map(ModelConfig::tiesWordEmbeddings).orElse(false);
    List<MemoryTensor> memory = PublishedParameters.described(set);
    Form form = form(options, memory, files).withRules(options.form().names(), memory);
    if (!options.form().missingFromBase()) {
      return new Agreed(ties, form, List.of());
    }
    Map<String, TensorInfo> base = files.baseTensors();
    List<BorrowedTensor> borrowed = missing(form, memory, files, ties);
    Set<String> wide = new HashSet<>();
    if (FloatWidths.isMostlyNarrow(base.values())) {
      borrowed.stream()
          .map(BorrowedTensor::info)
          .filter(FloatWidths::isWide)
          .map(TensorInfo::name)
          .forEach(wide::add);
    }
    return new Agreed(ties, form.keepingF32(wide), borrowed);
  }

  /**
   * Returns what the base model has besides, but for what is tied and what loaders ignore, in the
   * order of names.
   */
  private static List<BorrowedTensor> missing(
      Form form, List<MemoryTensor> memory, ModelFiles files, boolean ties) throws IOException {
    Map<String, TensorInfo> base = files.baseTensors();
    Set<String> published = new HashSet<>();
    form.apply(memory).forEach(tensor -> published.add(tensor.name()));
    Map<String, ?> config = files.config().map(ModelConfig::tree).orElse(Map.of());
    FormResolver resolver = FormResolver.of(config, Optional.empty());
    UnaryOperator<String> alignment = resolver.alignment(base.keySet(), published);
    Map<String, BorrowedTensor> missing = new TreeMap<>();
    for (TensorInfo tensor : base.values()) {
      String name = alignment.apply(tensor.name());
      if (!name.isEmpty() && !published.contains(name) && !resolver.isStale(name)) {
        TensorInfo renamed = new TensorInfo(name, tensor.dtype(), tensor.shape());
        missing.put(name, new BorrowedTensor(renamed, tensor.name()));
      }
    }
    for (BorrowedTensor one : missing.values()) {
      if (QuantisedWeights.include(one.info())) {
        throw new IllegalArgumentException(
            "nothing can be taken from a quantised base: tensor=%s, dtype=%s; give the model that"
                    .formatted(one.baseName(), one.info().dtype())
                + " it was made from");
      }
    }
    if (ties) {
      Set<String> all = new HashSet<>(published);
      all.addAll(missing.keySet());
      TiedNames.find(all).ifPresent(names -> missing.remove(names.alias()));
    }
    return List.copyOf(missing.values());
  }

  /** Returns the names in memory of what a save with these options leaves in F32. */
  public static Set<String> wide(SaveOptions options, ParameterSet set, ModelFiles files)
      throws IOException {
    return form(options, PublishedParameters.described(set), files).wide();
  }

  static Form form(SaveOptions options, List<MemoryTensor> memory, ModelFiles files)
      throws IOException {
    if (options.form().rawNames() || files.config().isEmpty()) {
      return Form.none();
    }
    FormResolver resolver = FormResolver.of(files.config().get().tree(), options.dtype());
    Map<String, TensorInfo> base = files.baseTensors();
    return base.isEmpty() ? resolver.form(memory) : resolver.form(memory, base);
  }
}
