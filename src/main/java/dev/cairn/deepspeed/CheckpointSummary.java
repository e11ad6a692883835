package dev.cairn.deepspeed;

import dev.cairn.content.BoxesContent;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a DeepSpeed checkpoint is, for people.
 *
 * @param tag name of the save
 * @param stage ZeRO stage
 * @param worldSize ranks that wrote it
 * @param deepSpeedVersion version that wrote it, empty where the files do not say
 * @param trainableElements elements of trainable parameters, aliases not counted
 * @param frozenElements elements of frozen parameters, aliases not counted
 * @param entries one per name, in the order of the module's state dict
 */
public record CheckpointSummary(
    String tag,
    int stage,
    int worldSize,
    Optional<String> deepSpeedVersion,
    long trainableElements,
    long frozenElements,
    List<Entry> entries) {

  /**
   * One name of a checkpoint.
   *
   * @param name as the checkpoint has it
   * @param shape global shape
   * @param kind trainable, frozen or a buffer
   * @param storedDType dtype of the bytes in the files
   * @param heldDType dtype that the live engine held
   * @param tiedTo name of the parameter that it shares, empty if it has its own
   * @param cut dimensions along which ranks have slices of it, as tensor parallelism makes them;
   *     none where every rank has all of it or a run of its elements
   */
  public record Entry(
      String name,
      Shape shape,
      ParameterKind kind,
      DType storedDType,
      DType heldDType,
      Optional<String> tiedTo,
      List<Integer> cut) {}

  static CheckpointSummary of(DeepSpeedCheckpoint checkpoint) {
    List<Entry> entries = new ArrayList<>();
    for (CheckpointParameter parameter : checkpoint.parameters()) {
      entries.add(
          new Entry(
              parameter.name(),
              parameter.shape(),
              parameter.kind(),
              parameter.storedDType(),
              parameter.heldDType(),
              parameter.tiedTo(),
              BoxesContent.cut(parameter.content())));
    }
    return new CheckpointSummary(
        checkpoint.tag(),
        checkpoint.stage(),
        checkpoint.worldSize(),
        checkpoint.deepSpeedVersion(),
        elements(entries, ParameterKind.TRAINABLE),
        elements(entries, ParameterKind.FROZEN),
        List.copyOf(entries));
  }

  private static long elements(List<Entry> entries, ParameterKind kind) {
    return entries.stream()
        .filter(entry -> entry.kind() == kind && entry.tiedTo().isEmpty())
        .mapToLong(entry -> entry.shape().elements())
        .sum();
  }
}
