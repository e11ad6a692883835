package dev.cairn.input;

import dev.cairn.input.InputFolder.Kind;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * What can be read, found in what the user has named: the path itself, or a save somewhere in it.
 *
 * @param format how to read it
 * @param path the file or folder to read
 * @param tag the save in a folder with a file {@code latest}; empty for the one that it names
 * @param note what was chosen where there was a choice
 */
public record FoundInput(Format format, Path path, Optional<String> tag, Optional<String> note) {
  /** How to read it. */
  public enum Format {
    /** Made by DeepSpeed. */
    DEEPSPEED,
    /** One torch file, or a folder with some. */
    TORCH,
    /** Made by {@code torch.distributed.checkpoint}. */
    DISTRIBUTED,
    /** safetensors: a file, a model's folder. */
    MODEL,
    /** safetensors: an adapter's folder. */
    ADAPTER
  }

  /** What diffusers keeps beside the folders of a pipeline's models. */
  private static final String PIPELINE_INDEX = "model_index.json";

  /** A Trainer's run holds checkpoints that hold a run of DeepSpeed's. */
  private static final int MAX_DEPTH = 3;

  private static final Pattern RANK_FILE =
      Pattern.compile("(?:(?:bf16_|fp16_)?zero_pp_rank_|mp_rank_|layer_|expp_rank_).*_states\\.pt");
  private static final Pattern SHARD = Pattern.compile("(?s).*-\\d{5}-of-(?!00001)\\d{5}\\.bin");

  /**
   * Finds what to read.
   *
   * @param path whatever the user has named
   * @param tag name of the save; null for the newest
   * @param step step of the save; empty for the newest
   * @throws CorruptFileException if that is nothing that can be read, or a choice that nobody but
   *     the user can make
   * @throws java.nio.file.NoSuchFileException if there is nothing at {@code path}
   */
  public static FoundInput find(Path path, String tag, OptionalLong step) throws IOException {
    Path at = path;
    String wantedTag = tag;
    OptionalLong wantedStep = step;
    Optional<String> note = Optional.empty();
    for (int depth = 0; depth < MAX_DEPTH; depth++) {
      Links.requireReadable(at);
      if (!Files.isDirectory(at)) {
        return new FoundInput(ofFile(at), at, Optional.empty(), note);
      }
      InputFolder folder = InputFolder.of(at);
      boolean isChoice = wantedTag != null || wantedStep.isPresent();
      if (folder.kind() == Kind.SAVES || (isChoice && folder.kind() != Kind.DEEPSPEED_RUN)) {
        String chosen = choose(folder, wantedTag, wantedStep);
        if (!isChoice && folder.saves().size() > 1) {
          note = Optional.of(note(folder, chosen));
        }
        at = at.resolve(chosen);
        wantedTag = null;
        wantedStep = OptionalLong.empty();
      } else if (folder.kind() == Kind.DEEPSPEED_RUN) {
        return new FoundInput(Format.DEEPSPEED, at, ofRun(folder, wantedTag, wantedStep), note);
      } else {
        return ofFolder(folder, note);
      }
    }
    throw unknown(InputFolder.of(at));
  }

  /** Finds what to read, where there is no choice to make. */
  public static FoundInput find(Path path) throws IOException {
    return find(path, null, OptionalLong.empty());
  }

