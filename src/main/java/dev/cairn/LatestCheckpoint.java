package dev.cairn;

import dev.cairn.RunOptions.Verification;
import dev.cairn.hf.Finding;
import dev.cairn.hf.FolderCheck;
import dev.cairn.ranks.Operation;
import dev.cairn.ranks.Outcome;
import dev.cairn.ranks.Ranks;
import dev.cairn.safetensors.Manifest;
import dev.cairn.save.SaveContext;
import dev.cairn.save.TrainerFile;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Finds the newest checkpoint of a run that can be trusted; rank 0 looks, the others are told. */
final class LatestCheckpoint {
  private static final Logger LOG = System.getLogger(LatestCheckpoint.class.getName());

  private final SaveContext tools;
  private final RunOptions run;
  private final Set<Path> damaged;

  /**
   * Prepares to look.
   *
   * @param damaged is told what is passed over
   */
  LatestCheckpoint(SaveContext tools, RunOptions run, Set<Path> damaged) {
    this.tools = tools;
    this.run = run;
    this.damaged = damaged;
  }

  /**
   * What was found.
   *
   * @param trainerBytes the file with the trainer's state, if rank 0 tells it; empty if every rank
   *     reads it
   */
  record Found(RunDirectory.Entry entry, Optional<byte[]> trainerBytes) {}

  /** Returns the checkpoint, empty if there is none. Collective. */
  Optional<Found> find() throws IOException {
    return tools.ranks().run(Operation.LATEST, "latest", this::phases);
  }

  private Optional<Found> phases() throws IOException {
    Ranks ranks = tools.ranks();
    List<byte[]> said = ranks.together(Operation.LATEST, this::say);
    checkShared(said);
    byte[] answer = Arrays.copyOfRange(said.get(0), 1, said.get(0).length);
    if (answer.length == 0) {
      return Optional.empty();
    }
    String[] parts = new String(answer, StandardCharsets.UTF_8).split(" ", 2);
    Path path = Path.of(parts[1]);
    Optional<byte[]> trainerBytes =
        run.shared()
            ? Optional.empty()
            : Optional.of(
                ranks.fromWriter(Operation.LATEST, () -> TrainerFile.read(tools.disk(), path)));
    return Optional.of(
        new Found(new RunDirectory.Entry(path, Long.parseLong(parts[0]), false), trainerBytes));
  }

  /** Returns whether this rank sees the directory, and on rank 0 what it has found there. */
  private byte[] say() throws IOException {
    byte[] found = tools.ranks().isWriter() ? pick() : new byte[0];
    byte isShared = (byte) (run.shared() ? 1 : 0);
    return ByteBuffer.allocate(1 + found.length).put(isShared).put(found).array();
  }

  /** Ranks that disagree would wait for each other in what follows. */
  private void checkShared(List<byte[]> said) throws IOException {
    byte first = said.get(0)[0];
    for (int rank = 1; rank < said.size(); rank++) {
      if (said.get(rank)[0] != first) {
        throw tools
            .ranks()
            .alike(
                Operation.LATEST,
                rank,
                "ranks disagree whether every host sees the run's directory: %s on rank 0, %s on"
                        .formatted(first == 1, first != 1)
                    + " rank "
                    + rank);
      }
    }
  }

  /** Returns number and path of the newest one that verifies, as one line; nothing if none does. */
  private byte[] pick() throws IOException {
    RunDirectory directory = new RunDirectory(run.directory(), tools.disk(), tools.machine());
    directory.undoReplacements();
    Iterator<RunDirectory.Entry> left = newestFirst(directory);
    while (left.hasNext()) {
      RunDirectory.Entry entry = left.next();
      if (isSound(entry)) {
        damaged.remove(entry.path());
        return (entry.number() + " " + entry.path()).getBytes(StandardCharsets.UTF_8);
      }
      if (tools.disk().exists(entry.path().resolve(Manifest.COMPLETED_FILE_NAME))) {
        damaged.add(entry.path());
      } else { // deleted meanwhile, by a process that has saved newer ones
        left = newestFirst(directory);
      }
    }
    return new byte[0];
  }

  private Iterator<RunDirectory.Entry> newestFirst(RunDirectory directory) throws IOException {
    List<RunDirectory.Entry> entries = new ArrayList<>(directory.committed());
    entries.removeIf(entry -> !entry.isOf(run.unit()));
    Collections.reverse(entries);
    return entries.iterator();
  }

  private boolean isSound(RunDirectory.Entry entry) {
    Path checkpoint = entry.path();
    List<String> problems;
    try {
      problems = problems(entry);
    } catch (IOException e) { // an older one may well be readable
      problems = List.of("cannot be read: " + Outcome.reason(e));
    }
    if (!problems.isEmpty()) {
      LOG.log(
          Level.WARNING, "checkpoint passed over: folder={0}, {1}", checkpoint, problems.get(0));
    }
    return problems.isEmpty();
  }

  private List<String> problems(RunDirectory.Entry entry) throws IOException {
    List<String> problems = new ArrayList<>();
    Path manifest = entry.path().resolve(Manifest.FILE_NAME);
    if (tools.disk().find(manifest).isEmpty()) {
      problems.add("no manifest, file=" + manifest);
    }
    Finding.errors(findings(entry.path())).stream().map(Finding::toString).forEach(problems::add);
    if (problems.isEmpty()) {
      Manifest read = Manifest.parse(tools.disk().readAll(manifest), manifest.toString());
      if (read.step().orElse(entry.number()) != entry.number()) {
        problems.add(
            "step in %s differs: step=%d, expected %d"
                .formatted(Manifest.FILE_NAME, read.step().getAsLong(), entry.number()));
      }
    }
    return problems;
  }

  private List<Finding> findings(Path checkpoint) throws IOException {
    if (run.verification() == Verification.SIZES) {
      return FolderCheck.checkSizes(tools.disk(), checkpoint);
    }
    List<Finding> findings = new ArrayList<>();
    tools
        .staging()
        .lend(
            buffer ->
                findings.addAll(
                    FolderCheck.check(
                        tools.disk(),
                        checkpoint,
                        tools.kernels()::crc32c,
                        buffer,
                        bytes -> progressed())));
    return findings;
  }

  /** The ranks that wait for the outcome see that this one reads. */
  private void progressed() {
    tools.ranks().communicator().control().progressed();
  }
}
