package dev.cairn.peft.merge;

import dev.cairn.form.place.Location;
import dev.cairn.form.place.Place;
import dev.cairn.peft.LoraConfig;
import java.util.List;

/** Adds what an adapter trained of a parameter to the base's tensors: a product for each expert. */
final class ExpertMerge {
  private final LoraConfig config;
  private final BaseWeights base;

  ExpertMerge(LoraConfig config, BaseWeights base) {
    this.config = config;
    this.base = base;
  }

  /**
   * Adds the products.
   *
   * @throws IllegalArgumentException if the base's dtype cannot be computed with
   */
  void add(ParameterTarget.Found found) {
    ParameterTarget target = found.target();
    Location location = found.location();
    List<Place> places =
        location.isWhole()
            ? List.of(new Place(location.name(), 0, 0, target.shape().elements()))
            : location.places();
    for (int index = 0; index < target.experts(); index++) {
      LowRankSource source =
          new LowRankSource(
              target.layer().a(),
              target.layer().b(),
              new ExpertSlice(index, target.experts()),
              config.scale(target.name()),
              target.kind() == ParameterTarget.Kind.INPUTS_FIRST);
      long begin = index * target.expertElements();
      for (Place place : places) {
        WeightMerge.Range inMemory =
            new WeightMerge.Range(place.memoryBegin(), place.storedBegin(), place.elements())
                .within(begin, target.expertElements());
        if (inMemory.elements() > 0) {
          add(
              place.stored(),
              source,
              new WeightMerge.Range(
                  inMemory.otherBegin(), inMemory.begin() - begin, inMemory.elements()));
        }
      }
    }
  }

  private void add(String stored, LowRankSource source, WeightMerge.Range range) {
    for (WeightMerge weight : base.shared(stored)) {
      boolean isCastable =
          weight.base().dtype().isCastable()
              && source.a().dtype().isCastable()
              && source.b().dtype().isCastable();
      if (!isCastable) {
        throw new IllegalArgumentException(
            "adapter does not fit the base model: tensor=%s is %s %s, A=%s, B=%s"
                .formatted(
                    stored,
                    weight.shape(),
                    weight.base().dtype(),
                    source.a().dtype(),
                    source.b().dtype()));
      }
      weight.add(new WeightMerge.Product(source, range));
    }
  }
}