  /** Returns whether safetensors lie in a folder itself, whatever else does. */
  public static boolean holdsSafetensors(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.safetensors")) {
      return files.iterator().hasNext();
    }
  }

  /** Returns whether a folder is a training checkpoint, or has some in it. */
  public static boolean holdsCheckpoints(Path path) throws IOException {
    InputFolder folder = InputFolder.of(path);
    return switch (folder.kind()) {
      case DEEPSPEED_SAVE, DEEPSPEED_RUN, DISTRIBUTED, SAVES, CAIRN_RUN -> true;
      case TORCH, ADAPTER, MODEL, EMPTY, UNKNOWN -> !folder.saves().isEmpty();
    };
  }

  /**
   * Refuses the directory of a run that is not Cairn's.
   *
   * @throws CorruptFileException if it has saves of a trainer's own
   */
  public static void refuseForeignRun(Path folder) throws IOException {
    InputFolder run = InputFolder.of(folder);
    if (run.kind() == Kind.SAVES || (run.kind() == Kind.DEEPSPEED_RUN && !run.saves().isEmpty())) {
      throw refusal(InputRefusal.FOREIGN_RUN, run, run.saves());
    }
  }

  /** Returns the names of the saves in a folder, for a message. */
  public static String saves(Path folder) throws IOException {
    return SaveName.words(InputFolder.of(folder).saves());
  }

  private static Format ofFile(Path file) throws IOException {
    FileKind kind = FileKind.of(file);
    String name = String.valueOf(file.getFileName());
    if (kind.refusal().isPresent()) {
      throw kind.refusal().get().of(file);
    }
    if (kind == FileKind.SAFETENSORS) {
      return Format.MODEL;
    }
    String folder = String.valueOf(file.toAbsolutePath().getParent());
    if (RANK_FILE.matcher(name).matches()) {
      throw DeepSpeedRefusal.ONE_RANK.of(file, "folder", folder);
    }
    if (SHARD.matcher(name).matches()) {
      throw InputRefusal.ONE_SHARD.of(file, "folder", folder);
    }
    return Format.TORCH;
  }

  private static Optional<String> ofRun(InputFolder folder, String tag, OptionalLong step)
      throws IOException {
    if (tag != null) {
      return Optional.of(tag);
    }
    if (step.isPresent()) {
      return Optional.of(choose(folder, null, step));
    }
    if (folder.accelerates().size() > 1) {
      throw refusal(InputRefusal.SEVERAL, folder, folder.accelerates());
    }
    return Optional.empty();
  }

  private static String choose(InputFolder folder, String tag, OptionalLong step)
      throws CorruptFileException {
    List<String> saves = folder.saves();
    if (tag != null) {
      if (!saves.contains(tag)) {
        throw InputRefusal.NO_TAG.of(folder.path(), "tag", tag, "names", SaveName.words(saves));
      }
      return tag;
    }
    if (step.isPresent()) {
      List<String> fitting = saves.stream().filter(s -> SaveName.step(s).equals(step)).toList();
      if (fitting.isEmpty()) {
        throw InputRefusal.NO_STEP.of(
            folder.path(),
            "count",
            Integer.toString(saves.size()),
            "names",
            SaveName.words(saves),
            "step",
            Long.toString(step.getAsLong()));
      }
      return only(folder, fitting);
    }
    List<String> trainers = saves.stream().filter(SaveName::isTrainers).toList();
    return newest(folder, trainers.isEmpty() ? saves : trainers);
  }

  private static String newest(InputFolder folder, List<String> saves) throws CorruptFileException {
    if (saves.stream().anyMatch(name -> SaveName.step(name).isEmpty())) {
      return only(folder, saves);
    }
    OptionalLong last = SaveName.step(saves.get(saves.size() - 1));
    return only(folder, saves.stream().filter(s -> SaveName.step(s).equals(last)).toList());
  }

  private static String only(InputFolder folder, List<String> saves) throws CorruptFileException {
    if (saves.size() > 1) {
      throw refusal(InputRefusal.SEVERAL, folder, saves);
    }
    return saves.get(0);
  }

  private static String note(InputFolder folder, String chosen) {
    return "taking "
        + chosen
        + ", the newest of "
        + folder.saves().size()
        + " checkpoints in "
        + folder.path()
        + "; --step takes another";
  }

  private static FoundInput ofFolder(InputFolder folder, Optional<String> note) throws IOException {
    Path path = folder.path();
    return switch (folder.kind()) {
      case DEEPSPEED_SAVE, DEEPSPEED_RUN, SAVES ->
          new FoundInput(Format.DEEPSPEED, path, Optional.empty(), note);
      case MODEL -> new FoundInput(Format.MODEL, path, Optional.empty(), note);
      case ADAPTER -> new FoundInput(Format.ADAPTER, path, Optional.empty(), note);
      case TORCH -> new FoundInput(Format.TORCH, torchPath(folder), Optional.empty(), note);
      case DISTRIBUTED -> new FoundInput(Format.DISTRIBUTED, path, Optional.empty(), note);
      case CAIRN_RUN -> throw refusal(InputRefusal.CAIRN_RUN, folder, cairns(folder));
      case EMPTY -> throw InputRefusal.EMPTY_FOLDER.of(path);
      case UNKNOWN -> throw unknown(folder);
    };
  }

  private static CorruptFileException unknown(InputFolder folder) throws IOException {
    List<String> models = new ArrayList<>();
    if (folder.names().contains(PIPELINE_INDEX)) {
      for (String name : folder.names()) {
        Path component = folder.path().resolve(name);
        if (Files.isDirectory(component) && holdsSafetensors(component)) {
          models.add(name);
        }
      }
    }
    return models.isEmpty()
        ? InputRefusal.UNKNOWN_FOLDER.of(folder.path(), "names", SaveName.words(folder.names()))
        : refusal(InputRefusal.PIPELINE, folder, models);
  }

  private static List<String> cairns(InputFolder folder) {
    return folder.names().stream()
        .filter(name -> SaveName.step(name).isPresent())
        .sorted(SaveName::compare)
        .toList();
  }

  /**
   * Returns the folder where its names are those of transformers or PEFT, or the one file in it.
   */
  private static Path torchPath(InputFolder folder) throws CorruptFileException {
    Path path = folder.path();
    boolean isKnown =
        InputFolder.TORCH_FIXED.stream().anyMatch(name -> Files.exists(path.resolve(name)));
    if (isKnown) {
      return path;
    }
    if (folder.torchFiles().size() > 1) {
      throw refusal(InputRefusal.SEVERAL_FILES, folder, folder.torchFiles());
    }
    return path.resolve(folder.torchFiles().get(0));
  }

  private static CorruptFileException refusal(
      Refusal refusal, InputFolder folder, List<String> names) {
    return refusal.of(
        folder.path(),
        "count",
        Integer.toString(names.size()),
        "names",
        SaveName.words(names),
        "last",
        names.get(names.size() - 1));
  }
}
