package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.io.Host;
import dev.cairn.layout.Layout;
import dev.cairn.machine.Machine;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What dead saves have left in a run's directory: removed only if nobody works in it any more. */
class LeftoversTest {
  @TempDir Path temporary;

  private RunOptions run() throws IOException {
    return RunOptions.in(Files.createDirectories(temporary.resolve("run")));
  }

  private Checkpointer open(Communicator single, Machine machine) throws IOException {
    SaveOptions options =
        SaveOptions.builder()
            .durability(Durability.FAST)
            .stagingBuffers(1)
            .stagingBufferBytes(4096)
            .build();
    return Checkpointer.open(single, options, Optional.of(run()), Disk.local(), machine);
  }

  private void save(long step) throws IOException {
    save(step, Machine.local());
  }

  private void save(long step, Machine machine) throws IOException {
    ParameterSet own = new WholeModel(7).add("weight", DType.F32, Layout.zero3(), 5).on(0, 1);
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = open(single, machine)) {
      checkpointer.save(step, own, ModelFiles.none(), TrainerState.builder().build());
    }
  }

  private long latest() throws IOException {
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = open(single, Machine.local())) {
      return checkpointer.latest().orElseThrow().step();
    }
  }

  private void leave(String name, String scope, long pid, long startMillis, long ageMinutes)
      throws IOException {
    Path folder = Files.createDirectory(run().directory().resolve(name));
    Files.writeString(folder.resolve("model.safetensors"), "half");
    Path owner = folder.resolve("owner");
    Files.writeString(owner, scope + "\n" + pid + "\n" + startMillis + "\n");
    Files.setLastModifiedTime(owner, FileTime.from(Instant.now().minusSeconds(ageMinutes * 60)));
  }

  private List<String> names() throws IOException {
    try (var paths = Files.list(run().directory())) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  private static long deadProcess() throws Exception {
    Process process = new ProcessBuilder("true").start();
    process.waitFor();
    return process.pid();
  }

  @Test
  void nextSaveRemovesWhatTheDeadLeftOfAnyStep() throws Exception {
    leave(".step_5.tmp-00ff", Host.processScope(), deadProcess(), 1, 0);
    leave(".epoch_5.tmp-00ff", Host.processScope(), deadProcess(), 1, 0);
    // the number of a dead process, given to a new one since
    leave(".step_4.tmp-00ff", Host.processScope(), ProcessHandle.current().pid(), 1, 0);
    save(6);
    assertEquals(List.of("step_6"), names());
  }

  @Test
  void whatTheLivingWorkInStays() throws Exception {
    ProcessHandle self = ProcessHandle.current();
    long startMillis = self.info().startInstant().orElseThrow().toEpochMilli();
    leave(".step_5.tmp-00ff", Host.processScope(), self.pid(), startMillis, 9);
    leave(".step_7.tmp-00ff", "another host", deadProcess(), 1, 9);
    save(6);
    assertEquals(List.of(".step_5.tmp-00ff", ".step_7.tmp-00ff", "step_6"), names());
  }

  /** Many containers are called localhost, and the first process id namespace is 4026531836. */
  @Test
  void hostOfTheSameNameIsNotTakenForThisOne() throws Exception {
    String name = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    Path namespace = Files.readSymbolicLink(Path.of("/proc/self/ns/pid"));
    leave(".step_5.tmp-00ff", name + "/" + namespace, deadProcess(), 1, 0);
    save(6);
    assertEquals(List.of(".step_5.tmp-00ff", "step_6"), names());
  }

  @Test
  void folderWithoutAnOwnerIsSomebodyElses() throws Exception {
    Path folder = Files.createDirectory(run().directory().resolve(".step_5.tmp-00ff"));
    Files.writeString(Files.createDirectory(folder.resolve("notes")).resolve("mine"), "mine");
    Files.setLastModifiedTime(folder, FileTime.from(Instant.now().minusSeconds(100_000)));
    save(6);
    assertEquals(List.of(".step_5.tmp-00ff", "step_6"), names());
  }

  /** The clock of this machine does not say how long somebody has been silent on a server. */
  @Test
  void ownerOfAnotherHostIsSilentByTheClockOfWhoeverKeepsTheFiles() throws Exception {
    leave(".step_5.tmp-00ff", "another host", 1, 1, 23 * 60);
    leave(".step_7.tmp-00ff", "another host", 1, 1, 25 * 60);
    save(6, OtherProcess.withClockAhead(Duration.ofDays(2)));
    assertEquals(List.of(".step_5.tmp-00ff", "step_6"), names());
  }

  @Test
  void whoGivesNoSignOfLifeForTenMinutesIsDeadOnAnyHost() throws Exception {
    leave(".step_5.tmp-00ff", "another host", 1, 1, 11);
    save(6);
    assertEquals(List.of("step_6"), names());
  }

  @Test
  void foldersOfOtherNamesStay() throws Exception {
    leave(".mine.tmp-00ff", Host.processScope(), deadProcess(), 1, 11);
    leave(".step_5.tmp-mine", Host.processScope(), deadProcess(), 1, 11);
    save(6);
    assertEquals(List.of(".mine.tmp-00ff", ".step_5.tmp-mine", "step_6"), names());
  }

  /** Where a file system cannot exchange folders, a crash may come between two renames. */
  @Test
  void interruptedReplacementIsUndoneWhenTheLatestIsLookedFor() throws Exception {
    save(5);
    save(6);
    Path checkpoint = run().directory().resolve("step_6");
    Files.move(checkpoint, run().directory().resolve(".step_6.old-00ff"));
    assertEquals(6, latest());
    assertEquals(List.of("step_5", "step_6"), names());
  }

  @Test
  void replacementThatWasCommittedIsFinishedByTheNextSave() throws Exception {
    save(5);
    leave(".step_5.old-00ff", Host.processScope(), deadProcess(), 1, 0);
    save(6);
    assertEquals(List.of("step_5", "step_6"), names());
  }
}
