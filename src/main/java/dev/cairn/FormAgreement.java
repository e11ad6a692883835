package dev.cairn;

import dev.cairn.form.Form;
import dev.cairn.form.FormResolver;
import dev.cairn.form.MemoryTensor;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelFiles;
import dev.cairn.safetensors.TensorInfo;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What rank 0 knows of the published model, on every rank. Kept from one save to the next, for the
 * copy that an asynchronous save makes before ranks meet. One thread at a time.
 */
final class FormAgreement {
  private static final byte[] NOTHING = new byte[0];

  private Optional<Agreed> last = Optional.empty();

  /**
   * What all ranks know.
   *
   * @param ties whether the model's embeddings may be tied
   * @param form of the model
   */
  record Agreed(boolean ties, Form form) {
    private byte[] encode() {
      byte[] encoded = form.encode();
      byte[] bytes = Arrays.copyOf(encoded, encoded.length + 1);
      bytes[encoded.length] = (byte) (ties ? 1 : 0);
      return bytes;
    }

    private static Agreed decode(byte[] bytes) {
      int length = bytes.length - 1;
      return new Agreed(bytes[length] == 1, Form.decode(Arrays.copyOf(bytes, length)));
    }

    /** Returns these parameters, the ones that stay F32 marked. */
    ParameterSet marked(ParameterSet set) {
      Set<String> wide = form.wide();
      return wide.isEmpty()
          ? set
          : set.with(
              set.parameters().stream()
                  .map(one -> wide.contains(one.name()) ? one.keepingF32() : one)
                  .toList());
    }
  }

  /** Returns what the save before knew; empty before the first. */
  Optional<Agreed> last() {
    return last;
  }

  /**
   * Tells all ranks what rank 0 knows. Collective.
   *
   * @param set the model in memory
   * @param files only rank 0's count
   */
  Agreed agree(Ranks ranks, SaveOptions options, ParameterSet set, ModelFiles files)
      throws IOException {
    List<byte[]> told =
        ranks.together(() -> ranks.isWriter() ? known(options, set, files).encode() : NOTHING);
    Agreed agreed = Agreed.decode(told.get(0));
    last = Optional.of(agreed);
    return agreed;
  }

  private static Agreed known(SaveOptions options, ParameterSet set, ModelFiles files)
      throws IOException {
    boolean ties = files.config().map(ModelConfig::tiesWordEmbeddings).orElse(false);
    List<MemoryTensor> memory = PublishedParameters.described(set);
    return new Agreed(ties, form(options, memory, files).withRules(options.names(), memory));
  }

  private static Form form(SaveOptions options, List<MemoryTensor> memory, ModelFiles files)
      throws IOException {
    if (options.rawNames() || files.config().isEmpty()) {
      return Form.none();
    }
    FormResolver resolver = FormResolver.of(files.config().get().tree(), options.dtype());
    Map<String, TensorInfo> base = files.baseTensors();
    return base.isEmpty() ? resolver.form(memory) : resolver.form(memory, base);
  }
}
