package dev.cairn.cli.plan;

import dev.cairn.cli.options.ModelSize;
import dev.cairn.policy.AdapterSize;
import dev.cairn.policy.CostModel;
import dev.cairn.policy.IntervalAdvice;
import dev.cairn.policy.Overhead;
import dev.cairn.tensor.DType;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/** A plan as JSON: what is unknown is left out. */
final class PlanDocument {
  private PlanDocument() {}

  /** Returns the tree to print. */
  static Map<String, Object> of(PlanResult plan) {
    Map<String, Object> tree = new LinkedHashMap<>();
    plan.checkpointBytes().ifPresent(bytes -> tree.put("checkpointBytes", bytes));
    plan.model().ifPresent(model -> tree.put("model", model(model, plan)));
    plan.adapter().ifPresent(adapter -> tree.put("adapter", adapter(adapter, plan)));
    plan.save()
        .ifPresent(
            save -> {
              tree.put("stallSeconds", save.stallSeconds());
              if (!plan.saveOrigin().isEmpty()) {
                tree.put("saveSeconds", save.writeSeconds());
                tree.put("saveSecondsFrom", plan.saveOrigin());
              }
            });
    plan.mtbfSeconds().ifPresent(seconds -> tree.put("mtbfSeconds", seconds));
    plan.optimumSeconds().ifPresent(seconds -> tree.put("costOptimumSeconds", seconds));
    plan.advice().ifPresent(advice -> putAdvice(tree, advice));
    if (!plan.missing().isEmpty()) {
      tree.put("missing", plan.missing());
    }
    return tree;
  }

  private static Map<String, Object> model(ModelSize model, PlanResult plan) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("modelType", model.modelType());
    tree.put("parameters", model.parameters());
    tree.put("dtype", plan.dtype().toString());
    tree.put("bytes", model.bytes());
    tree.put("from", model.source());
    return tree;
  }

  private static Map<String, Object> adapter(AdapterSize adapter, PlanResult plan) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("rank", adapter.rank());
    tree.put("targetModules", adapter.targetModules());
    tree.put("modules", adapter.modules());
    tree.put("parameters", adapter.parameters());
    tree.put("copiedBaseParameters", adapter.copiedParameters());
    tree.put("dtype", plan.dtype().toString());
    tree.put("bytes", plan.checkpointBytes().orElseThrow());
    tree.put("bytesInF32", adapter.bytes(DType.F32));
    return tree;
  }

  private static void putAdvice(Map<String, Object> tree, IntervalAdvice advice) {
    CostModel model = advice.model();
    tree.put("intervalSteps", advice.steps());
    tree.put("intervalSeconds", advice.seconds());
    tree.put("limit", advice.limit().toString());
    tree.put("costOptimumSteps", model.optimumSteps());
    Map<String, Object> overheads = new LinkedHashMap<>();
    overheads.put("half", overhead(advice.overheadAtHalf(), model));
    overheads.put("advised", overhead(advice.overhead(), model));
    overheads.put("double", overhead(advice.overheadAtDouble(), model));
    tree.put("overhead", overheads);
    advice.saves().ifPresent(saves -> tree.put("saves", saves));
    advice.peakBytes().ifPresent(bytes -> tree.put("diskBytes", bytes));
    advice.disk().slots().ifPresent(slots -> tree.put("checkpointsThatFit", slots));
    model.run().trainingSeconds().ifPresent(seconds -> tree.put("trainingSeconds", seconds));
    model.run().expectedFailures().ifPresent(count -> tree.put("expectedFailures", count));
    putSingleFailure(tree, model);
  }

  private static Map<String, Object> overhead(Overhead overhead, CostModel model) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("intervalSteps", overhead.intervalSteps());
    tree.put("lostFraction", overhead.lostFraction());
    tree.put("stallFraction", overhead.stallFraction());
    tree.put("fraction", overhead.fraction());
    OptionalDouble training = model.run().trainingSeconds();
    training.ifPresent(seconds -> tree.put("seconds", overhead.fraction() * seconds));
    return tree;
  }

  private static void putSingleFailure(Map<String, Object> tree, CostModel model) {
    OptionalDouble steps = model.singleFailureSteps();
    if (steps.isPresent() && model.optimumSteps() > 0) {
      Map<String, Object> single = new LinkedHashMap<>();
      single.put("intervalSteps", steps.getAsDouble());
      single.put("timesTheOptimum", steps.getAsDouble() / model.optimumSteps());
      single.put("note", PlanTable.singleFailureNote(model));
      tree.put("withProbabilityOfFailure", single);
    }
  }
}
