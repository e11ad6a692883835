package dev.cairn;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.ReferenceModel;
import java.nio.file.Path;

/** A program that saves one model folder; see {@link SaveEventsTest}. */
final class RecordedSave {
  private RecordedSave() {}

  /** Saves into the folder that the argument names. */
  public static void main(String[] arguments) throws Exception {
    try (Communicator alone = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(alone, SaveOptions.defaults())) {
      checkpointer.save(
          Path.of(arguments[0]), ReferenceModel.various(1).on(0, 1), ModelFiles.none());
    }
  }
}
