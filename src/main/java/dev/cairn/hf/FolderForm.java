package dev.cairn.hf;

import dev.cairn.io.Disk;
import dev.cairn.io.PathState;
import dev.cairn.json.CodePointOrder;
import dev.cairn.safetensors.ShardIndex;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which safetensors files make up a model: one file, or an index and its shards.
 *
 * @param root what the file names are relative to
 * @param index the index, if there is a sound one
 * @param files the files in order, without those that are missing
 * @param findings what is wrong so far
 */
record FolderForm(
    Path root, Optional<ShardIndex> index, List<String> files, List<Finding> findings) {
  static final String SINGLE = "model.safetensors";
  static final String ADAPTER = "adapter_model.safetensors";
  private static final String SUFFIX = ".safetensors";

  /** {@code model.safetensors.index.fp16.json}, {@code diffusion_pytorch_model…}. */
  private static final Pattern INDEX = Pattern.compile(".+\\.safetensors\\.index.*\\.json");

  /** Looks at names and the index only; opens no safetensors file. */
  static FolderForm of(Disk disk, Path path) throws IOException {
    Optional<PathState> found = disk.find(path);
    if (found.isPresent() && found.get().isFile()) {
      Path parent = path.toAbsolutePath().getParent();
      return new FolderForm(parent, Optional.empty(), List.of(fileName(path)), List.of());
    }
    if (found.isEmpty() || !found.get().isFolder()) {
      throw new NoSuchFileException(path.toString(), null, "no such file or folder");
    }
    List<Finding> findings = new ArrayList<>();
    if (disk.exists(path.resolve(ShardIndex.FILE_NAME))) {
      return sharded(disk, path, ShardIndex.FILE_NAME, findings);
    }
    for (String name : List.of(SINGLE, ADAPTER)) {
      if (disk.exists(path.resolve(name))) {
        return new FolderForm(path, Optional.empty(), List.of(name), findings);
      }
    }
    List<String> indices = indices(disk, path);
    if (indices.size() == 1) { // of a variant, or of a part of a pipeline
      return sharded(disk, path, indices.get(0), findings);
    }
    List<String> others = safetensorsFiles(disk, path);
    if (others.size() == 1) { // as its trainer called it
      return new FolderForm(path, Optional.empty(), others, findings);
    }
    findings.add(
        Finding.of(
            path.toString(),
            "no model in the folder: safetensorsFiles=%s, expected %s or %s"
                .formatted(others, SINGLE, ShardIndex.FILE_NAME)));
    return new FolderForm(path, Optional.empty(), List.of(), findings);
  }

  private static FolderForm sharded(Disk disk, Path root, String name, List<Finding> findings)
      throws IOException {
    Path indexFile = root.resolve(name);
    ShardIndex index;
    try {
      index = ShardIndex.parse(disk.readAll(indexFile), indexFile.toString());
    } catch (CorruptFileException e) {
      findings.add(Finding.of(name, e));
      boolean isOne = disk.exists(root.resolve(SINGLE)); // which can be looked at all the same
      List<String> files = isOne ? List.of(SINGLE) : List.of();
      return new FolderForm(root, Optional.empty(), files, findings);
    }
    Set<String> named = Set.copyOf(index.weightMap().values());
    if (named.equals(Set.of(SINGLE))) {
      findings.add(Finding.of(name, "the index names the single file alone").asNote());
    } else if (disk.exists(root.resolve(SINGLE)) && !named.contains(SINGLE)) {
      findings.add(
          Finding.of(
              SINGLE,
              "both a single file and an index: loaders disagree about which counts, index=%s;"
                      .formatted(name)
                  + " delete the stale one"));
    }
    List<String> files = new ArrayList<>();
    for (String shard :
        index.weightMap().values().stream().distinct().sorted(CodePointOrder.INSTANCE).toList()) {
      Optional<String> problem = ShardPath.problem(disk, root, shard);
      problem.ifPresent(text -> findings.add(Finding.of(shard, text)));
      if (problem.isEmpty()) {
        files.add(shard);
      }
    }
    return new FolderForm(root, Optional.of(index), files, findings);
  }

  /** Returns the indices of safetensors files that lie directly in {@code root}, sorted. */
  private static List<String> indices(Disk disk, Path root) throws IOException {
    return disk.list(root).stream()
        .map(FolderForm::fileName)
        .filter(name -> INDEX.matcher(name).matches())
        .sorted(CodePointOrder.INSTANCE)
        .toList();
  }

  /** Returns the safetensors files that lie directly in {@code root}, sorted. */
  static List<String> safetensorsFiles(Disk disk, Path root) throws IOException {
    return disk.list(root).stream()
        .map(FolderForm::fileName)
        .filter(name -> name.endsWith(SUFFIX))
        .sorted(CodePointOrder.INSTANCE)
        .toList();
  }

  private static String fileName(Path path) {
    return path.toAbsolutePath().normalize().getFileName().toString();
  }
}
