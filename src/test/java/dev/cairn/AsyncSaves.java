package dev.cairn;

import dev.cairn.comm.Communicator;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.model.TrainerState;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import java.util.Optional;

/** What tests of saves in the background open. */
final class AsyncSaves {
  static final TrainerState NO_STATE = TrainerState.builder().build();

  private AsyncSaves() {}

  static SaveOptions.Builder options() {
    return SaveOptions.builder()
        .durability(Durability.FAST)
        .keepDtypes()
        .stagingBuffers(2)
        .stagingBufferBytes(4096);
  }

  static Checkpointer open(
      Communicator communicator, SaveOptions.Builder options, RunOptions run, Disk disk) {
    return Checkpointer.open(
        communicator, options.build(), Optional.of(run), disk, Machine.local());
  }
}
