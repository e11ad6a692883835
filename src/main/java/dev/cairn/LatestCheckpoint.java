package dev.cairn;

import dev.cairn.RunOptions.Verification;
import dev.cairn.hf.Finding;
import dev.cairn.hf.FolderCheck;
import dev.cairn.safetensors.Manifest;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Finds the newest checkpoint of a run that can be trusted; rank 0 looks, the others are told. */
final class LatestCheckpoint {
  private static final Logger LOG = System.getLogger(LatestCheckpoint.class.getName());

  private final SaveTools tools;
  private final RunOptions run;

  LatestCheckpoint(SaveTools tools, RunOptions run) {
    this.tools = tools;
    this.run = run;
  }

  /** Returns the checkpoint, empty if there is none. Collective. */
  Optional<RunDirectory.Entry> find() throws IOException {
    byte[] answer =
        tools.ranks().together(() -> tools.ranks().isWriter() ? pick() : new byte[0]).get(0);
    if (answer.length == 0) {
      return Optional.empty();
    }
    String[] parts = new String(answer, StandardCharsets.UTF_8).split(" ", 2);
    return Optional.of(new RunDirectory.Entry(Path.of(parts[1]), Long.parseLong(parts[0]), false));
  }

  /** Returns number and path of the newest one that verifies, as one line; nothing if none does. */
  private byte[] pick() throws IOException {
    List<RunDirectory.Entry> entries =
        new ArrayList<>(new RunDirectory(run.directory(), tools.disk()).committed());
    Collections.reverse(entries);
    for (RunDirectory.Entry entry : entries) {
      boolean isOfThisRun = entry.path().getFileName().toString().startsWith(run.unit().prefix());
      if (isOfThisRun && isSound(entry.path())) {
        return (entry.number() + " " + entry.path()).getBytes(StandardCharsets.UTF_8);
      }
    }
    return new byte[0];
  }

  private boolean isSound(Path checkpoint) throws IOException {
    List<String> problems = new ArrayList<>();
    if (run.verification() == Verification.FULL) {
      tools
          .staging()
          .lend(
              buffer ->
                  FolderCheck.check(
                          checkpoint, tools.kernels()::crc32c, buffer, bytes -> progressed())
                      .stream()
                      .map(Finding::toString)
                      .forEach(problems::add));
    }
    problems.addAll(wrongSizes(checkpoint));
    if (!problems.isEmpty()) {
      LOG.log(
          Level.WARNING, "checkpoint passed over: folder={0}, {1}", checkpoint, problems.get(0));
    }
    return problems.isEmpty();
  }

  /** The ranks that wait for the outcome see that this one reads. */
  private void progressed() {
    tools.ranks().communicator().control().progressed();
  }

  private static List<String> wrongSizes(Path checkpoint) throws IOException {
    Path file = checkpoint.resolve(Manifest.FILE_NAME);
    List<String> problems = new ArrayList<>();
    try {
      if (!Files.exists(file)) {
        return List.of("no manifest, file=" + file);
      }
      for (Manifest.FileRecord record :
          Manifest.parse(Files.readAllBytes(file), file.toString()).files()) {
        Path listed = checkpoint.resolve(record.name());
        long lengthBytes = Files.isRegularFile(listed) ? Files.size(listed) : -1;
        if (lengthBytes != record.lengthBytes()) {
          problems.add(
              "wrong length: lengthBytes=%d, expected %d, file=%s"
                  .formatted(lengthBytes, record.lengthBytes(), record.name()));
        }
      }
    } catch (CorruptFileException e) {
      problems.add(e.getMessage());
    }
    return problems;
  }
}
