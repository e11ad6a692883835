package dev.cairn.save;

import dev.cairn.model.Parameter;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The tensors of a save that the snapshot's budget leaves in the trainer's memory. They are written
 * first; then the trainer may change them. The same on every rank.
 *
 * @param tensors by identity
 * @param moved is told once none of them is needed any more
 */
public record OverBudget(Set<Parameter> tensors, Runnable moved) {
  /** Returns that of a save during which the trainer waits anyway: none. */
  static OverBudget none() {
    return new OverBudget(Set.of(), () -> {});
  }

  /** Returns the same for the parameters as they are published. */
  OverBudget published(PublishedParameters.Published published) {
    if (tensors.isEmpty()) {
      return this;
    }
    Set<Parameter> made = published.madeOf(tensors);
    made.addAll(tensors); // the trainer's state is not published in another form
    return new OverBudget(made, moved);
  }

  /** Returns which tensors to move in which pass, one pass after the other. */
  List<IntPredicate> passes(List<Parameter> planned) {
    boolean[] isExcess = new boolean[planned.size()];
    IntStream.range(0, isExcess.length)
        .forEach(tensor -> isExcess[tensor] = tensors.contains(planned.get(tensor)));
    IntPredicate first = tensor -> isExcess[tensor];
    return tensors.isEmpty() ? List.of(tensor -> true) : List.of(first, first.negate());
  }
}
