package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.cairn.comm.Communicator;
import dev.cairn.commit.StagedFolder;
import dev.cairn.hf.ModelFiles;
import dev.cairn.io.Disk;
import dev.cairn.layout.Layout;
import dev.cairn.machine.Machine;
import dev.cairn.machine.ProcessIdentity;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.OtherProcess;
import dev.cairn.support.ReferenceModel;
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
class AbandonedFoldersTest {
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
    ParameterSet own = new ReferenceModel(7).add("weight", DType.F32, Layout.zero3(), 5).on(0, 1);
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

  private void leave(String name, Machine owner, long ageMinutes) throws IOException {
    ProcessIdentity process = owner.self();
    String lines =
        "cairn-owner 1\n%s\n%s\n%d\n%d\nnew 00ff\n"
            .formatted(process.bootId(), process.namespace(), process.pid(), process.startTicks());
    leave(name, lines, ageMinutes);
  }

  private void leave(String name, String ownerLines, long ageMinutes) throws IOException {
    Path folder = Files.createDirectory(run().directory().resolve(name));
    Files.writeString(folder.resolve("model.safetensors"), "half");
    Path owner = folder.resolve("owner");
    Files.writeString(owner, ownerLines);
    Files.setLastModifiedTime(owner, FileTime.from(Instant.now().minusSeconds(ageMinutes * 60)));
  }

  private List<String> names() throws IOException {
    try (var paths = Files.list(run().directory())) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  private static Machine dead() throws Exception {
    Process process = new ProcessBuilder("true").start();
    process.waitFor();
    return OtherProcess.ofPid(process.pid());
  }

  @Test
  void nextSaveRemovesWhatTheDeadLeftOfAnyName() throws Exception {
    leave(".step_5.tmp-00ff", dead(), 0);
    leave(".epoch_5.tmp-00ff", dead(), 0);
    leave(".final.tmp-00ff", dead(), 0);
    // the number of a dead process, given to a new one since
    leave(".step_4.tmp-00ff", OtherProcess.ofPid(ProcessHandle.current().pid()), 0);
    save(6);
    assertEquals(List.of("step_6"), names());
  }

  @Test
  void whatTheLivingWorkInStaysHoweverSilentTheyAre() throws Exception {
    Process living = new ProcessBuilder("sleep", "60").start();
    try {
      leave(".step_5.tmp-00ff", OtherProcess.startedAs(living.pid()), 25 * 60);
      leave(".step_7.tmp-00ff", OtherProcess.onAnotherHost(), 23 * 60);
      save(6);
      assertEquals(List.of(".step_5.tmp-00ff", ".step_7.tmp-00ff", "step_6"), names());
    } finally {
      living.destroy();
    }
  }

  @Test
  void whatThisProcessHasLeftItselfIsRemoved() throws Exception {
    leave(".step_5.tmp-00ff", Machine.local(), 0);
    try (StagedFolder open = staged("model")) {
      save(6);
      assertEquals(List.of("." + "model.tmp-" + open.id(), "step_6"), names());
    }
    assertEquals(List.of("step_6"), names());
  }

  private StagedFolder staged(String name) throws IOException {
    Path target = run().directory().resolve(name);
    return StagedFolder.create(Disk.local(), Machine.local(), target, false, false);
  }

  @Test
  void ownerFileThatIsNotWholeMakesNoFolderOurs() throws Exception {
    leave(".step_1.tmp-00ff", "", 25 * 60);
    leave(".step_2.tmp-00ff", "\0".repeat(60), 25 * 60);
    leave(".step_3.tmp-00ff", "cairn-owner 1\nboot\npid\n12\n", 25 * 60);
    leave(".step_4.tmp-00ff", "a\nb\nc\n", 25 * 60);
    leave(".step_5.tmp-00ff", "x".repeat(5000), 25 * 60);
    List<String> before = names();
    save(6);
    assertEquals(5, before.size());
    assertEquals(before, names().subList(0, 5));
  }

  /** What a maker leaves that is killed before its owner file is whole. */
  private void leaveEmpty(String name, Optional<String> ownerLines, long ageMinutes)
      throws IOException {
    Path folder = Files.createDirectory(run().directory().resolve(name));
    FileTime then = FileTime.from(Instant.now().minusSeconds(ageMinutes * 60));
    if (ownerLines.isPresent()) {
      Path owner = Files.writeString(folder.resolve("owner"), ownerLines.get());
      Files.setLastModifiedTime(owner, then);
    }
    Files.setLastModifiedTime(folder, then);
  }

  @Test
  void folderWhoseMakerDiedBeforeItWroteItsNameIsRemovedAfterADay() throws Exception {
    leaveEmpty(".step_1.tmp-00ff", Optional.empty(), 25 * 60);
    leaveEmpty(".step_2.tmp-00ff", Optional.of(""), 25 * 60);
    leaveEmpty(".step_3.tmp-00ff", Optional.of("\0".repeat(60)), 25 * 60);
    leaveEmpty(".step_4.tmp-00ff", Optional.of("cairn-owner 1\nbo"), 25 * 60);
    leaveEmpty(".step_5.old-00ff", Optional.empty(), 25 * 60); // its files were deleted before
    save(6);
    assertEquals(List.of("step_6"), names());
  }

  /** Its maker may be about to write into it. The clock of this machine does not count. */
  @Test
  void youngFolderWithoutANameStays() throws Exception {
    leaveEmpty(".step_1.tmp-00ff", Optional.empty(), 23 * 60);
    leaveEmpty(".step_2.tmp-00ff", Optional.of(""), 23 * 60);
    save(6, OtherProcess.withClockAhead(Duration.ofDays(2)));
    assertEquals(List.of(".step_1.tmp-00ff", ".step_2.tmp-00ff", "step_6"), names());
  }

  /** Killed between the rename and the removal of the owner file. */
  @Test
  void modelWhoseSaverDiedAfterItWasMadeVisibleIsABaseLikeOthers() throws Exception {
    leave("base", dead(), 0);
    Path base = run().directory().resolve("base");
    Files.delete(base.resolve("model.safetensors"));
    Files.writeString(base.resolve("config.json"), "{}");
    ParameterSet own = new ReferenceModel(7).add("weight", DType.F32, Layout.zero3(), 5).on(0, 1);
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = open(single, Machine.local())) {
      checkpointer.save(run().directory().resolve("model"), own, ModelFiles.fromFolder(base));
    }
    assertEquals(List.of("base", "model"), names());
  }

