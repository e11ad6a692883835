package dev.cairn.safetensors;

import dev.cairn.json.CodePointOrder;
import dev.cairn.json.PrettyJson;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;

/**
 * What a save wrote: {@code cairn.json}, with the length and CRC32C of every tensor and file of the
 * folder except itself and {@code COMPLETED}. Immutable.
 *
 * @param created when, as the caller spells it
 * @param mode how: {@code gather} or {@code parallel}
 * @param worldSize how many ranks saved
 * @param step the training step, if the caller gave one
 * @param tensors every tensor, sorted by file and place
 * @param files every file, sorted by name
 */
public record Manifest(
    String created,
    String mode,
    int worldSize,
    OptionalLong step,
    List<TensorRecord> tensors,
    List<FileRecord> files) {
  /** The manifest's own name. */
  public static final String FILE_NAME = "cairn.json";

  /** The name of the file that says the folder is complete. */
  public static final String COMPLETED_FILE_NAME = "COMPLETED";

  /** The version of the format that {@link #encode} writes and {@link #parse} reads. */
  public static final long FORMAT_VERSION = 1;

  /**
   * A tensor and its checksum.
   *
   * @param name the name in the file's header
   * @param file the file, relative to the folder
   * @param dtype the element type
   * @param shape the dimensions
   * @param beginByte the first byte, counted from the data start of its file
   * @param endByte the byte after the last
   * @param crc32c of the tensor's bytes
   */
  public record TensorRecord(
      String name,
      String file,
      DType dtype,
      Shape shape,
      long beginByte,
      long endByte,
      int crc32c) {
    /**
     * {@return the record of an entry of {@code file}}
     *
     * @param entry of the file's header
     * @param file the file, relative to the folder
     * @param crc32c the checksum
     */
    public static TensorRecord of(TensorEntry entry, String file, int crc32c) {
      return new TensorRecord(
          entry.name(),
          file,
          entry.dtype(),
          entry.shape(),
          entry.beginByte(),
          entry.endByte(),
          crc32c);
    }

    /** {@return the entry that the file's header has to hold} */
    public TensorEntry entry() {
      return new TensorEntry(name, dtype, shape, beginByte, endByte);
    }
  }

  /**
   * A file and its checksum.
   *
   * @param name relative to the folder, with {@code /}
   * @param lengthBytes its length
   * @param crc32c of the whole file
   */
  public record FileRecord(String name, long lengthBytes, int crc32c) {}

  /**
   * Sorts both lists, so that equal saves make equal bytes.
   *
   * @param created when, as the caller spells it
   * @param mode how: {@code gather} or {@code parallel}
   * @param worldSize how many ranks saved
   * @param step the training step, if there is one
   * @param tensors every tensor, in any order
   * @param files every file, in any order
   */
  public Manifest {
    tensors =
        tensors.stream()
            .sorted(
                Comparator.comparing(TensorRecord::file, CodePointOrder.INSTANCE)
                    .thenComparingLong(TensorRecord::beginByte)
                    .thenComparingLong(TensorRecord::endByte)
                    .thenComparing(TensorRecord::name, CodePointOrder.INSTANCE))
            .toList();
    files =
        files.stream()
            .sorted(Comparator.comparing(FileRecord::name, CodePointOrder.INSTANCE))
            .toList();
  }

  /** {@return the file's bytes: JSON, indented by 2, in a fixed order} */
  public byte[] encode() {
    return PrettyJson.document(new ManifestWriter(this)::write);
  }

  /**
   * {@return what {@code COMPLETED} says: the checksum of the manifest, which has everybody else's}
   *
   * @param manifestCrc32c the checksum of {@code cairn.json}
   */
  public static String completedText(int manifestCrc32c) {
    return FILE_NAME + " crc32c=" + crc(manifestCrc32c) + "\n";
  }

  /**
   * {@return a checksum as manifests and messages spell it: 8 lowercase hex digits}
   *
   * @param crc32c the checksum
   */
  public static String crc(int crc32c) {
    return HexFormat.of().toHexDigits(crc32c);
  }

  /**
   * {@return the manifest that a file holds} Unknown fields are ignored.
   *
   * @param bytes the whole file
   * @param where the file, for messages
   * @throws CorruptFileException if anything is missing, twice, of the wrong kind or contradictory
   */
  public static Manifest parse(byte[] bytes, String where) throws CorruptFileException {
    return ManifestReader.read(bytes, where);
  }
}
