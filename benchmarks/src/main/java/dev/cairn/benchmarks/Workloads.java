package dev.cairn.benchmarks;

import dev.cairn.benchmarks.machine.Settings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** The works that are measured, and what is aimed at in each. */
final class Workloads {
  private final Settings settings;
  private final List<Work> all = new ArrayList<>();

  Workloads(Settings settings) throws IOException {
    this.settings = settings;
    Starts starts = new Starts(settings);
    all.addAll(new ProcessorWorks(settings, starts).all());
    all.addAll(new SaveWorks(settings, starts).all());
    all.add(new ScaleWorks(settings, starts).scale());
    all.addAll(new FileWorks(settings, starts).all());
    all.addAll(new DistributedWorks(settings, starts).all());
  }

  /** Returns those that were asked for. */
  List<Work> wanted() {
    List<String> names = all.stream().map(Work::name).toList();
    for (String name : settings.works()) {
      if (!names.contains(name)) {
        throw new IllegalArgumentException("unknown work: " + name + ", expected one of " + names);
      }
    }
    return all.stream()
        .filter(work -> settings.works().isEmpty() || settings.works().contains(work.name()))
        .toList();
  }
}
