package dev.cairn.deepspeed.saved;

import dev.cairn.content.Content;
import dev.cairn.content.FragmentContent;
import dev.cairn.content.PartitionedContent;
import dev.cairn.content.TensorContent;
import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.StoredTensor;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Collects the frozen parameters: rank after rank under ZeRO-3, from rank 0's file otherwise.
 *
 * <p>Keeps per parameter and rank one offset, so that one rank's file is in memory at a time.
 */
final class FrozenContents {
  private final Map<String, Shape> shapes;
  private final boolean partitioned;
  private final Path[] files;
  private final Map<String, long[]> fileOffsets = new LinkedHashMap<>();
  private final Map<String, Content> contents = new LinkedHashMap<>();
  private final Map<String, DType> dtypes = new LinkedHashMap<>();

  /**
   * Creates an empty collection.
   *
   * @param shapes whole shapes of the frozen parameters
   * @param partitioned whether every rank holds a fragment, as under ZeRO-3
   */
  FrozenContents(Map<String, Shape> shapes, boolean partitioned, int worldSize) {
    this.shapes = shapes;
    this.partitioned = partitioned;
    this.files = new Path[worldSize];
  }

  /** Takes what the file of {@code rank} holds. */
  void add(int rank, ModelStates states) throws CorruptFileException {
    files[rank] = states.file();
    for (Map.Entry<String, Shape> entry : shapes.entrySet()) {
      String name = entry.getKey();
      StoredTensor fragment = states.frozenFragments().get(name);
      if (fragment == null) {
        throw new CorruptFileException(
            "frozen parameter has no fragment: parameter="
                + Printable.of(name)
                + ", file="
                + states.file());
      }
      if (partitioned) {
        addFragment(rank, name, entry.getValue(), fragment);
      } else {
        requireElements(name, fragment, entry.getValue().elements());
        contents.put(name, new TensorContent(fragment));
      }
    }
  }

  private void addFragment(int rank, String name, Shape shape, StoredTensor fragment)
      throws CorruptFileException {
    long partition = PartitionedContent.partitionElements(shape.elements(), files.length);
    requireElements(name, fragment, partition);
    if (!fragment.tensor().isContiguous()) {
      throw new CorruptFileException(
          "frozen fragment is not contiguous: parameter="
              + Printable.of(name)
              + ", file="
              + fragment.file());
    }
    DType dtype = dtypes.computeIfAbsent(name, key -> fragment.dtype());
    if (fragment.dtype() != dtype) {
      throw new CorruptFileException(
          "frozen fragments have different dtypes: parameter="
              + Printable.of(name)
              + ", dtype="
              + fragment.dtype()
              + ", expected "
              + dtype
              + ", file="
              + fragment.file());
    }
    fileOffsets.computeIfAbsent(name, key -> new long[files.length])[rank] = fragment.fileOffset();
  }

  private static void requireElements(String name, StoredTensor fragment, long expected)
      throws CorruptFileException {
    if (fragment.elements() != expected) {
      throw new CorruptFileException(
          "frozen fragment has another length: parameter="
              + Printable.of(name)
              + ", elements="
              + fragment.elements()
              + ", expected "
              + expected
              + ", file="
              + fragment.file());
    }
  }

  /** Returns the content of every frozen parameter once all ranks are added. */
  Map<String, Content> contents() {
    for (Map.Entry<String, long[]> entry : fileOffsets.entrySet()) {
      String name = entry.getKey();
      long partition =
          PartitionedContent.partitionElements(shapes.get(name).elements(), files.length);
      contents.put(
          name,
          new FragmentContent(dtypes.get(name), files, entry.getValue(), Math.max(partition, 1)));
    }
    return contents;
  }
}
