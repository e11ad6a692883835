package dev.cairn.input;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a folder is, by the names in it; opens no file.
 *
 * @param path the folder
 * @param kind what it is
 * @param saves names of the folders in it that are saves, oldest first
 * @param torchFiles names of the files in it that may be a whole model by torch
 * @param names some names of what is in it, for a message
 */
record InputFolder(
    Path path, Kind kind, List<String> saves, List<String> torchFiles, List<String> names) {
  /** What a folder can be. */
  enum Kind {
    /** Of one save by DeepSpeed: its files lie in it. */
    DEEPSPEED_SAVE,
    /** What {@code save_checkpoint} was given: a file {@code latest}, and folders of saves. */
    DEEPSPEED_RUN,
    /** Holds folders of saves and does not say which is the newest: a Trainer's, Lightning's. */
    SAVES,
    /** {@code pytorch_model.bin}, its shards, {@code adapter_model.bin}, or another torch file. */
    TORCH,
    /** safetensors with {@code adapter_config.json}. */
    ADAPTER,
    MODEL,
    /** torch's {@code .metadata} and {@code .distcp} files, or DCP's safetensors shards. */
    DISTRIBUTED,
    /** Cairn's own {@code step_N} folders. */
    CAIRN_RUN,
    EMPTY,
    UNKNOWN
  }

  static final String LATEST = "latest";
  static final String LATEST_UNIVERSAL = "latest_universal";
  private static final String DISTRIBUTED_METADATA = ".metadata";

  /** Where the ranks have saved without talking to each other. */
  private static final String FIRST_METADATA = "__0.metadata";

  /** What each rank writes with DCP's safetensors writer. */
  private static final Pattern SHARD =
      Pattern.compile("shard-\\d+-model-\\d+-of-\\d+\\.safetensors");

  static final String ADAPTER_CONFIG = "adapter_config.json";
  private static final Pattern STATES =
      Pattern.compile("(?:(?:bf16_|fp16_)?zero_pp_rank_|mp_rank_|layer_|expp_rank_).*_states\\.pt");
  private static final Pattern CAIRNS = Pattern.compile("(?:step|epoch)_\\d{1,18}");
  private static final Pattern TORCH_NAME = Pattern.compile("(?s).*\\.(?:bin|pt|pth|ckpt)");

  /** What trainers keep beside a model. */
  private static final Pattern NO_MODEL =
      Pattern.compile(
          "(?:training_args|optimizer|scheduler|scaler|sampler|rng_state|random_states|trainer_state)"
              + ".*|.*_states\\.pt");

  static final Set<String> TORCH_FIXED =
      Set.of("pytorch_model.bin", "pytorch_model.bin.index.json", "adapter_model.bin");
  private static final int MAX_LOOKED_AT = 20_000;
  private static final int MAX_KEPT = 1000;

  static InputFolder of(Path folder) throws IOException {
    List<String> saves = new ArrayList<>();
    List<String> torch = new ArrayList<>();
    List<String> names = new ArrayList<>();
    boolean[] has = new boolean[4];
    int looked = 0;
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        String name = entry.getFileName().toString();
        if (++looked > MAX_LOOKED_AT) {
          break;
        }
        if (names.size() < MAX_KEPT && !name.startsWith(".")) {
          names.add(name);
        }
        has[0] |= STATES.matcher(name).matches();
        has[1] |= name.endsWith(".safetensors");
        has[2] |=
            name.endsWith(".distcp")
                || name.equals(DISTRIBUTED_METADATA)
                || SHARD.matcher(name).matches();
        has[3] |= CAIRNS.matcher(name).matches() && Files.exists(entry.resolve("COMPLETED"));
        if (torch.size() < MAX_KEPT && isWhole(name) && Files.isRegularFile(entry)) {
          torch.add(name);
        }
        if (saves.size() < MAX_KEPT && isSave(entry, name)) {
          saves.add(name);
        }
      }
    }
    saves.sort(SaveName::compare);
    torch.sort(null);
    names.sort(null);
    return new InputFolder(folder, kind(folder, saves, torch, has, looked), saves, torch, names);
  }

  private static Kind kind(
      Path folder, List<String> saves, List<String> torch, boolean[] has, int entries)
      throws IOException {
    if (Files.exists(folder.resolve(LATEST)) || Files.exists(folder.resolve(LATEST_UNIVERSAL))) {
      return Kind.DEEPSPEED_RUN;
    }
    if (has[0] || isUniversal(folder)) {
      return Kind.DEEPSPEED_SAVE;
    }
    if (has[2]) {
      return Kind.DISTRIBUTED;
    }
    if (has[1]) {
      boolean isAdapter = Files.exists(folder.resolve(ADAPTER_CONFIG));
      return isAdapter && !Files.exists(folder.resolve("config.json")) ? Kind.ADAPTER : Kind.MODEL;
    }
    if (TORCH_FIXED.stream().anyMatch(name -> Files.exists(folder.resolve(name)))) {
      return Kind.TORCH;
    }
    if (has[3]) {
      return Kind.CAIRN_RUN;
    }
    if (!saves.isEmpty()) {
      return Kind.SAVES;
    }
    if (!torch.isEmpty()) {
      return Kind.TORCH;
    }
    return entries == 0 ? Kind.EMPTY : Kind.UNKNOWN;
  }

  private static boolean isWhole(String name) {
    return TORCH_NAME.matcher(name).matches() && !NO_MODEL.matcher(name).matches();
  }

  private static boolean isSave(Path entry, String name) throws IOException {
    if (!Files.isDirectory(entry)) {
      return false;
    }
    if (SaveName.isTrainers(name) || SaveName.isLightnings(name)) {
      return true;
    }
    // accelerate has the optimizer in such a folder, too
    boolean isDistributed =
        !name.startsWith("optimizer")
            && (Files.exists(entry.resolve(DISTRIBUTED_METADATA))
                || Files.exists(entry.resolve(FIRST_METADATA)));
    return isDistributed || isUniversal(entry) || holdsStates(entry);
  }

  /** {@code ds_to_universal} makes a folder for each parameter. */
  private static boolean isUniversal(Path folder) {
    return Files.isDirectory(folder.resolve("zero"));
  }

  private static boolean holdsStates(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*_states.pt")) {
      return files.iterator().hasNext();
    }
  }

  /** Returns the models that accelerate has saved side by side. */
  List<String> accelerates() {
    return saves.stream().filter(SaveName::isAccelerates).toList();
  }
}
