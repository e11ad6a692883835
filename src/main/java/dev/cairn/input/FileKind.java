package dev.cairn.input;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a file is, by its first bytes. */
public enum FileKind {
  SAFETENSORS(null),
  /** A zip, as torch has written since 1.6. */
  TORCH_ZIP(null),
  /** Pickles and raw storages one after the other, as torch wrote before. */
  TORCH_LEGACY(null),
  LFS_POINTER(InputRefusal.LFS_POINTER),
  XET_POINTER(InputRefusal.XET_POINTER),
  HTML(InputRefusal.HTML),
  JSON(InputRefusal.JSON),
  TEXT(InputRefusal.TEXT),
  GGUF(InputRefusal.GGUF),
  EMPTY(InputRefusal.EMPTY),
  ZEROS(InputRefusal.ZEROS),
  TAR(InputRefusal.OLD_TORCH),
  PICKLE(InputRefusal.PICKLE),
  COMPRESSED(InputRefusal.COMPRESSED),
  HDF5(InputRefusal.HDF5),
  UNKNOWN(InputRefusal.UNKNOWN_FILE);

  /** As many as it takes: a tar says what it is at byte 257. */
  public static final int FIRST_BYTES = 512;

  private static final long MAX_HEADER_BYTES = 100_000_000;
  private static final int TAR_MAGIC_OFFSET = 257;

  /** torch's magic number as a pickled long: 10 bytes, little endian. */
  private static final byte[] TORCH_MAGIC = {
    (byte) 0x8A,
    10,
    0x6C,
    (byte) 0xFC,
    (byte) 0x9C,
    0x46,
    (byte) 0xF9,
    0x20,
    0x6A,
    (byte) 0xA8,
    0x50,
    0x19
  };

  private static final List<String> HTML_STARTS = List.of("<!doctype", "<html", "<head", "<?xml");

  private final InputRefusal refusal;

  FileKind(InputRefusal refusal) {
    this.refusal = refusal;
  }

  /** Returns why no tensors can be read from such a file; empty where they can. */
  public Optional<InputRefusal> refusal() {
    return Optional.ofNullable(refusal);
  }

  /** Returns whether {@code torch.save} writes such files. */
  public boolean isTorch() {
    return this == TORCH_ZIP || this == TORCH_LEGACY;
  }

  /** Looks at a regular file. */
  public static FileKind of(Path file) throws IOException {
    try (InputStream stream = Files.newInputStream(file)) {
      return of(stream.readNBytes(FIRST_BYTES));
    }
  }

  /**
   * Returns what a file is.
   *
   * @param first its first {@link #FIRST_BYTES}, or all of them
   */
  public static FileKind of(byte[] first) {
    if (first.length == 0) {
      return EMPTY;
    }
    if (isSafetensors(first)) {
      return SAFETENSORS;
    }
    if (startsWith(first, "PK\3\4") || startsWith(first, "PK\5\6")) {
      return TORCH_ZIP;
    }
    if (first[0] == (byte) 0x80) {
      return contains(first, TORCH_MAGIC) ? TORCH_LEGACY : PICKLE;
    }
    if (startsWith(first, "GGUF")) {
      return GGUF;
    }
    if (isAt(first, TAR_MAGIC_OFFSET, "ustar")) {
      return TAR;
    }
    if (isAt(first, 1, "HDF\r\n")) {
      return HDF5;
    }
    if (isCompressed(first)) {
      return COMPRESSED;
    }
    return isZeros(first) ? ZEROS : text(first);
  }

  private static boolean isSafetensors(byte[] first) {
    if (first.length < 9 || first[8] != '{') {
      return false;
    }
    long headerBytes = ByteBuffer.wrap(first).order(ByteOrder.LITTLE_ENDIAN).getLong();
    return headerBytes > 0 && headerBytes <= MAX_HEADER_BYTES;
  }

  private static boolean isCompressed(byte[] first) {
    return startsWith(first, "\u001f\u008b")
        || startsWith(first, "BZh")
        || startsWith(first, "(\u00b5/\u00fd")
        || startsWith(first, "\u00fd7zXZ")
        || startsWith(first, "7z\u00bc\u00af");
  }

  private static boolean isZeros(byte[] first) {
    for (byte one : first) {
      if (one != 0) {
        return false;
      }
    }
    return true;
  }

  private static FileKind text(byte[] first) {
    for (byte one : first) {
      if (one >= 0 && one < ' ' && one != '\n' && one != '\r' && one != '\t') {
        return UNKNOWN;
      }
    }
    String text = new String(first, StandardCharsets.UTF_8).replace("\ufeff", "").strip();
    if (text.startsWith("version https://git-lfs.github.com/spec/")) {
      return LFS_POINTER;
    }
    if (text.startsWith("# xet version")) {
      return XET_POINTER;
    }
    if (HTML_STARTS.stream().anyMatch(text.toLowerCase(Locale.ROOT)::startsWith)) {
      return HTML;
    }
    if (text.startsWith("{") || text.startsWith("[")) {
      return JSON;
    }
    return text.chars().filter(one -> one == '\ufffd').count() > 1 ? UNKNOWN : TEXT;
  }

  private static boolean startsWith(byte[] bytes, String latin) {
    return isAt(bytes, 0, latin);
  }

  private static boolean isAt(byte[] bytes, int offset, String latin) {
    byte[] wanted = latin.getBytes(StandardCharsets.ISO_8859_1);
    return bytes.length >= offset + wanted.length
        && ByteBuffer.wrap(bytes, offset, wanted.length).equals(ByteBuffer.wrap(wanted));
  }

  private static boolean contains(byte[] bytes, byte[] wanted) {
    for (int at = 0; at + wanted.length <= Math.min(bytes.length, 32); at++) {
      if (ByteBuffer.wrap(bytes, at, wanted.length).equals(ByteBuffer.wrap(wanted))) {
        return true;
      }
    }
    return false;
  }
}
