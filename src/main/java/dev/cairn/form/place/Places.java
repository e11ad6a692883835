package dev.cairn.form.place;

import dev.cairn.form.FormResolver;
import dev.cairn.form.MemoryTensor;
import dev.cairn.form.PublishedTensor;
import dev.cairn.form.Run;
import dev.cairn.form.UnpublishableException;
import dev.cairn.safetensors.TensorInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Finds where the files of a model have some of its tensors. Their names may be those that the
 * model has in memory, or had in an older version, with or without the prefix of the base model; so
 * may those of the files. Immutable; any thread.
 */
public final class Places {
  private final Map<String, Location> locations;

  private Places(Map<String, Location> locations) {
    this.locations = locations;
  }

  /**
   * Finds tensors.
   *
   * @param resolver of the model's form
   * @param files what the model's files have, by name
   * @param wanted some of the model's tensors; a shape counts where a tensor is part of another, or
   *     made of several
   * @return those that are there, and names for those that are not
   */
  public static Places find(
      FormResolver resolver, Map<String, TensorInfo> files, List<MemoryTensor> wanted) {
    Map<String, Location> best = Map.of();
    long most = -1;
    List<Prefix> prefixes = Prefix.candidates(resolver, files, wanted);
    for (Prefix ofFiles : prefixes) {
      Naming naming = new Naming(resolver, files, ofFiles);
      for (Prefix ofMemory : prefixes) {
        Map<String, Location> found = naming.locate(wanted, ofMemory);
        long count = found.values().stream().filter(Location::isStored).count();
        if (count > most) {
          best = found;
          most = count;
        }
        if (most == wanted.size()) {
          return new Places(best);
        }
      }
    }
    return new Places(best);
  }

  /**
   * {@return where a tensor is; if it is nowhere, under which name it would be}
   *
   * @param memoryName one that was wanted
   */
  public Location get(String memoryName) {
    return locations.getOrDefault(memoryName, new Location(memoryName, false, List.of()));
  }

  /** How the files are named. */
  private static final class Naming {
    private final FormResolver resolver;
    private final Map<String, TensorInfo> files; // by the names that the model's form gives them
    private final Map<String, String> stored = new HashMap<>();
    private final Prefix prefix;

    Naming(FormResolver resolver, Map<String, TensorInfo> files, Prefix prefix) {
      this.resolver = resolver;
      this.prefix = prefix;
      Map<String, TensorInfo> renamed = new LinkedHashMap<>();
      for (TensorInfo tensor : files.values()) {
        String name = prefix.apply(tensor.name());
        renamed.put(name, new TensorInfo(name, tensor.dtype(), tensor.shape()));
        stored.put(name, tensor.name());
      }
      for (TensorInfo tensor : files.values()) { // a head has no prefix
        if (renamed.putIfAbsent(tensor.name(), tensor) == null) {
          stored.put(tensor.name(), tensor.name());
        }
      }
      this.files = renamed;
    }

    /** Returns the name that the files have or would have for a name of the model's form. */
    private String stored(String name) {
      String found = stored.get(name);
      return found == null && prefix.isAdded()
          ? prefix.without(name)
          : found == null ? name : found;
    }

    Map<String, Location> locate(List<MemoryTensor> wanted, Prefix ofMemory) {
      List<MemoryTensor> renamed =
          wanted.stream()
              .map(tensor -> new MemoryTensor(ofMemory.apply(tensor.name()), tensor.shape()))
              .toList();
      Map<String, Location> found;
      try {
        found = locate(renamed);
      } catch (UnpublishableException e) { // one of them: the others are found all the same
        found = new HashMap<>();
        for (MemoryTensor tensor : renamed) {
          found.putAll(locateAlone(tensor));
        }
      }
      Map<String, Location> byGiven = new HashMap<>();
      for (MemoryTensor tensor : wanted) {
        Location location = found.get(ofMemory.apply(tensor.name()));
        if (location != null) {
          byGiven.put(tensor.name(), location);
        }
      }
      if (!ofMemory.equals(Prefix.NONE)) { // a head has none
        locate(wanted, Prefix.NONE)
            .forEach(
                (name, location) -> {
                  if (!byGiven.containsKey(name) || !byGiven.get(name).isStored()) {
                    byGiven.put(name, location);
                  }
                });
      }
      return byGiven;
    }

    private Map<String, Location> locateAlone(MemoryTensor tensor) {
      try {
        return locate(List.of(tensor));
      } catch (UnpublishableException e) {
        return Map.of(); // its elements stand in another order: nowhere, as runs go
      }
    }

    private Map<String, Location> locate(List<MemoryTensor> wanted) {
      List<MemoryTensor> memory = resolver.withSiblings(wanted, files);
      Map<Integer, List<Place>> places = new HashMap<>();
      Map<String, Location> found = new HashMap<>();
      for (PublishedTensor tensor : resolver.form(memory, files).apply(memory)) {
        TensorInfo file = files.get(tensor.name());
        int whole = tensor.whole(memory);
        if (whole >= 0) {
          String name = memory.get(whole).name();
          boolean isAsInMemory = file == null && files.containsKey(name);
          String published = isAsInMemory ? name : tensor.name();
          found.put(name, new Location(stored(published), isAsInMemory || file != null, List.of()));
        } else if (file != null && file.shape().equals(tensor.shape())) {
          addPlaces(tensor, places);
        }
      }
      places.forEach(
          (index, ofTensor) -> {
            MemoryTensor tensor = memory.get(index);
            long elements = ofTensor.stream().mapToLong(Place::elements).sum();
            boolean isAll = elements == tensor.shape().elements();
            found.put(tensor.name(), new Location(ofTensor.get(0).stored(), isAll, ofTensor));
          });
      return found;
    }

    private void addPlaces(PublishedTensor tensor, Map<Integer, List<Place>> places) {
      long begin = 0;
      for (Run run : tensor.runs()) {
        places
            .computeIfAbsent(run.source(), source -> new ArrayList<>())
            .add(new Place(stored(tensor.name()), begin, run.begin(), run.elements()));
        begin += run.elements();
      }
    }
  }
}
