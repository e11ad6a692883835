package dev.cairn.benchmarks;

import dev.cairn.form.Form;
import dev.cairn.form.FormResolver;
import dev.cairn.form.MemoryTensor;
import dev.cairn.form.PublishedTensor;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What it takes to find the published form of a model of 100 000 published tensors; PlanBenchmark's
 * plan of as many is what it is to be small beside.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgs = "-Xmx512m")
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class FormBenchmark {
  private static final int TENSORS = 100_000;
  private static final int EXPERTS = 64;

  /** Dense: nothing changes. Renamed: every name does. Experts: all are stacked, and are split. */
  @Param({"dense", "renamed", "experts"})
  public String model;

  private Map<String, Object> config;
  private List<MemoryTensor> memory;

  /** Makes the names. */
  @Setup
  public void make() {
    memory = new ArrayList<>();
    switch (model) {
      case "dense" -> {
        config = config("LlamaForCausalLM", "llama");
        dense("model.layers.");
      }
      case "renamed" -> {
        config = config("LlavaForConditionalGeneration", "llava");
        dense("model.language_model.layers.");
      }
      default -> {
        config = config("MixtralForCausalLM", "mixtral");
        for (int layer = 0; layer * 3 * EXPERTS < TENSORS; layer++) {
          String name = "model.layers." + layer + ".mlp.experts.";
          memory.add(new MemoryTensor(name + "gate_up_proj", Shape.of(EXPERTS, 256, 64)));
          memory.add(new MemoryTensor(name + "down_proj", Shape.of(EXPERTS, 64, 128)));
        }
      }
    }
  }

  private static Map<String, Object> config(String architecture, String type) {
    return Map.of("architectures", List.of(architecture), "model_type", type);
  }

  private void dense(String prefix) {
    List<String> parts = List.of("self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "norm");
    for (int index = 0; index < TENSORS; index++) {
      String name = prefix + index / parts.size() + "." + parts.get(index % parts.size());
      memory.add(new MemoryTensor(name + ".weight", Shape.of(64, 64)));
    }
  }

  /** What rank 0 does: find the form, and apply it. */
  @Benchmark
  public int resolveAndApply() {
    Form form = FormResolver.of(config, Optional.empty()).form(memory);
    List<PublishedTensor> published = form.apply(memory);
    return published.size();
  }
}
