package dev.cairn.cli.plan;

import dev.cairn.cli.options.DTypeOption;
import dev.cairn.cli.text.Amounts;
import dev.cairn.cli.text.Numbers;
import dev.cairn.cli.text.TextColumns;
import dev.cairn.policy.AdapterSize;
import dev.cairn.policy.CostModel;
import dev.cairn.policy.IntervalAdvice;
import dev.cairn.policy.IntervalLimit;
import dev.cairn.policy.Overhead;
import dev.cairn.policy.SaveCost;
import dev.cairn.policy.TrainingRun;
import dev.cairn.tensor.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** A plan as text: one line for each thing that is known, then what other intervals cost. */
final class PlanTable {
  private static final double NEARLY_EQUAL = 1.05;

  private final List<List<String>> rows = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  private PlanTable() {}

  /** Returns the lines to print. */
  static List<String> of(PlanResult plan) {
    PlanTable table = new PlanTable();
    table.addSizes(plan);
    table.addTimes(plan);
    plan.advice().ifPresent(advice -> table.addAdvice(plan, advice));
    List<String> lines = new ArrayList<>(TextColumns.align(table.rows));
    if (plan.advice().isPresent()) {
      lines.add("");
      lines.addAll(TextColumns.align(overheads(plan.advice().get())));
    }
    if (!table.notes.isEmpty()) {
      lines.add("");
      lines.addAll(table.notes);
    }
    return lines;
  }

  private void row(String name, String value, String note) {
    rows.add(List.of(name, value, note));
  }

  private void addSizes(PlanResult plan) {
    plan.model()
        .ifPresent(
            model ->
                row(
                    "model",
                    Amounts.bytes(model.bytes()),
                    "%d parameters%s, from %s"
                        .formatted(model.parameters(), saved(plan), model.source())));
    plan.adapter().ifPresent(adapter -> addAdapter(plan, adapter));
    if (plan.checkpointBytes().isPresent()) {
      long bytes = plan.checkpointBytes().getAsLong();
      row("checkpoint", Amounts.bytes(bytes), bytes + " bytes");
    }
  }

  private void addAdapter(PlanResult plan, AdapterSize adapter) {
    row(
        "adapter",
        Amounts.bytes(plan.checkpointBytes().orElseThrow()),
        "%d parameters%s: rank %d in %d modules (%s); %s in F32, as PEFT trains it"
            .formatted(
                adapter.parameters(),
                saved(plan),
                adapter.rank(),
                adapter.modules(),
                String.join(",", adapter.targetModules()),
                Amounts.bytes(adapter.bytes(DType.F32))));
    if (adapter.copiedParameters() > 0) {
      notes.add(
          "PEFT saves targeted embeddings whole beside their factors: %d parameters of the base"
              .formatted(adapter.copiedParameters()));
    }
  }

  private static String saved(PlanResult plan) {
    return plan.dtype() == DTypeOption.KEEP ? "" : ", saved as " + plan.dtype();
  }

  private void addTimes(PlanResult plan) {
    if (plan.save().isPresent()) {
      SaveCost save = plan.save().get();
      if (!plan.saveOrigin().isEmpty()) {
        row("save", Durations.words(save.writeSeconds()), plan.saveOrigin());
      }
      row("stall", Durations.words(save.stallSeconds()), "training stands still for a save");
    }
    if (plan.mtbfSeconds().isPresent()) {
      row("job MTBF", Durations.words(plan.mtbfSeconds().getAsDouble()), mtbfNote(plan));
    }
    if (plan.advice().isEmpty() && plan.optimumSeconds().isPresent()) {
      row("save every", Durations.words(plan.optimumSeconds().getAsDouble()), "of training");
    }
    if (plan.advice().isEmpty()) {
      notes.add("how often to save needs " + String.join(", ", plan.missing()));
    }
  }

  private static String mtbfNote(PlanResult plan) {
    if (plan.advice().isEmpty()) {
      return "mean time between failures of the whole job";
    }
    TrainingRun run = plan.advice().get().model().run();
    return Numbers.digits(run.rankMtbfHours()) + " h per rank, ranks: " + run.ranks();
  }

