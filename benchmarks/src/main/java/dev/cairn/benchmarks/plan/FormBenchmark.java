package dev.cairn.benchmarks.plan;

import dev.cairn.form.Form;
import dev.cairn.form.FormResolver;
import dev.cairn.form.MemoryTensor;
import dev.cairn.form.PublishedTensor;
import dev.cairn.form.Run;
import dev.cairn.layout.ElementRange;
import dev.cairn.layout.Layout;
import dev.cairn.layout.Slice;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
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
 * What it takes to find the published form of a model of 100 000 published tensors, beside planning
 * as many that need none: aimed at 1.2 times the time, and the memory (with {@code -prof gc}).
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
  private List<PlannedTensor> asTheyAre;

  private void make() {
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

  /** Makes what the files have, for planning alone. */
  @Setup
  public void publish() {
    make();
    asTheyAre =
        published().stream()
            .map(tensor -> planned(tensor.name(), tensor.shape(), Layout.zero3()))
            .toList();
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
    return published().size();
  }

  /** What every rank does with tensors that are published as they are. */
  @Benchmark
  public long plan() throws IOException {
    return PlanProgram.plan(asTheyAre);
  }

  /** The same with the form. */
  @Benchmark
  public long resolveApplyAndPlan() throws IOException {
    List<PlannedTensor> planned = new ArrayList<>(TENSORS);
    for (PublishedTensor tensor : published()) {
      planned.add(planned(tensor.name(), tensor.shape(), layout(tensor)));
    }
    return PlanProgram.plan(planned);
  }

  private List<PublishedTensor> published() {
    Form form = FormResolver.of(config, Optional.empty()).form(memory);
    return form.apply(memory);
  }

  private Layout layout(PublishedTensor tensor) {
    if (tensor.whole(memory) >= 0) {
      return Layout.zero3();
    }
    List<Slice> slices = new ArrayList<>(1);
    for (Run run : tensor.runs()) {
      ElementRange elements = new ElementRange(run.begin(), run.end());
      slices.add(new Slice(Layout.zero3(), memory.get(run.source()).shape(), elements));
    }
    return Layout.composed(slices);
  }

  private static PlannedTensor planned(String name, Shape shape, Layout layout) {
    return new PlannedTensor(new TensorInfo(name, DType.BF16, shape), DType.BF16, layout);
  }
}
