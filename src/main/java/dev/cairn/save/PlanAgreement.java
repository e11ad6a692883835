package dev.cairn.save;

import dev.cairn.model.Parameter;
import dev.cairn.options.CheckpointException;
import dev.cairn.options.SaveOptions;
import dev.cairn.plan.Fingerprint;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.plan.SavePlan;
import dev.cairn.plan.TensorGroup;
import dev.cairn.ranks.Operation;
import dev.cairn.ranks.Ranks;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Makes this rank's plan and finds out, before any file exists, whether all ranks made the same.
 */
final class PlanAgreement {
  private final SaveContext tools;
  private final Ranks ranks;
  private final SaveOptions options;
  private final SaveContents contents;
  private SavePlan plan;

  PlanAgreement(SaveContext tools, SaveContents contents) {
    this.tools = tools;
    this.ranks = tools.ranks();
    this.options = tools.options();
    this.contents = contents;
  }

  /**
   * Returns the plan. Collective.
   *
   * @throws CheckpointException if a rank's partitions do not fit, or ranks disagree; the message
   *     names the first difference
   */
  SavePlan agree() throws IOException {
    List<byte[]> fingerprints = ranks.together(this::plan);
    for (int rank = 1; rank < fingerprints.size(); rank++) {
      if (!Arrays.equals(fingerprints.get(0), fingerprints.get(rank))) {
        throw disagreement(rank, firstDifference(plan.tensors()));
      }
    }
    return plan;
  }

  /** Makes the plan, if this rank's partitions fit it; returns its fingerprint. */
  private byte[] plan() throws IOException {
    for (Parameter parameter : contents.tensors()) {
      parameter.checkPartition(ranks.rank(), ranks.size());
    }
    tools.devices().prepare(contents.tensors(), tools.staging(), options);
    List<TensorGroup> groups = contents.groups(options);
    if (ranks.isWriter() && !options.form().unchecked()) {
      new ModelCheck(contents, groups.get(0)).run(options);
    }
    PlanCache.Planned planned = tools.lastPlan().of(options, groups, ranks.size());
    plan = planned.plan();
    return planned.fingerprint();
  }

  private CheckpointException disagreement(int rank, String difference) {
    return ranks.alike(Operation.SAVE, rank, "ranks disagree about what to save: " + difference);
  }

  /** Asks every rank for its tensors' hashes, then for the first tensor that differs. */
  private String firstDifference(List<PlannedTensor> tensors) throws IOException {
    List<byte[]> hashes = ranks.together(() -> Fingerprint.each(tensors));
    int index = firstDifferentIndex(hashes);
    if (index < 0) {
      return "options: " + grouped(ranks.together(() -> utf8(OptionsText.of(options))));
    }
    String mine = index < tensors.size() ? tensors.get(index).describe() : "no such parameter";
    return "parameter " + index + ": " + grouped(ranks.together(() -> utf8(mine)));
  }

  private static int firstDifferentIndex(List<byte[]> hashes) {
    int first = -1;
    for (byte[] other : hashes) {
      int mismatch = Arrays.mismatch(hashes.get(0), other);
      int index = mismatch < 0 ? -1 : mismatch / Long.BYTES;
      if (index >= 0 && (first < 0 || index < first)) {
        first = index;
      }
    }
    return first;
  }

  /** Returns who said what, equal answers together: {@code "x" on ranks 0, 2; "y" on rank 1}. */
  private static String grouped(List<byte[]> answers) {
    Map<ByteBuffer, List<Integer>> ranksByAnswer = new LinkedHashMap<>();
    for (int rank = 0; rank < answers.size(); rank++) {
      ByteBuffer answer = ByteBuffer.wrap(answers.get(rank));
      ranksByAnswer.computeIfAbsent(answer, key -> new ArrayList<>()).add(rank);
    }
    List<String> parts = new ArrayList<>();
    ranksByAnswer.forEach(
        (answer, who) ->
            parts.add(
                "\"%s\" on %s %s"
                    .formatted(
                        StandardCharsets.UTF_8.decode(answer.duplicate()),
                        who.size() == 1 ? "rank" : "ranks",
                        who.toString().replaceAll("[\\[\\]]", ""))));
    return String.join("; ", parts);
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
