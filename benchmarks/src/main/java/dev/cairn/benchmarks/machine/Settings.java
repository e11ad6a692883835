package dev.cairn.benchmarks.machine;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** What is measured, how large, how often and where; read from {@code --name value} pairs. */
public final class Settings {
  /** Where results go unless somebody says otherwise, below the project's folder. */
  public static final String DEFAULT_RESULTS = "benchmarks/results";

  private static final Map<String, String> DEFAULTS = new LinkedHashMap<>();

  static {
    DEFAULTS.put("only", "");
    DEFAULTS.put("candidates", "");
    DEFAULTS.put("keep", "false");
    DEFAULTS.put("rounds", "5");
    DEFAULTS.put("uncounted", "2");
    DEFAULTS.put("parameters", "245e6");
    DEFAULTS.put("large", "1e9");
    DEFAULTS.put("growth", "1e8,5e8,2e9");
    DEFAULTS.put("worlds", "1,2,3,4");
    DEFAULTS.put("tensors", "25000,100000");
    DEFAULTS.put("layers", "16");
    DEFAULTS.put("ranks", "1024,4096");
    DEFAULTS.put("threads", "1024");
    DEFAULTS.put("warm-mib", "-1");
    DEFAULTS.put("results", DEFAULT_RESULTS);
    DEFAULTS.put("scratch", "benchmarks/target/scratch");
  }

  private final Path home = Path.of("").toAbsolutePath();
  private final Map<String, String> values = new LinkedHashMap<>(DEFAULTS);
  private final String command;

  private Settings(String[] arguments) {
    command = "benchmarks/run.sh " + String.join(" ", arguments);
    if (arguments.length % 2 != 0) {
      throw new IllegalArgumentException("expected --name value, got " + Arrays.asList(arguments));
    }
    for (int index = 0; index < arguments.length; index += 2) {
      String name = arguments[index].replaceFirst("^--", "");
      if (!DEFAULTS.containsKey(name)) {
        throw new IllegalArgumentException(
            "unknown option: --" + name + ", expected --" + String.join(", --", DEFAULTS.keySet()));
      }
      values.put(name, arguments[index + 1]);
    }
  }

  public static Settings parse(String[] arguments) {
    return new Settings(arguments);
  }

  /** Returns the project's folder. */
  public Path home() {
    return home;
  }

  /** Returns where the results go. */
  public Path results() {
    return home.resolve(values.get("results"));
  }

  /** Returns a folder on the disk that is measured. */
  public Path scratch() {
    return home.resolve(values.get("scratch"));
  }

  /** Returns where the files are that a work reads. */
  public Path input() {
    return scratch().resolve("input");
  }

  /** Returns the names of works, or none for all. */
  public List<String> works() {
    return list("only");
  }

  /** Returns the names of candidates, or none for all. */
  public List<String> candidates() {
    return list("candidates", ";"); // their names have commas
  }

  /** Returns whether works that are not measured stay in the results that are there. */
  public boolean keepsOthers() {
    return Boolean.parseBoolean(values.get("keep"));
  }

  /** Returns how often each candidate runs. */
  public int rounds() {
    return Integer.parseInt(values.get("rounds"));
  }

  /** Returns how often each candidate runs before the first round. */
  public int uncounted() {
    return Integer.parseInt(values.get("uncounted"));
  }

  /** Returns the parameters of the model, unless a work has its own size. */
  public double parameters() {
    return Double.parseDouble(values.get("parameters"));
  }

  /** Returns the parameters of a large model. */
  public double large() {
    return Double.parseDouble(values.get("large"));
  }

  /** Returns the parameters of growing models. */
  public List<Double> growth() {
    return list("growth").stream().map(Double::valueOf).toList();
  }

  /** Returns growing counts of ranks. */
  public List<Integer> worlds() {
    return list("worlds").stream().map(Integer::valueOf).toList();
  }

  /** Returns growing counts of tensors. */
  public List<Integer> tensors() {
    return list("tensors").stream().map(Integer::valueOf).toList();
  }

  /** Returns growing counts of ranks that save next to nothing. */
  public List<Integer> ranks() {
    return list("ranks").stream().map(Integer::valueOf).toList();
  }

  /** Returns how many threads of one process are ranks. */
  public int threads() {
    return Integer.parseInt(values.get("threads"));
  }

  /** Returns the layers of the model that an adapter is merged into. */
  public int layers() {
    return Integer.parseInt(values.get("layers"));
  }

  /**
   * Returns how much is written and deleted before a run.
   *
   * @param writtenBytes that the run writes; 0 means that it needs no fresh pages
   */
  public long warmBytes(long writtenBytes) {
    long asked = Long.parseLong(values.get("warm-mib"));
    if (asked >= 0 || writtenBytes == 0) {
      return writtenBytes == 0 ? 0 : asked << 20;
    }
    return Math.min(writtenBytes * 2, writtenBytes + (1L << 30)) + (256L << 20);
  }

  /** Returns the command, for the record. */
  public String command() {
    return command;
  }

  private List<String> list(String name) {
    return list(name, ",");
  }

  private List<String> list(String name, String separator) {
    return Stream.of(values.get(name).split(separator)).filter(word -> !word.isEmpty()).toList();
  }
}
