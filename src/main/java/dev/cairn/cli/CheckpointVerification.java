package dev.cairn.cli;

import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.options.ParallelOptions;
import dev.cairn.cli.text.Amounts;
import dev.cairn.cli.text.Progress;
import dev.cairn.dcp.DistributedCheckpoint;
import dev.cairn.dcp.DistributedParameterSet;
import dev.cairn.deepspeed.CheckpointParameters;
import dev.cairn.deepspeed.ConsolidationOptions;
import dev.cairn.deepspeed.DeepSpeedCheckpoint;
import dev.cairn.input.FoundInput;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.torchfile.TorchFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Checks a training checkpoint: that the pieces of every weight tile it, that what several ranks
 * hold is the same, and the checksums in torch's zip files.
 */
final class CheckpointVerification {
  private static final int BUFFER_BYTES = 1 << 20;

  private final FoundInput found;
  private final boolean isSizesOnly;
  private final OutputOptions speech;
  private long readBytes;

  CheckpointVerification(FoundInput found, boolean isSizesOnly, OutputOptions speech) {
    this.found = found;
    this.isSizesOnly = isSizesOnly;
    this.speech = speech;
  }

  /** Checks it all, and says so; what is wrong is an error that names it. */
  void run(ParallelOptions parallel) throws IOException {
    int tensors;
    if (found.format() == FoundInput.Format.DISTRIBUTED) {
      DistributedCheckpoint checkpoint = DistributedCheckpoint.open(found.path());
      tensors = checkpoint.tensors().size();
      try (DistributedParameterSet set =
          new DistributedParameterSet(checkpoint, Optional.empty())) {
        read(set.parameters());
      }
    } else {
      DeepSpeedCheckpoint checkpoint = parallel.open(found);
      tensors = checkpoint.parameters().size();
      ConsolidationOptions all = new ConsolidationOptions(false, false, Optional.empty());
      try (CheckpointParameters set = new CheckpointParameters(checkpoint, all)) {
        read(set.parameters());
      }
      if (!isSizesOnly) {
        verifyFiles(checkpoint.folder());
      }
    }
    say(tensors);
  }

  private void read(ParameterSet set) throws IOException {
    if (isSizesOnly) {
      return;
    }
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    try (Progress progress = speech.progress("verifying", set.partitionBytes())) {
      for (Parameter parameter : set.parameters()) {
        long lengthBytes = parameter.partition().lengthBytes();
        for (long at = 0; at < lengthBytes; at += BUFFER_BYTES) {
          buffer.clear().limit((int) Math.min(BUFFER_BYTES, lengthBytes - at));
          parameter.partition().read(at, buffer);
          progress.add(buffer.limit());
          readBytes += buffer.limit();
        }
      }
    }
  }

  private static void verifyFiles(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*_states.pt")) {
      for (Path file : files) {
        TorchFile.verify(file);
      }
    }
  }

  private void say(int tensors) {
    if (speech.isJson()) {
      Map<String, Object> json = new LinkedHashMap<>();
      json.put("path", found.path().toString());
      json.put("fine", true);
      json.put("tensors", tensors);
      json.put("readBytes", readBytes);
      speech.printJson(json);
      return;
    }
    speech
        .out()
        .println(
            "fine: the pieces of "
                + tensors
                + " tensors fill each of them"
                + (isSizesOnly
                    ? "; the data was not read"
                    : ", and copies are the same; read " + Amounts.bytes(readBytes)));
    speech.out().flush();
  }
}
