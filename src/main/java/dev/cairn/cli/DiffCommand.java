package dev.cairn.cli;

import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.text.ExitCode;
import dev.cairn.cli.text.Messages;
import dev.cairn.hf.FolderDiff;
import dev.cairn.hf.TensorDifference;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Compares two model folders or files. */
@Command(
    name = "diff",
    description =
        "Compares the tensors of two model folders or safetensors files: names, shapes, dtypes,"
            + " bytes; for floats the largest absolute difference, and in ulp.",
    footer = {"", "Example: cairn diff ~/models/before ~/models/after"})
final class DiffCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "A", description = "A model folder, or a safetensors file.")
  private Path first;

  @Parameters(index = "1", paramLabel = "B", description = "Another one.")
  private Path second;

  @Mixin private OutputOptions speech;

  @Override
  public Integer call() throws IOException {
    SafetensorsInput.require(first);
    SafetensorsInput.require(second);
    List<TensorDifference> differences = FolderDiff.of(first, second);
    if (speech.isJson()) {
      speech.printJson(json(differences));
    } else {
      differences.forEach(difference -> speech.out().println(words(difference)));
      if (differences.isEmpty()) {
        speech.out().println("equal: every tensor byte for byte");
      }
      speech.out().flush();
    }
    return differences.isEmpty() ? ExitCode.FINE : ExitCode.BAD_INPUT;
  }

  private static String words(TensorDifference difference) {
    StringBuilder line = new StringBuilder(Messages.printable(difference.tensor()));
    line.append(": ").append(difference.problem());
    if (difference.differingBytes() > 0) {
      line.append(", ").append(difference.differingBytes()).append(" bytes");
    }
    difference
        .largestAbsolute()
        .ifPresent(value -> line.append(", largest absolute difference ").append(value));
    difference.largestUlp().ifPresent(value -> line.append(", ").append(value).append(" ulp"));
    return line.toString();
  }

  /** JSON has no number that is infinite, or none. */
  private static Object numberOrText(double value) {
    return Double.isFinite(value) ? (Object) value : Double.toString(value);
  }

  private Map<String, Object> json(List<TensorDifference> differences) {
    List<Object> list = new ArrayList<>();
    for (TensorDifference difference : differences) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("tensor", difference.tensor());
      entry.put("problem", difference.problem());
      entry.put("differingBytes", difference.differingBytes());
      difference
          .largestAbsolute()
          .ifPresent(value -> entry.put("largestAbsolute", numberOrText(value)));
      difference.largestUlp().ifPresent(value -> entry.put("largestUlp", value));
      list.add(entry);
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("first", first.toString());
    json.put("second", second.toString());
    json.put("equal", list.isEmpty());
    json.put("differences", list);
    return json;
  }
}
