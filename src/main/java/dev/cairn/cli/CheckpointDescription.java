package dev.cairn.cli;

import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.text.Messages;
import dev.cairn.deepspeed.CheckpointSummary;
import dev.cairn.deepspeed.CheckpointSummary.Entry;
import dev.cairn.deepspeed.DeepSpeedCheckpoint;
import dev.cairn.deepspeed.Mesh;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A DeepSpeed checkpoint folder in words, or as JSON. */
final class CheckpointDescription {
  private final CheckpointSummary summary;
  private final Mesh mesh;
  private final boolean leavesFrozenOut;

  private CheckpointDescription(DeepSpeedCheckpoint checkpoint) {
    this.summary = checkpoint.summary();
    this.mesh = checkpoint.mesh();
    this.leavesFrozenOut = checkpoint.leavesFrozenOut();
  }

  /** Reads what the checkpoint says of itself; no tensor data. */
  static CheckpointDescription of(DeepSpeedCheckpoint checkpoint) {
    return new CheckpointDescription(checkpoint);
  }

  void print(OutputOptions speech) {
    if (speech.isJson()) {
      speech.printJson(toTree());
      return;
    }
    speech
        .out()
        .printf(
            "DeepSpeed %s, %s, version %s, tag %s%n",
            summary.stage() == 0 ? "with whole weights" : "ZeRO-" + summary.stage(),
            ranks(),
            Messages.printable(summary.deepSpeedVersion().orElse("unknown")),
            Messages.printable(summary.tag()));
    for (Entry entry : summary.entries()) {
      speech
          .out()
          .printf(
              "%s  %s %s %s%s%n",
              Messages.printable(entry.name()),
              entry.heldDType(),
              entry.shape(),
              kind(entry),
              entry.tiedTo().map(to -> ", tied to " + Messages.printable(to)).orElse("")
                  + cut(entry));
    }
    speech
        .out()
        .printf(
            "%d trainable elements, %d frozen%n",
            summary.trainableElements(), summary.frozenElements());
    if (leavesFrozenOut) {
      speech.out().println("frozen parameters were left out of the save");
    }
    speech.out().flush();
  }

  private static String cut(Entry entry) {
    return entry.cut().isEmpty() ? "" : ", cut along " + entry.cut();
  }

  /** Returns how the model was spread, in words. */
  private String ranks() {
    StringBuilder words = new StringBuilder(summary.worldSize() + " ranks");
    if (mesh.tensorRanks() > 1) {
      words.append(", each of ").append(mesh.tensorRanks()).append(" tensor-parallel");
    }
    if (mesh.stages() > 1) {
      words.append(", each of ").append(mesh.stages()).append(" stages");
    }
    if (mesh.expertRanks() > 1) {
      words.append(", experts on ").append(mesh.expertRanks());
    }
    return words.toString();
  }

  private static String kind(Entry entry) {
    return entry.kind().name().toLowerCase(Locale.ROOT);
  }

  private Map<String, Object> toTree() {
    List<Object> parameters = new ArrayList<>();
    for (Entry entry : summary.entries()) {
      Map<String, Object> parameter = new LinkedHashMap<>();
      parameter.put("name", entry.name());
      parameter.put("shape", Arrays.stream(entry.shape().toArray()).boxed().toList());
      parameter.put("kind", kind(entry));
      parameter.put("heldDtype", entry.heldDType().name());
      parameter.put("storedDtype", entry.storedDType().name());
      parameter.put("tiedTo", entry.tiedTo().orElse(null));
      parameter.put("cutAlong", entry.cut());
      parameters.add(parameter);
    }
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("stage", summary.stage());
    tree.put("worldSize", summary.worldSize());
    tree.put("tensorParallelRanks", mesh.tensorRanks());
    tree.put("pipelineStages", mesh.stages());
    tree.put("expertRanks", mesh.expertRanks());
    tree.put("deepSpeedVersion", summary.deepSpeedVersion().orElse(null));
    tree.put("tag", summary.tag());
    tree.put("trainableElements", summary.trainableElements());
    tree.put("frozenElements", summary.frozenElements());
    tree.put("frozenLeftOut", leavesFrozenOut);
    tree.put("parameters", parameters);
    return tree;
  }
}
