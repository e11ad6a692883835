package dev.cairn.save;

import dev.cairn.form.Form;
import dev.cairn.form.MemoryTensor;
import dev.cairn.form.PublishedTensor;
import dev.cairn.form.Run;
import dev.cairn.layout.ElementRange;
import dev.cairn.layout.Layout;
import dev.cairn.layout.Slice;
import dev.cairn.layout.StridedRange;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.ranks.Ranks;
import dev.cairn.tensor.DType;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A model's parameters as they are published: the same memory under other names, in other tensors.
 */
public final class PublishedParameters {
  private final List<Parameter> memory;
  private final int rank;
  private final int worldSize;

  private PublishedParameters(List<Parameter> memory, Ranks ranks) {
    this.memory = memory;
    this.rank = ranks.rank();
    this.worldSize = ranks.size();
  }

  /** Returns the tensors in memory, as a form takes them. */
  public static List<MemoryTensor> described(ParameterSet set) {
    return set.parameters().stream()
        .map(parameter -> new MemoryTensor(parameter.name(), parameter.shape()))
        .toList();
  }

  /**
   * What came of a model.
   *
   * @param set the published parameters; their partitions are parts of the given ones
   * @param sources for each of them what it is made of; empty if all are as they were
   */
  public record Published(ParameterSet set, List<List<Parameter>> sources) {
    /** Returns those that are made of any of these, which count by identity. */
    Set<Parameter> madeOf(Set<Parameter> wanted) {
      Set<Parameter> made = Collections.newSetFromMap(new IdentityHashMap<>());
      for (int index = 0; index < sources.size(); index++) {
        if (sources.get(index).stream().anyMatch(wanted::contains)) {
          made.add(set.parameters().get(index));
        }
      }
      return made;
    }
  }

  /**
   * Publishes a model.
   *
   * @throws IllegalArgumentException if a partition is not as long as its layout says, or a tensor
   *     cannot be published
   */
  public static Published of(ParameterSet set, Form form, Ranks ranks) {
    if (form.isNone()) {
      return new Published(set, List.of());
    }
    List<Parameter> memory = set.parameters();
    memory.forEach(parameter -> parameter.checkPartition(ranks.rank(), ranks.size()));
    PublishedParameters publishing = new PublishedParameters(memory, ranks);
    List<MemoryTensor> described = described(set);
    List<Parameter> given = new ArrayList<>();
    List<Parameter> published = new ArrayList<>();
    List<List<Parameter>> sources = new ArrayList<>();
    Map<String, String> names = new HashMap<>();
    for (PublishedTensor tensor : form.apply(described)) {
      int whole = tensor.whole(described);
      if (whole >= 0) {
        Parameter parameter = memory.get(whole);
        sources.add(List.of(parameter));
        names.put(parameter.name(), tensor.name());
        published.add(parameter.named(tensor.name()));
      } else {
        sources.add(tensor.runs().stream().map(run -> memory.get(run.source())).toList());
        published.add(publishing.composed(tensor));
      }
      given.add(sources.get(sources.size() - 1).get(0));
    }
    return new Published(ParameterSet.published(given, published, tied(set, names)), sources);
  }

  private static Map<String, String> tied(ParameterSet set, Map<String, String> names) {
    Map<String, String> tied = new HashMap<>();
    set.tied()
        .forEach(
            (alias, canonical) -> {
              if (names.containsKey(alias) && names.containsKey(canonical)) {
                tied.put(names.get(alias), names.get(canonical));
              }
            });
    return tied;
  }

  private Parameter composed(PublishedTensor tensor) {
    List<Run> runs = tensor.runs();
    List<Slice> slices = new ArrayList<>(runs.size());
    List<Partition> parts = new ArrayList<>(runs.size());
    Parameter first = runs.isEmpty() ? null : memory.get(runs.get(0).source());
    for (Run run : runs) {
      Parameter parameter = memory.get(run.source());
      if (parameter.held() != first.held() || parameter.isBuffer() != first.isBuffer()) {
        throw new IllegalArgumentException(
            "one tensor of two dtypes: tensor=%s, of %s held as %s and %s held as %s"
                .formatted(
                    tensor.name(), first.name(), first.held(), parameter.name(), parameter.held()));
      }
      ElementRange elements = new ElementRange(run.begin(), run.end());
      slices.add(new Slice(parameter.layout(), parameter.shape(), elements));
      addParts(parameter, elements, parts);
    }
    if (first == null) {
      throw new IllegalArgumentException("tensor of no elements: tensor=" + tensor.name());
    }
    return new Parameter(
        tensor.name(),
        tensor.shape(),
        first.held(),
        Layout.composed(slices),
        Partition.composed(parts),
        first.isBuffer());
  }

  /** Adds the parts of this rank's partition that belong to a run. */
  private void addParts(Parameter parameter, ElementRange run, List<Partition> parts) {
    DType dtype = parameter.held();
    long heldOffset = 0;
    for (StridedRange held : parameter.layout().runs(parameter.shape(), rank, worldSize)) {
      long first = held.before(run.begin());
      long end = held.before(run.end());
      if (first < end) {
        long offset = dtype.bytes(heldOffset + first);
        parts.add(parameter.partition().part(offset, dtype.bytes(end - first)));
      }
      heldOffset += held.elements();
    }
  }
}
