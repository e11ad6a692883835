package dev.cairn.torchfile;

import dev.cairn.input.InputRefusal;
import dev.cairn.input.Printable;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.PickleValue.Dictionary;
import dev.cairn.torchfile.PickleValue.Sequence;
import dev.cairn.torchfile.PickleValue.Storage;
import dev.cairn.torchfile.checksum.StorageTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * A file as torch wrote it before 1.6: five pickles one after the other (a magic number, the
 * protocol, the machine, what was saved, the storages' keys), then each storage with its length
 * before it.
 *
 * @see <a href="https://github.com/pytorch/pytorch/blob/main/torch/serialization.py">torch,
 *     serialization.py, _legacy_save</a>
 */
final class LegacyFile extends TorchFile {
  private static final long PROTOCOL = 1001;
  private static final int LENGTH_BYTES = 8;

  private final Object root;
  private final Map<String, ByteRange> storages;

  private LegacyFile(Region channel, Path file, Object root, Map<String, ByteRange> storages) {
    super(channel, file);
    this.root = root;
    this.storages = storages;
  }

  /** Parses everything but the storages' bytes; does not close the channel if that fails. */
  static LegacyFile open(Region channel, Path file) throws IOException {
    long fileBytes = channel.size();
    ByteInput input =
        new ByteInput(channel, file, "pickles", 0, Math.min(fileBytes, MAX_PICKLE_BYTES));
    Map<String, Storage> described = new HashMap<>();
    PickleReader.readNext(input, described); // the magic number, by which the file was told
    Object protocol = PickleReader.readNext(input, described);
    if (!(protocol instanceof Long number) || number != PROTOCOL) {
      throw new CorruptFileException(
          "protocol of a torch file not supported: expected " + PROTOCOL + ", file=" + file);
    }
    if (!(PickleReader.readNext(input, described) instanceof Dictionary machine)
        || !Boolean.TRUE.equals(machine.get("little_endian"))) {
      throw new CorruptFileException(
          "byte order not supported: expected little_endian=true, file=" + file);
    }
    Object root = PickleReader.readNext(input, described);
    if (!(PickleReader.readNext(input, described) instanceof Sequence keys)) {
      throw new CorruptFileException("keys of the storages are no list: file=" + file);
    }
    return new LegacyFile(
        channel, file, root, locate(channel, file, keys, described, input.position()));
  }

  private static Map<String, ByteRange> locate(
      Region channel, Path file, Sequence keys, Map<String, Storage> described, long begin)
      throws IOException {
    long fileBytes = channel.size();
    Map<String, ByteRange> storages = new HashMap<>();
    long at = begin;
    for (Object key : keys.elements()) {
      Storage storage = key instanceof String ? described.get(key) : null;
      if (storage == null) {
        throw new CorruptFileException("storage that no tensor has: file=" + file);
      }
      if (fileBytes - at < LENGTH_BYTES) {
        throw cut(file, fileBytes, at + LENGTH_BYTES);
      }
      long elements =
          new ByteInput(channel, file, "length of a storage", at, LENGTH_BYTES).readLong();
      at += LENGTH_BYTES;
      if (elements != storage.elements() || elements < 0) {
        throw new CorruptFileException(
            "storage has another length than its tensor says: storage="
                + Printable.of(storage.key())
                + ", elements="
                + elements
                + ", expected "
                + storage.elements()
                + ", file="
                + file);
      }
      long width = width(storage, file);
      if (elements > (fileBytes - at) / width) {
        throw cut(
            file, fileBytes, elements > Long.MAX_VALUE / 16 ? elements : at + elements * width);
      }
      storages.put(storage.key(), new ByteRange(at, elements * width));
      at += elements * width;
    }
    return storages;
  }

  private static long width(Storage storage, Path file) throws CorruptFileException {
    if (TorchTypes.isUntyped(storage.type())) {
      return 1;
    }
    DType dtype = TorchTypes.ofStorage(storage.type());
    if (dtype == null) {
      throw new CorruptFileException(
          "storage class not on Cairn's list: class="
              + Printable.of(storage.type().fullName())
              + ", file="
              + file);
    }
    return dtype.bits() / 8;
  }

  private static CorruptFileException cut(Path file, long fileBytes, long expectedBytes) {
    return InputRefusal.CUT_LEGACY_TORCH.of(
        file, "has", Long.toString(fileBytes), "expected", Long.toString(expectedBytes));
  }

  @Override
  void verify() {} // such files have no checksums

  @Override
  public void addStorages(StorageTable.Builder table) {} // nor here

  @Override
  public Object root() {
    return root;
  }

  @Override
  ByteRange storage(String key) throws CorruptFileException {
    ByteRange range = storages.get(key);
    if (range == null) {
      throw new CorruptFileException(
          "storage is missing: storage=" + Printable.of(key) + ", file=" + file());
    }
    return range;
  }
}
