package dev.cairn.hf;

import dev.cairn.io.Disk;
import dev.cairn.io.SafetensorsFile;
import dev.cairn.json.Json;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.Manifest;
import dev.cairn.safetensors.ShardIndex;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;

/**
 * Checks a model folder or a safetensors file, Cairn's or not: the structure of every file, the
 * index against the files and, where there is a {@code cairn.json}, the length and CRC32C of every
 * tensor and file. One thread; memory is the buffer and the headers.
 */
public final class FolderCheck {
  private static final List<String> JSON_FILES =
      List.of(ModelConfig.FILE_NAME, "generation_config.json", "adapter_config.json");

  private final Disk disk;
  private final Optional<FileChecksums> checksums;
  private final List<Finding> findings = new ArrayList<>();

  private FolderCheck(Disk disk, Optional<FileChecksums> checksums) {
    this.disk = disk;
    this.checksums = checksums;
  }

  /**
   * {@return everything that is wrong with what lies on a disk, in a fixed order; empty if all is
   * well}
   *
   * @param disk where it is
   * @param path a model folder or a safetensors file
   * @param checksum computes CRC32C
   * @param buffer what files are read into; borrowed, not empty
   * @param bytesRead is told how many bytes were read since the last call
   * @throws java.nio.file.NoSuchFileException if there is nothing at {@code path}
   * @throws IOException if the disk fails
   */
  public static List<Finding> check(
      Disk disk, Path path, Checksum checksum, ByteBuffer buffer, LongConsumer bytesRead)
      throws IOException {
    FileChecksums checksums = new FileChecksums(disk, checksum, buffer, bytesRead);
    return new FolderCheck(disk, Optional.of(checksums)).run(path);
  }

  /**
   * {@return everything that is wrong with a local folder or file, in a fixed order; empty if all
   * is well}
   *
   * @param path a model folder or a safetensors file
   * @param checksum computes CRC32C
   * @param buffer what files are read into; borrowed, not empty
   * @param bytesRead is told how many bytes were read since the last call
   * @throws java.nio.file.NoSuchFileException if there is nothing at {@code path}
   * @throws IOException if the disk fails
   */
  public static List<Finding> check(
      Path path, Checksum checksum, ByteBuffer buffer, LongConsumer bytesRead) throws IOException {
    return check(Disk.local(), path, checksum, buffer, bytesRead);
  }

  /**
   * {@return what {@link #check} finds without the checksums: quick, reads headers and lengths but
   * no tensor}
   *
   * @param disk where it is
   * @param path a model folder or a safetensors file
   * @throws java.nio.file.NoSuchFileException if there is nothing at {@code path}
   * @throws IOException if the disk fails
   */
  public static List<Finding> checkSizes(Disk disk, Path path) throws IOException {
    return new FolderCheck(disk, Optional.empty()).run(path);
  }

  /**
   * {@return what {@link #checkSizes(Disk, Path)} finds of a local folder or file}
   *
   * @param path a model folder or a safetensors file
   * @throws java.nio.file.NoSuchFileException if there is nothing at {@code path}
   * @throws IOException if the disk fails
   */
  public static List<Finding> checkSizes(Path path) throws IOException {
    return checkSizes(Disk.local(), path);
  }

  /**
   * {@return how many bytes {@link #check} will read beside headers: those that a manifest lists}
   *
   * @param path a model folder or a safetensors file
   * @throws IOException if the disk fails
   */
  public static long bytesToRead(Path path) throws IOException {
    Path file = path.resolve(Manifest.FILE_NAME);
    Disk disk = Disk.local();
    if (disk.find(file).isEmpty()) {
      return 0;
    }
    try {
      return Manifest.parse(disk.readAll(file), file.toString()).files().stream()
          .mapToLong(Manifest.FileRecord::lengthBytes)
          .sum();
    } catch (CorruptFileException e) {
      return 0; // check reports it
    }
  }

  private List<Finding> run(Path path) throws IOException {
    FolderForm form = FolderForm.of(disk, path);
    findings.addAll(form.findings());
    Map<String, Header> headers = new LinkedHashMap<>();
    for (String file : form.files()) {
      readHeader(form.root(), file, headers);
    }
    if (form.index().isPresent()) {
      checkIndex(form.root(), form.index().get(), headers);
    }
    if (disk.isFolder(path)) {
      checkStrays(form);
      checkSpelling(form);
      checkJson(path);
      if (disk.exists(path.resolve(Manifest.FILE_NAME))) {
        findings.addAll(new ManifestCheck(disk, path, checksums).check(headers));
      }
    }
    return List.copyOf(findings);
  }

  private void checkIndex(Path root, ShardIndex index, Map<String, Header> headers)
      throws IOException {
    findings.addAll(
        IndexCheck.compare(
            index,
            headers,
            (tensor, first, second) ->
                checksums.isEmpty() || DuplicateTensors.isSame(disk, root, tensor, first, second)));
    if (headers.keySet().containsAll(index.weightMap().values())) {
      IndexCheck.compareTotal(index, headers).ifPresent(findings::add);
    }
  }

  private void readHeader(Path root, String file, Map<String, Header> headers) throws IOException {
    try (SafetensorsFile open = SafetensorsFile.open(disk, root.resolve(file))) {
      headers.put(file, open.header());
    } catch (CorruptFileException e) {
      findings.add(Finding.of(file, e));
    }
  }

  private void checkStrays(FolderForm form) throws IOException {
    if (form.index().isEmpty()) {
      return;
    }
    Set<String> named = Set.copyOf(form.index().get().weightMap().values());
    for (String file : FolderForm.safetensorsFiles(disk, form.root())) {
      if (!named.contains(file)
          && !file.equals(FolderForm.SINGLE)) { // FolderForm has reported that one
        findings.add(
            Finding.of(file, "safetensors file that the index does not name; delete it if stale")
                .asNote());
      }
    }
  }

  /**
   * What the parsed index does not show: it says where the shards are, however that was spelled.
   */
  private void checkSpelling(FolderForm form) throws IOException {
    Path file = form.root().resolve(ShardIndex.FILE_NAME);
    if (form.index().isEmpty() || !disk.exists(file)) {
      return; // an index that is none was said where it was read
    }
    Map<String, Object> tree = Json.parseObject(disk.readAll(file));
    if (!(tree.get("metadata") instanceof Map<?, ?>)) {
      findings.add(
          Finding.of(
              ShardIndex.FILE_NAME,
              "index has no metadata: transformers does not load it; add \"metadata\": {}"));
    }
    if (tree.get("weight_map") instanceof Map<?, ?> map
        && map.values().stream().anyMatch(shard -> shard.toString().startsWith("./"))) {
      findings.add(
          Finding.of(ShardIndex.FILE_NAME, "the index names shards by paths that begin with ./")
              .asNote());
    }
  }

  /** Returns what is wrong with a JSON file: for Python two equal keys are no error. */
  private static Finding problem(String name, byte[] bytes, CorruptFileException strict) {
    try {
      Json.parseAsPython(bytes);
      return Finding.of(name, "a key is there twice, the last counts: " + strict.getMessage())
          .asNote();
    } catch (CorruptFileException e) {
      return Finding.of(name, "file is not a JSON object: " + e.getMessage());
    }
  }

  private void checkJson(Path folder) throws IOException {
    for (String name : JSON_FILES) {
      Path file = folder.resolve(name);
      if (disk.exists(file)) {
        try {
          Json.parseObject(disk.readAll(file));
        } catch (CorruptFileException e) {
          findings.add(problem(name, disk.readAll(file), e));
        }
      }
    }
  }
}
