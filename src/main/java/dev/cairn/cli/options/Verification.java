package dev.cairn.cli.options;

import dev.cairn.cli.text.Progress;
import dev.cairn.hf.Finding;
import dev.cairn.hf.FolderCheck;
import dev.cairn.hf.FormFindings;
import dev.cairn.kernels.Kernels;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/**
 * What a check of a folder or file found.
 *
 * @param findings everything that is wrong, and notes
 * @param checkedBytes how many bytes were compared with checksums
 */
public record Verification(List<Finding> findings, long checkedBytes) {
  private static final int BUFFER_BYTES = 4 << 20;

  /** Checks all but the checksums: no tensor is read. */
  public static Verification ofSizes(Path path) throws IOException {
    return new Verification(FormFindings.addedTo(FolderCheck.checkSizes(path), path), 0);
  }

  /** Checks the path, showing how far it is. */
  public static Verification of(Path path, OutputOptions speech) throws IOException {
    long totalBytes = FolderCheck.bytesToRead(path);
    Kernels kernels = Kernels.best();
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    try (Progress progress = speech.progress("verifying", totalBytes)) {
      List<Finding> findings = FolderCheck.check(path, kernels::crc32c, buffer, progress::add);
      return new Verification(FormFindings.addedTo(findings, path), totalBytes);
    }
  }

  /** Returns whether loaders get nothing wrong. */
  public boolean isFine() {
    return Finding.errors(findings).isEmpty();
  }
}
