package dev.cairn.example;

import dev.cairn.Checkpoint;
import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.SaveOptions;
import dev.cairn.peft.AdapterCheckpointer;
import dev.cairn.peft.LoraConfig;
import dev.cairn.tensor.Shape;
import dev.cairn.torch.TorchLibrary;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Trains a LoRA adapter on a run's latest checkpoint and saves it as PEFT does: {@code FineTune RUN
 * OUTPUT TEXT STEPS PROMPT}. Leaves the logits of the prompt, without and with the adapter.
 */
@SuppressWarnings("try") // a PointerScope frees what is made while it is open
public final class FineTune {
  private static final double RATE = 1e-2;
  private static final int RANK = 4;
  private static final LoraConfig.Builder CONFIG =
      LoraConfig.builder()
          .rank(RANK)
          .alpha(8)
          .targetModules(List.of("q_proj", "v_proj"))
          .taskType("CAUSAL_LM");

  private FineTune() {}

  /** Runs one rank; its environment says which. */
  public static void main(String[] arguments) throws IOException {
    Path output = Path.of(arguments[1]);
    Text text = Text.read(Path.of(arguments[2]));
    TorchLibrary.load();
    torch.set_num_threads(1);
    torch.manual_seed(2);
    RunOptions run = RunOptions.in(Path.of(arguments[0]));
    try (Group group = new Group();
        ZeroThree base = new ZeroThree(group, Llama.shapes(), Llama::initial);
        ZeroThree adapter = new ZeroThree(group, shapes(), FineTune::initial);
        Checkpointer checkpointer =
            Checkpointer.open(group.communicator(), SaveOptions.defaults(), run)) {
      Checkpoint checkpoint = checkpointer.latest().orElseThrow();
      checkpoint.restore(base.parameters());
      LoraConfig config = CONFIG.baseModel(checkpoint.path().toString()).build();
      for (long step = 1; step <= Long.parseLong(arguments[3]); step++) {
        train(group, base, adapter, config, text, step);
      }
      ParameterSet parameters = adapter.parameters();
      new AdapterCheckpointer(checkpointer, config).save(output.resolve("adapter"), parameters);
      writeLogits(group, base, adapter, config, Text.of(arguments[4]), output);
    }
  }

  private static void train(
      Group group, ZeroThree base, ZeroThree adapter, LoraConfig config, Text text, long step) {
    try (PointerScope scope = new PointerScope()) {
      Map<String, Tensor> factors = adapter.gather();
      Tensor batch = text.batch(step, group);
      long length = batch.size(1) - 1;
      Map<String, Tensor> weights = adapted(base.gather(), factors, config);
      Llama.loss(weights, batch.narrow(1, 0, length), batch.narrow(1, 1, length)).backward();
      adapter.step(factors, step, RATE);
    }
  }

  /** Returns the weights with scale · B · A added to those that have an adapter. */
  private static Map<String, Tensor> adapted(
      Map<String, Tensor> base, Map<String, Tensor> factors, LoraConfig config) {
    Map<String, Tensor> adapted = new LinkedHashMap<>();
    base.forEach(
        (name, weight) -> {
          String module = name.substring(0, name.lastIndexOf(".weight"));
          Tensor plain = weight.detach();
          Tensor b = factors.get(factor(module, "B"));
          Tensor change = b == null ? null : b.matmul(factors.get(factor(module, "A")));
          Scalar scale = new Scalar(config.scale(module));
          adapted.put(name, change == null ? plain : plain.add(change.mul(scale)));
        });
    return adapted;
  }

  /** Returns the name that a PEFT model has for a factor. */
  private static String factor(String module, String letter) {
    return "base_model.model." + module + ".lora_" + letter + ".default.weight";
  }

  private static Map<String, Shape> shapes() {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    Llama.shapes()
        .forEach(
            (name, shape) -> {
              String module = name.substring(0, name.lastIndexOf(".weight"));
              if (module.endsWith("q_proj") || module.endsWith("v_proj")) {
                shapes.put(factor(module, "A"), Shape.of(RANK, shape.dimension(1)));
                shapes.put(factor(module, "B"), Shape.of(shape.dimension(0), RANK));
              }
            });
    return shapes;
  }

  private static Tensor initial(String name, Shape shape) {
    return name.contains(".lora_A.")
        ? torch.randn(shape.toArray()).mul_(new Scalar(0.1))
        : torch.zeros(shape.toArray());
  }

  private static void writeLogits(
      Group group, ZeroThree base, ZeroThree adapter, LoraConfig config, Text prompt, Path output)
      throws IOException {
    try (PointerScope scope = new PointerScope()) {
      Map<String, Tensor> weights = base.gather();
      Map<String, Tensor> adapted = adapted(weights, adapter.gather(), config);
      if (group.rank() == 0) {
        write(Llama.logits(weights, prompt.tokens()), output.resolve("base.logits"));
        write(Llama.logits(adapted, prompt.tokens()), output.resolve("adapter.logits"));
      }
    }
  }

  /** Writes the elements in F32, little endian. */
  private static void write(Tensor tensor, Path file) throws IOException {
    float[] values = new float[Math.toIntExact(tensor.numel())];
    tensor.detach().contiguous().data_ptr_float().get(values);
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    Files.write(file, bytes.array());
  }
}