  /** Many containers are called localhost, and the first process id namespace is 4026531836. */
  @Test
  void hostOfTheSameNameIsNotTakenForThisOne() throws Exception {
    String name = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    Path namespace = Files.readSymbolicLink(Path.of("/proc/self/ns/pid"));
    leave(".step_5.tmp-00ff", name + "/" + namespace + "\n" + dead().self().pid() + "\n1\n", 0);
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
    leave(".step_5.tmp-00ff", OtherProcess.onAnotherHost(), 23 * 60);
    leave(".step_7.tmp-00ff", OtherProcess.onAnotherHost(), 25 * 60);
    save(6, OtherProcess.withClockAhead(Duration.ofDays(2)));
    assertEquals(List.of(".step_5.tmp-00ff", "step_6"), names());
  }

  @Test
  void whoGivesNoSignOfLifeForADayIsDeadOnAnyHost() throws Exception {
    leave(".step_5.tmp-00ff", OtherProcess.onAnotherHost(), 25 * 60);
    leave(".step_7.tmp-00ff", "another host\n1\n1\n", 25 * 60); // of an older version
    save(6);
    assertEquals(List.of("step_6"), names());
  }

  @Test
  void foldersOfOtherNamesStay() throws Exception {
    leave("step_5.tmp-00ff", dead(), 0);
    leave(".step_5.tmp-mine", dead(), 0);
    save(6);
    assertEquals(List.of(".step_5.tmp-mine", "step_5.tmp-00ff", "step_6"), names());
  }

  /** Where a file system cannot exchange folders, a crash may come between two renames. */
  @Test
  void interruptedReplacementIsUndoneWhenTheLatestIsLookedFor() throws Exception {
    save(5);
    save(6);
    Path checkpoint = run().directory().resolve("step_6");
    leave(".step_6.old-00ff", dead(), 0);
    Path old = run().directory().resolve(".step_6.old-00ff");
    Files.move(old.resolve("owner"), checkpoint.resolve("owner"));
    Files.delete(old.resolve("model.safetensors"));
    Files.delete(old);
    Files.move(checkpoint, old);
    assertEquals(6, latest());
    assertEquals(List.of("step_5", "step_6"), names());
    assertFalse(Files.exists(checkpoint.resolve("owner")));
  }

  @Test
  void replacementThatWasCommittedIsFinishedByTheNextSave() throws Exception {
    save(5);
    leave(".step_5.old-00ff", dead(), 0);
    save(6);
    assertEquals(List.of("step_5", "step_6"), names());
  }
}
