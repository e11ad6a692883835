package dev.cairn.dcp;

import dev.cairn.content.BoxesContent;
import dev.cairn.content.Content;
import dev.cairn.content.TensorContent;
import dev.cairn.input.InputRefusal;
import dev.cairn.input.Links;
import dev.cairn.input.Printable;
import dev.cairn.layout.Box;
import dev.cairn.machine.CloseAll;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.StoredTensor;
import dev.cairn.torchfile.TorchFile;
import dev.cairn.torchfile.TorchTensors;
import dev.cairn.torchfile.checksum.StorageTable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A folder that {@code torch.distributed.checkpoint} made, opened: the model's tensors and where
 * their boxes lie. No weight is read, and nothing in the pickles is run. Holds no file open.
 * Immutable; any thread.
 *
 * @param folder with {@code .metadata} and the ranks' files
 * @param files how many files the model's tensors are in
 * @param tensors by name, in the checkpoint's order
 * @param others how many further tensors there are, the optimizer's
 * @param storages by file where the model's storages lie that have checksums
 */
public record DistributedCheckpoint(
    Path folder,
    int files,
    Map<String, Tensor> tensors,
    int others,
    Map<Path, StorageTable> storages) {
  static final String METADATA = ".metadata";

  /**
   * A whole tensor.
   *
   * @param shape of it
   * @param content where its elements lie
   * @param pieces into how many boxes it is cut
   * @param cut along which dimensions
   */
  public record Tensor(Shape shape, Content content, int pieces, List<Integer> cut) {
    static Tensor of(String what, Shape shape, List<BoxesContent.Piece> pieces)
        throws CorruptFileException {
      return new Tensor(
          shape,
          BoxesContent.of(what, shape, pieces),
          pieces.size(),
          BoxesContent.cut(shape, pieces));
    }
  }

  /**
   * Opens a folder with {@code .metadata}, with a metadata file of each rank, or with DCP's
   * safetensors shards.
   *
   * @throws CorruptFileException if files are missing, damaged or hostile, or pieces do not tile
   *     their tensors
   */
  public static DistributedCheckpoint open(Path folder) throws IOException {
    Path metadata = folder.resolve(METADATA);
    if (Files.exists(metadata)) {
      return open(folder, MetadataReader.read(metadata));
    }
    List<Path> ofRanks = RankMetadata.list(folder);
    if (!ofRanks.isEmpty()) {
      return open(folder, RankMetadata.read(ofRanks));
    }
    if (!SafetensorsShards.list(folder).isEmpty()) {
      return SafetensorsShards.open(folder);
    }
    throw InputRefusal.NO_METADATA.of(folder);
  }

  private static DistributedCheckpoint open(Path folder, List<DescribedTensor> all)
      throws IOException {
    List<DescribedTensor> model = ModelSection.of(all, folder);
    try (OpenPieces pieces = new OpenPieces(folder)) {
      Map<String, Tensor> tensors = new LinkedHashMap<>();
      for (DescribedTensor tensor : model) {
        if (tensors.put(tensor.name(), pieces.locate(tensor)) != null) {
          throw new CorruptFileException(
              "tensor is there twice: tensor="
                  + Printable.of(tensor.name())
                  + ", folder="
                  + folder);
        }
      }
      return new DistributedCheckpoint(
          folder, pieces.opened.size(), tensors, all.size() - model.size(), pieces.storages());
    }
  }

  /** Finds the bytes of pieces; keeps the files open that it has looked into. */
  private static final class OpenPieces implements AutoCloseable {
    private final Path folder;
    private final Map<String, OpenFile> opened = new HashMap<>();

    private record OpenFile(Path path, FileChannel channel, StorageTable.Builder storages) {}

    OpenPieces(Path folder) {
      this.folder = folder;
    }

    Tensor locate(DescribedTensor tensor) throws IOException {
      String what = "tensor=" + Printable.of(tensor.name()) + ", file=" + folder.resolve(METADATA);
      List<BoxesContent.Piece> pieces = new ArrayList<>();
      for (StoredPiece piece : tensor.pieces()) {
        pieces.add(
            new BoxesContent.Piece(piece.box(), content(tensor.name(), tensor.dtype(), piece)));
      }
      if (pieces.isEmpty() && tensor.shape().elements() == 0) {
        pieces.add(
            new BoxesContent.Piece(
                Box.whole(tensor.shape()),
                new TensorContent(
                    StoredTensor.contiguous(
                        folder.resolve(METADATA), 0, tensor.dtype(), tensor.shape()))));
      }
      return Tensor.of(what, tensor.shape(), pieces);
    }

    private Content content(String name, DType dtype, StoredPiece piece) throws IOException {
      OpenFile opened = open(piece.file());
      Path file = opened.path();
      try (TorchFile archive =
          TorchFile.openAt(opened.channel(), file, piece.fileOffset(), piece.lengthBytes())) {
        archive.addStorages(opened.storages());
        String what = "tensor " + Printable.of(name);
        StoredTensor stored =
            StoredTensor.locate(archive, new TorchTensors(file).tensor(archive.root(), what), what);
        if (stored.dtype() != dtype || !stored.shape().equals(piece.box().extents())) {
          throw new CorruptFileException(
              "piece of a tensor is another than its metadata says: tensor="
                  + Printable.of(name)
                  + ", dtype="
                  + stored.dtype()
                  + ", shape="
                  + stored.shape()
                  + ", expected "
                  + dtype
                  + " "
                  + piece.box().extents()
                  + ", file="
                  + file
                  + "; files of two saves, or a damaged one");
        }
        return new TensorContent(stored);
      }
    }

    Map<Path, StorageTable> storages() {
      Map<Path, StorageTable> tables = new HashMap<>();
      opened.values().forEach(file -> tables.put(file.path(), file.storages().build()));
      return tables;
    }

    private OpenFile open(String name) throws IOException {
      OpenFile file = opened.get(name);
      if (file == null) {
        Path path = file(name);
        FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
        file = new OpenFile(path, channel, new StorageTable.Builder());
        opened.put(name, file);
      }
      return file;
    }

    private Path file(String name) throws IOException {
      if (!Links.isName(name)) {
        throw new CorruptFileException(
            "file of a tensor leads out of the checkpoint: file="
                + Printable.of(name)
                + ", expected the name of one in "
                + folder);
      }
      Path file = folder.resolve(name);
      if (!Files.exists(file)) {
        throw InputRefusal.MISSING_PIECES.of(folder, "name", name);
      }
      Links.requireFile(file);
      return file;
    }

    @Override
    public void close() throws IOException {
      CloseAll.of(opened.values().stream().map(OpenFile::channel).toList()).closeIo();
    }
  }
}
