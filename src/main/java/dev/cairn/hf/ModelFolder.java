package dev.cairn.hf;

import dev.cairn.io.Disk;
import dev.cairn.io.SafetensorsFile;
import dev.cairn.machine.CloseAll;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.ShardIndex;
import dev.cairn.safetensors.TensorEntry;
import dev.cairn.tensor.CorruptFileException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An open model: one safetensors file, or the files that a folder's index names. Headers are read
 * and checked at once, data only when asked for.
 *
 * <p>Reads may run in any number of threads at once.
 */
public final class ModelFolder implements Closeable {
  private final FolderForm form;
  private final Map<String, SafetensorsFile> files = new LinkedHashMap<>();
  private final List<FolderTensor> tensors = new ArrayList<>();
  private List<Finding> findings = new ArrayList<>();
  private final Map<String, FolderTensor> byName = new HashMap<>();

  private ModelFolder(FolderForm form) {
    this.form = form;
  }

  /**
   * Opens a safetensors file, or a folder with {@code model.safetensors}, {@code
   * adapter_model.safetensors} or an index and its shards.
   *
   * @param path a folder or file
   * @return the open model
   * @throws CorruptFileException if a file is damaged or missing, the index and the files disagree
   *     in what loaders mind, or there are both a single file and an index of others
   * @throws IOException if the disk fails
   */
  public static ModelFolder open(Path path) throws IOException {
    ModelFolder folder = openReadable(path);
    return folder.refusing(Finding.errors(folder.findings), path);
  }

  private ModelFolder refusing(List<Finding> errors, Path path) throws CorruptFileException {
    if (errors.isEmpty()) {
      return this;
    }
    int more = errors.size() - 1;
    CorruptFileException e =
        new CorruptFileException(
            errors.get(0) + ", folder=" + path + (more == 0 ? "" : " (and " + more + " more)"));
    CloseAll.of(this).closeAfter(e);
    throw e;
  }

  /**
   * Opens whatever of a folder or file can be read.
   *
   * @param path a folder or file
   * @return the open model; {@link #findings} says what is wrong with it
   * @throws CorruptFileException if nothing can be
   * @throws IOException if the disk fails
   */
  static ModelFolder openReadable(Path path) throws IOException {
    Disk disk = Disk.local();
    FolderForm form = FolderForm.of(disk, path);
    ModelFolder folder = new ModelFolder(form);
    folder.findings.addAll(form.findings());
    try {
      for (String file : form.files()) {
        try {
          folder.add(file, SafetensorsFile.open(form.root().resolve(file)));
        } catch (CorruptFileException e) {
          if (form.files().size() == 1) {
            throw e; // there is nothing else
          }
          folder.findings.add(Finding.of(file, e));
        }
      }
      if (form.index().isPresent()) {
        folder.findings.addAll(
            IndexCheck.compare(
                form.index().get(),
                folder.headers(),
                (tensor, first, second) ->
                    DuplicateTensors.isSame(disk, form.root(), tensor, first, second)));
      }
    } catch (IOException | RuntimeException | Error e) {
      CloseAll.of(folder).closeAfter(e);
      throw e;
    }
    folder.findings = FormFindings.settled(folder.findings, folder, path);
    return folder.files.isEmpty() ? folder.refusing(Finding.errors(folder.findings), path) : folder;
  }

  /** Returns what is wrong, notes included; of a folder that {@link #open} gave, notes alone. */
  List<Finding> findings() {
    return findings;
  }

  private void add(String name, SafetensorsFile file) {
    files.put(name, file);
    for (TensorEntry entry : file.header().tensors()) {
      FolderTensor tensor = new FolderTensor(name, entry);
      if (byName.putIfAbsent(entry.name(), tensor) == null) { // a second is the same, or an error
        tensors.add(tensor);
      }
    }
  }

  private Map<String, Header> headers() {
    Map<String, Header> headers = new LinkedHashMap<>();
    files.forEach((name, file) -> headers.put(name, file.header()));
    return headers;
  }

  /** {@return the folder that the file names are relative to} */
  public Path root() {
    return form.root();
  }

  /** {@return the names of the files, in their order} */
  public List<String> files() {
    return List.copyOf(files.keySet());
  }

  /**
   * {@return the header of one of the {@link #files}}
   *
   * @param file relative to {@link #root}
   * @throws IllegalArgumentException if there is no such file
   */
  public Header header(String file) {
    return require(file).header();
  }

  /** {@return the index; empty for a single file} */
  public Optional<ShardIndex> index() {
    return form.index();
  }

  /** {@return all tensors: file after file, and in the order of their data} */
  public List<FolderTensor> tensors() {
    return Collections.unmodifiableList(tensors);
  }

  /**
   * {@return the tensor with this name}
   *
   * @param name the tensor's name
   */
  public Optional<FolderTensor> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /**
   * Fills the rest of {@code target} with bytes of a tensor; its position moves to its limit.
   *
   * @param name the tensor's name
   * @param byteOffset the first byte to read, counted from the tensor's first
   * @param target direct memory is read into without a copy
   * @throws IllegalArgumentException if there is no such tensor, or it ends before the target is
   *     full
   * @throws CorruptFileException if the file has become shorter
   * @throws IllegalStateException if the folder is closed
   */
  public void read(String name, long byteOffset, ByteBuffer target) throws IOException {
    FolderTensor tensor = byName.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(
          "no such tensor: tensor=" + name + ", folder=" + form.root());
    }
    require(tensor.file()).read(tensor.entry(), byteOffset, target);
  }

  private SafetensorsFile require(String file) {
    SafetensorsFile open = files.get(file);
    if (open == null) {
      throw new IllegalArgumentException(
          "no such file: file=" + file + ", expected one of " + files());
    }
    return open;
  }

  /**
   * Closes all files; a second call does nothing.
   *
   * @throws IllegalStateException if a read is under way
   */
  @Override
  public void close() throws IOException {
    CloseAll.of(files.values()).closeIo();
  }
}
