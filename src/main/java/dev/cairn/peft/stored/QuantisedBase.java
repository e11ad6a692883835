package dev.cairn.peft.stored;

import dev.cairn.form.check.QuantisedWeights;
import dev.cairn.safetensors.TensorInfo;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What cannot be merged into, as it is quantised, and what to do. */
public final class QuantisedBase {
  private static final String ORIGINAL = "merge into the model that it was quantised from (--base)";

  private final StoredWeights base;
  private final Map<String, ?> config;

  /**
   * Looks at a base.
   *
   * @param config its config.json; empty if there is none
   */
  public QuantisedBase(StoredWeights base, Map<String, ?> config) {
    this.base = base;
    this.config = config;
  }

  /**
   * Refuses a base of which a part is still quantised.
   *
   * @throws IllegalArgumentException that names the method, the first tensor and what to do
   */
  public void check() {
    first()
        .ifPresent(
            tensor -> {
              throw new IllegalArgumentException(told(tensor));
            });
  }

  /** Returns a refusal, with the reason if the base's weights are quantised. */
  public IllegalArgumentException explain(IllegalArgumentException refused) {
    return first()
        .map(
            tensor ->
                new IllegalArgumentException(
                    told(tensor) + " (" + refused.getMessage() + ")", refused))
        .orElse(refused);
  }

  private Optional<StoredWeight> first() {
    List<TensorInfo> tensors =
        base.tensors().stream()
            .map(tensor -> new TensorInfo(tensor.name(), tensor.dtype(), tensor.shape()))
            .toList();
    return QuantisedWeights.among(tensors, Map.of()).stream()
        .findFirst()
        .map(tensor -> new StoredWeight(tensor.name(), tensor.dtype(), tensor.shape()));
  }

  private String told(StoredWeight tensor) {
    return "cannot merge into quantised weights: quant_method=%s, tensor=%s %s %s, base=%s; %s"
        .formatted(method(), tensor.name(), tensor.dtype(), tensor.shape(), base.root(), advice());
  }

  private String method() {
    Object how = config.get("quantization_config");
    return how instanceof Map<?, ?> fields && fields.get("quant_method") instanceof String name
        ? name
        : "unknown";
  }

  private String advice() {
    boolean isFloat =
        base.tensors().stream().anyMatch(tensor -> EightBitFloats.are(tensor.dtype()));
    if (isFloat) {
      return "add --dequantise: the result has plain weights";
    }
    return switch (method()) {
      case "bitsandbytes" ->
          ORIGINAL
              + ", or make it plain first, in Python:"
              + " AutoModelForCausalLM.from_pretrained(BASE).dequantize().save_pretrained(PLAIN)";
      case "mxfp4" -> madePlain("Mxfp4Config");
      case "compressed-tensors" -> madePlain("CompressedTensorsConfig");
      default -> ORIGINAL;
    };
  }

  private static String madePlain(String transformersConfig) {
    return ("make it plain first, in Python: AutoModelForCausalLM.from_pretrained(BASE,"
            + " quantization_config=%s(dequantize=True)).save_pretrained(PLAIN), and merge into"
            + " that (--base)")
        .formatted(transformersConfig);
  }
}
