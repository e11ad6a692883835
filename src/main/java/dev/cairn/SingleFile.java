package dev.cairn;

import dev.cairn.hf.ModelFiles;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.SaveReport;
import dev.cairn.ranks.Operation;
import dev.cairn.ranks.Ranks;
import dev.cairn.save.SaveContents;
import dev.cairn.save.SaveContext;
import dev.cairn.save.SaveRun;
import dev.cairn.save.SaveSource;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * What a folder with one tensor file is made of, for example an adapter's.
 *
 * @param stem the file's name without {@code .safetensors}
 * @param parameters the same names, shapes, dtypes and layouts in the same order on every rank
 * @param files what goes beside the tensors; only rank 0's counts
 * @param dtype what floating parameters are cast to, whatever the checkpointer's options say; empty
 *     keeps each as held
 */
public record SingleFile(
    String stem, ParameterSet parameters, ModelFiles files, Optional<DType> dtype) {
  /**
   * Refuses nulls.
   *
   * @param stem not null
   * @param parameters not null
   * @param files not null
   * @param dtype BF16, F16 or F32, or empty
   */
  public SingleFile {
    Objects.requireNonNull(stem, "stem");
    Objects.requireNonNull(parameters, "parameters");
    Objects.requireNonNull(files, "files");
    Objects.requireNonNull(dtype, "dtype");
  }

  /**
   * Saves a folder of one tensor file, as {@link Checkpointer#save(Path, ParameterSet, ModelFiles)}
   * saves a model. Collective.
   *
   * @param checkpointer saves with its options, besides the dtype
   * @param target the folder to make
   * @param contents called once, on another thread; if one rank's throws, all ranks fail
   * @return what was done
   * @throws IOException as there
   */
  public static SaveReport save(
      Checkpointer checkpointer, Path target, Supplier<SingleFile> contents) throws IOException {
    return checkpointer
        .calls()
        .collective(
            () ->
                save(
                    checkpointer.tools().measured(),
                    target,
                    OptionalLong.empty(),
                    Optional.empty(),
                    contents));
  }

  /**
   * Saves a checkpoint of the checkpointer's run that has one tensor file; the run's retention
   * applies. Collective.
   *
   * @param checkpointer was opened with a run
   * @param step number of the step or epoch, 0 or more
   * @param contents called once, on another thread; if one rank's throws, all ranks fail
   * @param state what the trainer needs to go on
   * @return what was done
   * @throws IOException as {@link Checkpointer#save(long, ParameterSet, ModelFiles, TrainerState)}
   */
  public static SaveReport save(
      Checkpointer checkpointer, long step, Supplier<SingleFile> contents, TrainerState state)
      throws IOException {
    RunSaves saves = checkpointer.saves();
    saves.target(step); // a wrong step is refused before anything is sent
    return checkpointer.calls().collective(() -> saves.save(step, contents, state));
  }

  /**
   * Fills the partitions of what was saved so, as {@link Checkpoint#restore(ParameterSet,
   * TrainerState)} fills those of a model. Collective.
   *
   * @param checkpoint of the same checkpointer
   * @param contents called once, on another thread; if one rank's throws, all ranks fail
   * @param state whose tensors' partitions are filled too
   * @throws IOException as there
   */
  public static void restore(
      Checkpoint checkpoint, Supplier<SingleFile> contents, TrainerState state) throws IOException {
    checkpoint.fill(() -> Optional.of(contents.get().parameters()), state);
  }

  /**
   * Saves what every rank's {@code contents} gives, or fails on every rank. Collective.
   *
   * @param measured for this save alone
   */
  static SaveReport save(
      SaveContext measured,
      Path target,
      OptionalLong step,
      Optional<TrainerState> state,
      Supplier<SingleFile> contents)
      throws IOException {
    Ranks ranks = measured.ranks();
    String call = SaveContents.call(step, target);
    return ranks.run(
        Operation.SAVE,
        call,
        () -> {
          AtomicReference<SingleFile> made = new AtomicReference<>();
          ranks.together(
              () -> {
                made.set(contents.get());
                return new byte[0];
              });
          SingleFile file = made.get();
          SaveContents all =
              new SaveContents(target, step, file.parameters(), file.files(), state, file.stem());
          SaveContext asChosen =
              measured.withOptions(measured.options().forSingleFile(file.dtype()));
          return new SaveRun(asChosen, SaveSource.borrowed(all)).phases();
        });
  }
}
