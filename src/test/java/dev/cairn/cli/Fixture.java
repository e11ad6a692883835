package dev.cairn.cli;

import dev.cairn.json.Json;
import dev.cairn.support.ShellRun;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A checkpoint below {@code src/test/resources/deepspeed}, with what the script that made it wrote
 * down.
 *
 * @param folder what DeepSpeed's {@code save_checkpoint} was given
 * @param meta content of its {@code meta.json}
 */
public record Fixture(Path folder, Map<String, Object> meta) {
  private static final Path ALL = ShellRun.CHECKOUT.resolve("src/test/resources/deepspeed");

  public static Fixture of(String name) throws IOException {
    Path folder = ALL.resolve(name);
    return new Fixture(folder, Json.parseObject(Files.readAllBytes(folder.resolve("meta.json"))));
  }

  @Override
  public String toString() {
    return folder.toString();
  }

  /** Copies the checkpoint so that a test may damage it. */
  public Path copyTo(Path target) throws IOException {
    Path save = Files.createDirectories(target.resolve("global_step3"));
    Files.copy(folder.resolve("latest"), target.resolve("latest"));
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder.resolve("global_step3"))) {
      for (Path file : files) {
        Files.copy(file, save.resolve(file.getFileName()));
      }
    }
    return target;
  }

  /** Returns the {@code --dtype} of the training. */
  String dtype() {
    return ((Map<?, ?>) meta.get("options")).containsKey("fp16") ? "f16" : "bf16";
  }

  Path expected16Bit() {
    return folder.resolve("expected_16bit.safetensors");
  }

  Path expectedF32() {
    return folder.resolve("expected_fp32.safetensors");
  }

  /** Returns which parameter is trained, by name; buffers are not among them. */
  private Map<String, Boolean> trained() {
    Map<String, Boolean> trained = new TreeMap<>();
    ((Map<?, ?>) meta.get("requires_grad")).forEach((k, v) -> trained.put((String) k, (Boolean) v));
    return trained;
  }

  Set<String> parameters() {
    return trained().keySet();
  }

  Set<String> frozen() {
    Map<String, Boolean> names = trained();
    names.values().removeIf(isTrained -> isTrained);
    return new TreeSet<>(names.keySet());
  }

  /** Returns the names that share another one's storage; the canonical name comes second. */
  Set<String> aliases() {
    Set<String> aliases = new TreeSet<>();
    for (Object pair : (List<?>) meta.get("fp32_aliases")) {
      aliases.add((String) ((List<?>) pair).get(0));
    }
    return aliases;
  }
}
