package dev.cairn.hf;

import dev.cairn.safetensors.Header;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a model folder or safetensors file holds.
 *
 * @param path what was described
 * @param files its safetensors files, in order
 * @param tensors all tensors, file after file and in the order of their data
 * @param totals per dtype, widest first
 * @param tied what the config says about tied weights
 * @param findings what could not be read, or is wrong with the files, and notes
 */
public record FolderDescription(
    Path path,
    List<FileDescription> files,
    List<FolderTensor> tensors,
    List<DTypeTotal> totals,
    Optional<TiedNames> tied,
    List<Finding> findings) {

  /**
   * A safetensors file.
   *
   * @param name relative to the folder
   * @param lengthBytes the whole file
   * @param tensors how many it holds
   * @param metadata the text in its header
   */
  public record FileDescription(
      String name, long lengthBytes, int tensors, Map<String, String> metadata) {}

  /**
   * All tensors of one dtype together.
   *
   * @param dtype the element type
   * @param tensors how many
   * @param elements how many elements they have
   * @param lengthBytes how long their data is
   */
  public record DTypeTotal(DType dtype, long tensors, long elements, long lengthBytes) {
    private DTypeTotal plus(FolderTensor tensor) {
      return new DTypeTotal(
          dtype,
          tensors + 1,
          Math.addExact(elements, tensor.shape().elements()),
          Math.addExact(lengthBytes, tensor.lengthBytes()));
    }
  }

  /**
   * {@return the description of a folder or file; reads headers and the config only}
   *
   * @param path a model folder or a safetensors file
   * @throws CorruptFileException if its config is not JSON
   * @throws IOException if the disk fails
   */
  public static FolderDescription of(Path path) throws IOException {
    try (ModelFolder folder = ModelFolder.openReadable(path)) {
      List<FileDescription> files = new ArrayList<>();
      for (String name : folder.files()) {
        Header header = folder.header(name);
        files.add(
            new FileDescription(
                name, header.fileLengthBytes(), header.tensors().size(), header.metadata()));
      }
      Map<DType, DTypeTotal> totals = new EnumMap<>(DType.class);
      Set<String> names = new LinkedHashSet<>();
      for (FolderTensor tensor : folder.tensors()) {
        DType dtype = tensor.dtype();
        totals.put(dtype, totals.getOrDefault(dtype, new DTypeTotal(dtype, 0, 0, 0)).plus(tensor));
        names.add(tensor.name());
      }
      Optional<ModelConfig> config =
          Files.isDirectory(path) ? ModelConfig.find(path) : Optional.empty();
      return new FolderDescription(
          path,
          List.copyOf(files),
          List.copyOf(folder.tensors()),
          List.copyOf(totals.values()),
          TiedNames.of(config, names),
          List.copyOf(folder.findings()));
    }
  }

  /** {@return how many elements all tensors have together} */
  public long elements() {
    return totals.stream().mapToLong(DTypeTotal::elements).sum();
  }

  /** {@return how long the data of all tensors is together} */
  public long lengthBytes() {
    return totals.stream().mapToLong(DTypeTotal::lengthBytes).sum();
  }

  /** {@return the description as a JSON tree, for {@link dev.cairn.json.Json#pretty}} */
  public Map<String, Object> toTree() {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("path", path.toString());
    tree.put("bytes", lengthBytes());
    tree.put("elements", elements());
    tree.put("files", files.stream().map(FolderDescription::tree).toList());
    tree.put("dtypes", totals.stream().map(FolderDescription::tree).toList());
    tree.put("tied", tied.stream().map(FolderDescription::tree).toList());
    tree.put("findings", findings.stream().map(Finding::toString).toList());
    tree.put("tensors", tensors.stream().map(FolderDescription::tree).toList());
    return tree;
  }

  private static Map<String, Object> tree(FileDescription file) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("name", file.name());
    tree.put("bytes", file.lengthBytes());
    tree.put("tensors", file.tensors());
    tree.put("metadata", file.metadata());
    return tree;
  }

  private static Map<String, Object> tree(DTypeTotal total) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("dtype", total.dtype().name());
    tree.put("tensors", total.tensors());
    tree.put("elements", total.elements());
    tree.put("bytes", total.lengthBytes());
    return tree;
  }

  private static Map<String, Object> tree(TiedNames tied) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("alias", tied.alias());
    tree.put("canonical", tied.canonical());
    tree.put("alias_is_stored", tied.aliasIsStored());
    return tree;
  }

  private static Map<String, Object> tree(FolderTensor tensor) {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("name", tensor.name());
    tree.put("dtype", tensor.dtype().name());
    tree.put("shape", Arrays.stream(tensor.shape().toArray()).boxed().toList());
    tree.put("bytes", tensor.lengthBytes());
    tree.put("file", tensor.file());
    return tree;
  }
}