  private void addAdvice(PlanResult plan, IntervalAdvice advice) {
    CostModel model = advice.model();
    TrainingRun run = model.run();
    if (run.totalSteps().isPresent()) {
      row(
          "training",
          Durations.words(run.trainingSeconds().orElseThrow()),
          "%d steps of %s, %s failures expected"
              .formatted(
                  run.totalSteps().getAsLong(),
                  Durations.words(run.stepSeconds()),
                  Numbers.digits(run.expectedFailures().orElseThrow())));
    }
    row(
        "cost optimum",
        Numbers.steps(model.optimumSteps()),
        Durations.words(plan.optimumSeconds().orElseThrow()) + ", √(2·stall·MTBF)");
    row(
        "save every",
        Numbers.steps((double) advice.steps()),
        Durations.words(advice.seconds()) + ", limited by: " + advice.limit());
    addDisk(advice);
    if (model.singleFailureSteps().isPresent() && model.optimumSteps() > 0) {
      row(
          "with P ≤ 1",
          Numbers.steps(model.singleFailureSteps().getAsDouble()),
          singleFailureNote(model));
    }
    addWarnings(advice);
  }

  /** Returns why a probability of failure gives another interval than the count of failures. */
  static String singleFailureNote(CostModel model) {
    double times = model.singleFailureSteps().orElseThrow() / model.optimumSteps();
    String expected = Numbers.digits(model.run().expectedFailures().orElseThrow());
    return times < NEARLY_EQUAL
        ? "hardly more than the optimum: failures to expect: " + expected
        : "%s times the optimum: a probability of failure counts one failure where %s are expected"
            .formatted(Numbers.digits(times), expected);
  }

  private void addDisk(IntervalAdvice advice) {
    if (advice.peakBytes().isPresent()) {
      String kept =
          advice.disk().keepLast().isPresent()
              ? "keeping the last " + advice.disk().keepLast().getAsLong() + ", and the new one"
              : "keeping all " + advice.saves().orElseThrow() + " checkpoints";
      row("disk", Amounts.bytes(advice.peakBytes().getAsLong()), kept);
    }
    if (advice.disk().slots().isPresent() && advice.disk().keepLast().isEmpty()) {
      addKeepLast(advice, advice.disk().slots().getAsLong());
    }
  }

  private void addKeepLast(IntervalAdvice advice, long slots) {
    row("fit on disk", slots + " checkpoints", "one of them the one that is being written");
    if (advice.limit() == IntervalLimit.DISK_BUDGET && slots > 1) {
      notes.add("deleting old checkpoints lifts the limit of the disk: --keep-last " + (slots - 1));
    }
  }

  private void addWarnings(IntervalAdvice advice) {
    if (2 * advice.model().save().stallSeconds() > advice.model().run().mtbfSeconds()) {
      notes.add(
          "a save costs more than half of the time between failures: such a run hardly advances,"
              + " and the costs above are too low");
    }
  }

  private static List<List<String>> overheads(IntervalAdvice advice) {
    List<Overhead> columns =
        List.of(advice.overheadAtHalf(), advice.overhead(), advice.overheadAtDouble());
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("expected cost", "half", "advised", "double"));
    rows.add(cells("save every", columns, each -> Numbers.steps(each.intervalSteps())));
    rows.add(cells("lost work", columns, each -> Numbers.percent(each.lostFraction())));
    rows.add(cells("stalls", columns, each -> Numbers.percent(each.stallFraction())));
    rows.add(cells("together", columns, each -> Numbers.percent(each.fraction())));
    advice
        .model()
        .run()
        .trainingSeconds()
        .ifPresent(
            seconds ->
                rows.add(
                    cells("in time", columns, each -> Durations.words(each.fraction() * seconds))));
    return rows;
  }

  private static List<String> cells(
      String name, List<Overhead> columns, Function<Overhead, String> cell) {
    List<String> row = new ArrayList<>(List.of(name));
    columns.forEach(column -> row.add(cell.apply(column)));
    return row;
  }
}
