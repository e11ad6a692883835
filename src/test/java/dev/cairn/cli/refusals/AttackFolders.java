package dev.cairn.cli.refusals;

import dev.cairn.cli.CommandRun;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.TorchSave;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * A process that converts folders of every kind, each with one file that attacks its reader; prints
 * a line for each command that did not do as it ought to, and at the end how much memory it took.
 */
final class AttackFolders {
  /** Where the file lies in a folder that is sound without it. */
  private static final List<String> PLACES =
      List.of(
          "pytorch_model.bin",
          "shards/pytorch_model-00001-of-00002.bin",
          "save/mp_rank_00_model_states.pt",
          "layers/layer_01-model_states.pt",
          "universal/zero/v/fp32.pt",
          "universal/mp_rank_00_model_states.pt");

  private AttackFolders() {}

  /**
   * Runs all.
   *
   * @param arguments a folder with the attacks, and an empty one to work in
   */
  public static void main(String[] arguments) throws IOException {
    Path work = Path.of(arguments[1]);
    List<Path> attacks;
    try (Stream<Path> files = Files.list(Path.of(arguments[0]))) {
      attacks = files.filter(file -> file.toString().endsWith(".pt")).sorted().toList();
    }
    int commands = 0;
    Map<String, Integer> refusals = new TreeMap<>();
    for (String place : PLACES) {
      for (Path attack : attacks) {
        Path input = folder(work.resolve("in"), place);
        Files.copy(attack, input.resolve(place), StandardCopyOption.REPLACE_EXISTING);
        Path named = input.resolve(place.contains("/") ? place.replaceFirst("/.*", "") : "");
        Path output = work.resolve("out");
        CommandRun run = CommandRun.of("consolidate", named.toString(), output.toString());
        commands++;
        refusals.merge(place, run.exitCode() == 1 ? 1 : 0, Integer::sum);
        complain(place + " " + attack.getFileName(), run, output);
        delete(output);
        delete(input);
      }
    }
    System.out.println("commands=" + commands);
    refusals.forEach((place, count) -> System.out.println("refused=" + count + " " + place));
    try (Stream<String> status = Files.lines(Path.of("/proc/self/status"))) {
      status.filter(line -> line.startsWith("VmHWM:")).forEach(System.out::println);
    }
  }

  private static void complain(String what, CommandRun run, Path output) {
    boolean isFine = run.exitCode() == 0;
    boolean isRefused =
        run.exitCode() == 1 && run.err().lines().count() == 1 && Files.notExists(output);
    if (!isFine && !isRefused) {
      System.out.println("wrong: " + what + " exit=" + run.exitCode() + " " + run.err());
    }
  }

  /** Makes a folder whose other files are sound. */
  private static Path folder(Path input, String place) throws IOException {
    Files.createDirectories(input.resolve(place).getParent());
    if (place.startsWith("shards")) {
      Files.writeString(
          input.resolve("shards/pytorch_model.bin.index.json"),
          "{\"weight_map\": {\"w\": \"pytorch_model-00001-of-00002.bin\","
              + " \"x\": \"pytorch_model-00002-of-00002.bin\"}}");
      save(input.resolve("shards/pytorch_model-00002-of-00002.bin"), "x");
    } else if (place.startsWith("layers")) {
      save(input.resolve("layers/layer_00-model_states.pt"), "w");
    } else if (place.startsWith("universal")) {
      TorchSave.save(
          input.resolve("universal/zero/w/fp32.pt"),
          Map.of("param", TorchSave.tensor("0", DType.F32, 3)));
      TorchSave.save(
          input.resolve("universal/zero/v/fp32.pt"),
          Map.of("param", TorchSave.tensor("0", DType.F32, 3)));
    }
    return input;
  }

  private static void save(Path file, String name) throws IOException {
    TorchSave.save(file, Map.of(name, TorchSave.tensor("0", DType.F32, 3)));
  }

  private static void delete(Path folder) throws IOException {
    if (Files.notExists(folder)) {
      return;
    }
    try (Stream<Path> inside = Files.walk(folder)) {
      for (Path path : inside.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(path);
      }
    }
  }
}
