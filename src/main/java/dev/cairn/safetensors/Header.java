package dev.cairn.safetensors;

import dev.cairn.json.CodePointOrder;
import dev.cairn.tensor.CorruptFileException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The header of a safetensors file: which tensors there are and where their data lies.
 *
 * <p>A file is the header's length (8 bytes, little-endian), the header in JSON, then the tensors'
 * data without a gap. Immutable; any thread.
 *
 * @see <a
 *     href="https://github.com/huggingface/safetensors/blob/main/safetensors/src/tensor.rs">safetensors,
 *     tensor.rs</a>
 */
public final class Header {
  /** The bytes before the JSON, which say how long it is. */
  public static final int LENGTH_BYTES = 8;

  /** The longest JSON that the reference library reads. */
  public static final long MAX_JSON_BYTES = 100_000_000;

  /** The key that holds text about the file and so cannot name a tensor. */
  public static final String METADATA_KEY = "__metadata__";

  /** The metadata that transformers writes and expects. */
  public static final Map<String, String> PYTORCH_METADATA = Map.of("format", "pt");

  private static final Comparator<Numbered> REFERENCE_ORDER = Header::compare;

  private final Map<String, String> metadata;
  private final List<TensorEntry> tensors;
  private final long jsonBytes;
  private final boolean isRead;
  private final int[] givenIndices;

  /** A tensor and its index in the list that a header is made of. */
  private record Numbered(TensorInfo info, int index) {}

  /** A header that was read: whoever wrote it, its JSON has this length. */
  Header(Map<String, String> metadata, List<TensorEntry> tensors, long jsonBytes) {
    this(metadata, tensors, jsonBytes, true, IntStream.range(0, tensors.size()).toArray());
  }

  private Header(
      Map<String, String> metadata,
      List<TensorEntry> tensors,
      long jsonBytes,
      boolean isRead,
      int[] givenIndices) {
    this.metadata = Collections.unmodifiableMap(new LinkedHashMap<>(metadata));
    this.tensors = List.copyOf(tensors);
    this.jsonBytes = jsonBytes;
    this.isRead = isRead;
    this.givenIndices = givenIndices;
  }

  private static int compare(Numbered left, Numbered right) {
    int byDType = left.info().dtype().compareTo(right.info().dtype());
    return byDType != 0
        ? byDType
        : CodePointOrder.INSTANCE.compare(left.info().name(), right.info().name());
  }

  /**
   * {@return the header of a file with these tensors, in the reference library's order: by dtype,
   * then by name}
   *
   * @param metadata text about the file; empty leaves the key out. With more than one entry the
   *     reference library's order is random, here it is the map's
   * @param tensors in any order, each name once
   * @throws IllegalArgumentException if a name comes twice, or the header or file gets too long
   */
  public static Header of(Map<String, String> metadata, List<TensorInfo> tensors) {
    List<Numbered> ordered = new ArrayList<>(tensors.size());
    for (TensorInfo info : tensors) {
      ordered.add(new Numbered(info, ordered.size()));
    }
    ordered.sort(REFERENCE_ORDER);
    checkNames(ordered);
    List<TensorEntry> entries = new ArrayList<>(ordered.size());
    int[] givenIndices = new int[ordered.size()];
    long beginByte = 0;
    for (Numbered numbered : ordered) {
      TensorInfo info = numbered.info();
      long endByte = endOf(info, beginByte);
      givenIndices[entries.size()] = numbered.index();
      entries.add(new TensorEntry(info.name(), info.dtype(), info.shape(), beginByte, endByte));
      beginByte = endByte;
    }
    long jsonBytes = new HeaderWriter(metadata, entries).jsonBytes();
    if (jsonBytes > MAX_JSON_BYTES) {
      throw new IllegalArgumentException(
          "header too long: headerBytes=%d, expected at most %d, tensors=%d; save in more shards"
              .formatted(jsonBytes, MAX_JSON_BYTES, entries.size()));
    }
    return new Header(metadata, entries, jsonBytes, false, givenIndices);
  }

  /** Names are unique; equal ones of one dtype stand side by side. */
  private static void checkNames(List<Numbered> ordered) {
    boolean hasOneDType =
        ordered.isEmpty()
            || ordered.get(0).info().dtype() == ordered.get(ordered.size() - 1).info().dtype();
    Set<String> names = new HashSet<>();
    String previous = "";
    for (Numbered numbered : ordered) {
      String name = numbered.info().name();
      if (hasOneDType ? name.equals(previous) : !names.add(name)) {
        throw new IllegalArgumentException("duplicate tensor name: tensor=" + name);
      }
      previous = name;
    }
  }

  private static long endOf(TensorInfo info, long beginByte) {
    try {
      return Math.addExact(beginByte, info.lengthBytes());
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("file too long: tensor=" + info.name(), e);
    }
  }

  /**
   * {@return the length of the header's JSON}
   *
   * @param first8 the first bytes of the file, 8 or as many as it has
   * @param fileLengthBytes the real length of the file
   * @param where the file, for messages
   * @throws CorruptFileException if the file cannot hold such a header
   */
  public static long parseLength(byte[] first8, long fileLengthBytes, String where)
      throws CorruptFileException {
    return HeaderReader.parseLength(first8, fileLengthBytes, where);
  }

  /**
   * {@return the header that a file starts with, after checking everything that can be checked
   * without its data}
   *
   * @param json the header without its 8 length bytes
   * @param fileLengthBytes the real length of the file
   * @param where the file, for messages
   * @throws CorruptFileException if anything is wrong; the message names the tensor and the file
   */
  public static Header parse(byte[] json, long fileLengthBytes, String where)
      throws CorruptFileException {
    return new HeaderReader(where).read(json, fileLengthBytes);
  }

  /**
   * {@return the bytes that a file with these tensors starts with: the length, the JSON and its
   * padding, as the reference library writes them}
   */
  public byte[] encode() {
    HeaderWriter writer = new HeaderWriter(metadata, tensors);
    return writer.write(isRead ? writer.jsonBytes() : jsonBytes);
  }

  /** {@return the file offset of the first data byte} */
  public long dataOffset() {
    return LENGTH_BYTES + jsonBytes;
  }

  /** {@return the length of the whole file} */
  public long fileLengthBytes() {
    long dataBytes = tensors.isEmpty() ? 0 : tensors.get(tensors.size() - 1).endByte();
    return Math.addExact(dataOffset(), dataBytes);
  }

  /** {@return the tensors in the order of their data} */
  public List<TensorEntry> tensors() {
    return tensors;
  }

  /**
   * {@return for each of {@link #tensors}, its index in the list that the header was made of; its
   * own index in a header that was read}
   */
  public int[] givenIndices() {
    return givenIndices.clone();
  }

  /** {@return the text about the file, in its order; empty if there is none} */
  public Map<String, String> metadata() {
    return metadata;
  }
}
