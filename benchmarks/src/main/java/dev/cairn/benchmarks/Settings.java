package dev.cairn.benchmarks;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * What is measured and where.
 *
 * @param home the project's folder
 * @param results where the results go
 * @param scratch a folder on the disk that is measured
 * @param works names, or empty for all
 * @param candidates names, or empty for all
 * @param rounds of each work
 * @param uncounted runs of each candidate before the first round
 * @param warmBytes touched and freed before every run
 * @param parameters of the model, unless a work has its own size
 * @param command for the record
 */
record Settings(
    Path home,
    Path results,
    Path scratch,
    List<String> works,
    List<String> candidates,
    int rounds,
    int uncounted,
    long warmBytes,
    double parameters,
    String command) {

  /** Reads {@code --name value} pairs. */
  static Settings parse(String[] arguments) {
    Path home = Path.of("").toAbsolutePath();
    Settings settings =
        new Settings(
            home,
            home.resolve("benchmarks/results"),
            home.resolve("benchmarks/target/scratch"),
            List.of(),
            List.of(),
            7,
            4,
            3500L << 20,
            245e6,
            "benchmarks/run.sh " + String.join(" ", arguments));
    if (arguments.length % 2 != 0) {
      throw new IllegalArgumentException("expected --name value, got " + Arrays.asList(arguments));
    }
    for (int index = 0; index < arguments.length; index += 2) {
      settings = settings.with(arguments[index], arguments[index + 1]);
    }
    return settings;
  }

  private Settings with(String name, String value) {
    return switch (name) {
      case "--results" -> places(Path.of(value), scratch);
      case "--scratch" -> places(results, Path.of(value));
      case "--only" -> chosen(List.of(value.split(",")), candidates);
      case "--candidates" -> chosen(works, List.of(value.split(",")));
      case "--rounds" -> sizes(Integer.parseInt(value), uncounted, warmBytes, parameters);
      case "--uncounted" -> sizes(rounds, Integer.parseInt(value), warmBytes, parameters);
      case "--warm-mib" -> sizes(rounds, uncounted, Long.parseLong(value) << 20, parameters);
      case "--parameters" -> sizes(rounds, uncounted, warmBytes, Double.parseDouble(value));
      default ->
          throw new IllegalArgumentException(
              "unknown option: %s, expected --only, --candidates, --rounds, --uncounted,"
                      .formatted(name)
                  + " --parameters, --warm-mib, --scratch or --results");
    };
  }

  private Settings places(Path newResults, Path newScratch) {
    return new Settings(
        home,
        newResults,
        newScratch,
        works,
        candidates,
        rounds,
        uncounted,
        warmBytes,
        parameters,
        command);
  }

  private Settings chosen(List<String> newWorks, List<String> newCandidates) {
    return new Settings(
        home,
        results,
        scratch,
        newWorks,
        newCandidates,
        rounds,
        uncounted,
        warmBytes,
        parameters,
        command);
  }

  private Settings sizes(int newRounds, int newUncounted, long newWarmBytes, double newParameters) {
    return new Settings(
        home,
        results,
        scratch,
        works,
        candidates,
        newRounds,
        newUncounted,
        newWarmBytes,
        newParameters,
        command);
  }
}
