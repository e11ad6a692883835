package dev.cairn.deepspeed;

import dev.cairn.content.BoxContent;
import dev.cairn.content.BoxesContent;
import dev.cairn.content.Content;
import dev.cairn.deepspeed.parallel.Split;
import dev.cairn.deepspeed.parallel.SplitRules;
import dev.cairn.input.Printable;
import dev.cairn.layout.Box;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Puts whole parameters together from what the tensor-parallel ranks have of each. */
final class TensorParallel {
  private final List<Map<String, CheckpointParameter>> ranks;
  private final SplitRules rules;
  private final Path file;

  private TensorParallel(
      List<Map<String, CheckpointParameter>> ranks, SplitRules rules, Path file) {
    this.ranks = ranks;
    this.rules = rules;
    this.file = file;
  }

  /**
   * Returns the whole parameters, in the order of the first rank's.
   *
   * @param ranks what each rank has, in order
   * @param rules how they are split
   * @param file the first rank's, for messages
   * @throws CorruptFileException if a rank lacks a parameter or it is not split as the rules say
   */
  static List<CheckpointParameter> join(
      List<List<CheckpointParameter>> ranks, SplitRules rules, Path file)
      throws CorruptFileException {
    List<Map<String, CheckpointParameter>> byName = new ArrayList<>();
    for (List<CheckpointParameter> rank : ranks) {
      Map<String, CheckpointParameter> map = new HashMap<>();
      rank.forEach(parameter -> map.put(parameter.name(), parameter));
      byName.add(map);
    }
    TensorParallel join = new TensorParallel(byName, rules, file);
    List<CheckpointParameter> whole = new ArrayList<>();
    Map<String, CheckpointParameter> own = new HashMap<>();
    for (CheckpointParameter first : ranks.get(0)) {
      if (first.tiedTo().isEmpty()) {
        own.put(first.name(), join.whole(first));
      }
    }
    for (CheckpointParameter first : ranks.get(0)) {
      String owner = first.tiedTo().orElse(first.name());
      CheckpointParameter joined = own.containsKey(owner) ? own.get(owner) : join.whole(first);
      whole.add(first.tiedTo().isEmpty() ? joined : joined.alias(first.name(), first.heldDType()));
    }
    join.requireNoOthers();
    return whole;
  }

  private void requireNoOthers() throws CorruptFileException {
    for (int rank = 1; rank < ranks.size(); rank++) {
      for (String name : ranks.get(rank).keySet()) {
        if (!ranks.get(0).containsKey(name)) {
          throw missing(name, 0);
        }
      }
    }
  }

  private CheckpointParameter whole(CheckpointParameter first) throws CorruptFileException {
    List<CheckpointParameter> parts = new ArrayList<>();
    for (int rank = 0; rank < ranks.size(); rank++) {
      CheckpointParameter part = ranks.get(rank).get(first.name());
      if (part == null) {
        throw missing(first.name(), rank);
      }
      parts.add(part);
    }
    List<Shape> shapes = parts.stream().map(CheckpointParameter::shape).toList();
    Split split =
        first.kind() == ParameterKind.BUFFER
            ? replicated(first.name(), shapes)
            : rules.of(first.name(), shapes);
    boolean isHeld = parts.stream().allMatch(part -> part.heldContent() != null);
    return new CheckpointParameter(
        first.name(),
        split.whole(),
        first.kind(),
        first.heldDType(),
        null,
        content(first.name(), split, parts, CheckpointParameter::content),
        isHeld ? content(first.name(), split, parts, CheckpointParameter::heldContent) : null);
  }

  /** No rule is about buffers: they are computed, and every rank computes the same. */
  private Split replicated(String name, List<Shape> shapes) throws CorruptFileException {
    if (shapes.stream().anyMatch(shape -> !shape.equals(shapes.get(0)))) {
      throw new CorruptFileException(
          "buffer is not the same on every rank: buffer="
              + Printable.of(name)
              + ", shapes="
              + shapes
              + ", file="
              + file);
    }
    return Split.replicated(shapes.get(0), shapes.size());
  }

  private Content content(
      String name,
      Split split,
      List<CheckpointParameter> parts,
      Function<CheckpointParameter, Content> contentOf)
      throws CorruptFileException {
    List<BoxesContent.Piece> pieces = new ArrayList<>();
    for (int rank = 0; rank < parts.size(); rank++) {
      Shape shape = parts.get(rank).shape();
      Content content = contentOf.apply(parts.get(rank));
      for (Split.Part part : split.parts().get(rank)) {
        Content own =
            part.own().equals(Box.whole(shape))
                ? content
                : new BoxContent(content, shape, part.own());
        pieces.add(new BoxesContent.Piece(part.box(), own));
      }
    }
    return BoxesContent.of(
        "parameter=" + Printable.of(name) + ", file=" + file, split.whole(), pieces);
  }

  private CorruptFileException missing(String name, int rank) {
    return new CorruptFileException(
        "tensor-parallel rank lacks a parameter: parameter="
            + Printable.of(name)
            + ", rank="
            + rank
            + ", file="
            + file);
  }
}
