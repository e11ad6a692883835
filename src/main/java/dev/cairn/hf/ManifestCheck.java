package dev.cairn.hf;

import dev.cairn.checksum.Crc;
import dev.cairn.io.Disk;
import dev.cairn.io.PathState;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.Manifest;
import dev.cairn.safetensors.Manifest.FileRecord;
import dev.cairn.safetensors.Manifest.TensorRecord;
import dev.cairn.safetensors.TensorEntry;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Compares a folder with its manifest: what should be there, lengths, then every checksum. */
final class ManifestCheck {
  private final Disk disk;
  private final Path folder;
  private final Optional<FileChecksums> checksums;
  private final List<Finding> findings = new ArrayList<>();

  /**
   * Prepares to compare.
   *
   * @param checksums empty to read no file but the manifest and its marker
   */
  ManifestCheck(Disk disk, Path folder, Optional<FileChecksums> checksums) {
    this.disk = disk;
    this.folder = folder;
    this.checksums = checksums;
  }

  /**
   * Returns the differences.
   *
   * @param headers of the safetensors files that could be read
   */
  List<Finding> check(Map<String, Header> headers) throws IOException {
    Path manifestFile = folder.resolve(Manifest.FILE_NAME);
    byte[] bytes = disk.readAll(manifestFile);
    Manifest manifest;
    try {
      manifest = Manifest.parse(bytes, manifestFile.toString());
    } catch (CorruptFileException e) {
      return List.of(Finding.of(Manifest.FILE_NAME, e));
    }
    checkMarker();
    Map<String, List<TensorRecord>> tensors = new HashMap<>();
    for (TensorRecord tensor : manifest.tensors()) {
      tensors.computeIfAbsent(tensor.file(), file -> new ArrayList<>()).add(tensor);
    }
    for (FileRecord file : manifest.files()) {
      List<TensorRecord> inFile = tensors.getOrDefault(file.name(), List.of());
      checkFile(file, inFile, Optional.ofNullable(headers.get(file.name())));
    }
    for (String file : headers.keySet()) {
      if (manifest.files().stream().noneMatch(listed -> listed.name().equals(file))) {
        findings.add(Finding.of(file, "file is not in the manifest"));
      }
    }
    checkManifestItself(bytes);
    return findings;
  }

  private void checkMarker() throws IOException {
    if (!isMarked()) {
      findings.add(
          Finding.of(
              Manifest.COMPLETED_FILE_NAME, "marker is missing or empty: the save did not finish"));
    }
  }

  private boolean isMarked() throws IOException {
    return disk.find(folder.resolve(Manifest.COMPLETED_FILE_NAME))
        .filter(marker -> marker.lengthBytes() > 0)
        .isPresent();
  }

  /** The marker has the checksum of the manifest, which has those of all other files. */
  private void checkManifestItself(byte[] manifest) throws IOException {
    if (!isMarked()) {
      return; // said already
    }
    Path marker = folder.resolve(Manifest.COMPLETED_FILE_NAME);
    String expected = Manifest.completedText(Crc.CRC32C.of(manifest));
    if (!new String(disk.readAll(marker), StandardCharsets.ISO_8859_1).equals(expected)) {
      findings.add(
          Finding.of(
              Manifest.FILE_NAME,
              "manifest checksum mismatch: expected in %s: %s"
                  .formatted(Manifest.COMPLETED_FILE_NAME, expected.strip())));
    }
  }

  private void checkFile(FileRecord file, List<TensorRecord> tensors, Optional<Header> header)
      throws IOException {
    Path path = folder.resolve(file.name());
    Optional<PathState> found = disk.find(path).filter(PathState::isFile);
    if (found.isEmpty()) {
      findings.add(Finding.of(file.name(), "file is missing: the manifest names it"));
      return;
    }
    if (found.get().lengthBytes() != file.lengthBytes()) {
      findings.add(
          Finding.of(
              file.name(),
              "file length mismatch: fileBytes=%d, expected %d"
                  .formatted(found.get().lengthBytes(), file.lengthBytes())));
    }
    if (header.isPresent()) {
      checkEntries(file.name(), tensors, header.get());
    }
    if (checksums.isPresent()) {
      checkBytes(file, tensors, header, checksums.get());
    }
  }

  private void checkBytes(
      FileRecord file, List<TensorRecord> tensors, Optional<Header> header, FileChecksums actual)
      throws IOException {
    Path path = folder.resolve(file.name());
    if (header.isEmpty()) {
      checkCrc(file.name(), "", "file", actual.of(path), file.crc32c());
      return;
    }
    int crc = actual.of(path, header.get());
    for (TensorRecord tensor : tensors) {
      Optional<Integer> ofTensor = actual.ofTensor(tensor.name());
      if (ofTensor.isPresent()) {
        checkCrc(file.name(), tensor.name(), "tensor", ofTensor.get(), tensor.crc32c());
      }
    }
    checkCrc(file.name(), "", "file", crc, file.crc32c());
  }

  private void checkEntries(String file, List<TensorRecord> tensors, Header header) {
    Map<String, TensorEntry> entries = new HashMap<>();
    header.tensors().forEach(entry -> entries.put(entry.name(), entry));
    for (TensorRecord tensor : tensors) {
      TensorEntry entry = entries.remove(tensor.name());
      if (entry == null) {
        findings.add(new Finding(file, tensor.name(), "tensor is missing: the manifest names it"));
      } else if (!entry.equals(tensor.entry())) {
        findings.add(
            new Finding(
                file,
                tensor.name(),
                "tensor is not what the manifest says: actual=%s, expected %s"
                    .formatted(text(entry), text(tensor.entry()))));
      }
    }
    for (TensorEntry entry : header.tensors()) {
      if (entries.containsKey(entry.name())) {
        findings.add(new Finding(file, entry.name(), "tensor is not in the manifest"));
      }
    }
  }

  private static String text(TensorEntry entry) {
    return "%s%s[%d,%d)"
        .formatted(entry.dtype(), entry.shape(), entry.beginByte(), entry.endByte());
  }

  private void checkCrc(String file, String tensor, String what, int actual, int expected) {
    if (actual != expected) {
      findings.add(
          new Finding(
              file,
              tensor,
              "%s checksum mismatch: crc32c=%s, expected %s"
                  .formatted(what, Manifest.crc(actual), Manifest.crc(expected))));
    }
  }
}
