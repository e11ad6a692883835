package dev.cairn.save;

import dev.cairn.model.Parameter;
import dev.cairn.plan.Chunk;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * What of a save still lies in the trainer's memory: it is moved first, and then the trainer is let
 * go. The same tensors on every rank.
 *
 * @param tensors by identity
 * @param moved is told once none of them is needed any more
 */
public record OverBudget(Set<Parameter> tensors, Runnable moved) {
  /** Of a save during which the trainer waits anyway. */
  static OverBudget none() {
    return new OverBudget(Set.of(), () -> {});
  }

  /** Returns this of the parameters as they are published. */
  OverBudget published(PublishedParameters.Published published) {
    if (tensors.isEmpty()) {
      return this;
    }
    Set<Parameter> made = published.madeOf(tensors);
    made.addAll(tensors); // the trainer's state is not published in another form
    return new OverBudget(made, moved);
  }

  /** Returns which chunks to move in which pass, one pass after the other. */
  List<Predicate<Chunk>> passes(List<Parameter> planned) {
    boolean[] isExcess = new boolean[planned.size()];
    IntStream.range(0, isExcess.length)
        .forEach(tensor -> isExcess[tensor] = tensors.contains(planned.get(tensor)));
    Predicate<Chunk> first =
        chunk -> chunk.pieces().stream().anyMatch(piece -> isExcess[piece.tensor()]);
    return tensors.isEmpty() ? List.of(chunk -> true) : List.of(first, first.negate());
  }
}
