package dev.cairn;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;

/**
 * Saves of one run: each into its step's folder, and then the run's retention.
 *
 * @param tools of the checkpointer
 * @param run where the checkpoints are and which stay
 */
record RunSaves(SaveTools tools, RunOptions run) {
  /** Returns the folder of a step. */
  Path target(long step) {
    if (step < 0) {
      throw new IllegalArgumentException("negative step: step=" + step);
    }
    return run.directory().resolve(run.unit().folderName(step));
  }

  SaveReport save(SaveContents contents) throws IOException {
    return retained(new SaveRun(replacing(), contents).run());
  }

  SaveReport save(long step, Supplier<SingleFile> contents, TrainerState state) throws IOException {
    return retained(
        SingleFile.save(
            replacing(), target(step), OptionalLong.of(step), Optional.of(state), contents));
  }

  private SaveTools replacing() {
    return tools.withOptions(tools.options().withOverwrite(true));
  }

  private SaveReport retained(SaveReport report) throws IOException {
    if (tools.ranks().isWriter()) {
      new RunDirectory(run.directory(), tools.disk()).retain(run.keepLast(), run.keepEvery());
    }
    return report;
  }
}
