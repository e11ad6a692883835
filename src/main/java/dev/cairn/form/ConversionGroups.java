package dev.cairn.form;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the conversions of a form take of a model, and what they make of it. Not thread-safe. */
final class ConversionGroups {
  private final List<MemoryTensor> memory;
  private final Map<String, Long> configNumbers;
  private final List<Taken> taken = new ArrayList<>();
  private final Map<ConversionGroup.Kind, List<PublishedTensor>> byKind = new HashMap<>();

  /** A tensor that a conversion takes, and the name of its group. */
  private record Taken(int index, String group, Renamer.Match match) {}

  ConversionGroups(List<MemoryTensor> memory, Map<String, Long> configNumbers) {
    this.memory = memory;
    this.configNumbers = configNumbers;
  }

  /** Adds a tensor, which a conversion takes. */
  void add(int index, String renamed, Renamer.Match match) {
    taken.add(new Taken(index, renamed, match));
  }

  /**
   * Returns what becomes of them, by the first tensor in memory that it is made of.
   *
   * @throws UnpublishableException if that is not made of runs
   */
  Map<Integer, List<PublishedTensor>> convert() {
    Map<String, ConversionGroup> groups = new LinkedHashMap<>();
    for (Taken one : NaturalOrder.sorted(taken, one -> memory.get(one.index()).name())) {
      groups
          .computeIfAbsent(
              one.group(),
              name -> new ConversionGroup(name, one.match().conversion().orElseThrow()))
          .add(one.index(), one.match().source(), memory.get(one.index()).shape());
    }
    Map<Integer, List<PublishedTensor>> published = new HashMap<>();
    for (ConversionGroup group : groups.values()) {
      List<PublishedTensor> ofKind =
          byKind.computeIfAbsent(
              group.kind(memory), kind -> convert(kind, memory.get(group.first()).name()));
      published
          .computeIfAbsent(group.first(), first -> new ArrayList<>())
          .addAll(group.publish(ofKind));
    }
    return published;
  }

  private List<PublishedTensor> convert(ConversionGroup.Kind kind, String first) {
    try {
      return kind.convert(this::configNumber);
    } catch (UnpublishableException e) {
      throw new UnpublishableException(
          "cannot be saved in the published form: tensor="
              + first
              + "; "
              + e.getMessage()
              + "; to save it as it is, ask for raw names (--raw-names)");
    }
  }

  private long configNumber(String name) {
    Long number = configNumbers.get(name);
    if (number == null) {
      throw new UnpublishableException("the config does not say " + name);
    }
    return number;
  }
}
