package dev.cairn.save;

import dev.cairn.checksum.Crc;
import dev.cairn.commit.StagedFolder;
import dev.cairn.copy.ShardFiles;
import dev.cairn.copy.TensorChecksums;
import dev.cairn.hf.FolderFile;
import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.plan.PlannedFile;
import dev.cairn.plan.PlannedTensor;
import dev.cairn.plan.SavePlan;
import dev.cairn.safetensors.Manifest;
import dev.cairn.safetensors.Manifest.FileRecord;
import dev.cairn.safetensors.Manifest.TensorRecord;
import dev.cairn.safetensors.ShardIndex;
import dev.cairn.safetensors.TensorEntry;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Rank 0's folder: made before the copy, committed after it, removed if it comes to nothing. */
final class CheckpointFolder implements AutoCloseable {
  private final Disk disk;
  private final Machine machine;
  private final SaveOptions options;
  private final SavePlan plan;
  private final SaveContents contents;
  private final Optional<TrainerFile> trainerFile;
  private final boolean durable;
  private final List<FileRecord> smallFiles = new ArrayList<>();
  private StagedFolder folder;
  private int[] headerCrcs;

  CheckpointFolder(
      SaveContext tools, SavePlan plan, SaveContents contents, Optional<TrainerFile> trainerFile) {
    this.disk = tools.disk();
    this.machine = tools.machine();
    this.options = tools.options();
    this.plan = plan;
    this.contents = contents;
    this.trainerFile = trainerFile;
    this.durable = options.durability().isForced();
  }

  /** Creates the folder, its shards with their lengths reserved, and all files known by now. */
  Path prepare() throws IOException {
    folder = StagedFolder.create(disk, machine, contents.target(), options.overwrite(), durable);
    try (ShardFiles shards = new ShardFiles(disk, folder.path(), plan, ShardFiles.Way.CACHED)) {
      headerCrcs = shards.create();
    }
    List<PlannedFile> shards = modelShards();
    if (shards.size() > 1) {
      write(ShardIndex.FILE_NAME, index(shards).encode());
    }
    if (trainerFile.isPresent()) {
      write(TrainerFile.FILE_NAME, trainerFile.get().encode());
    }
    for (FolderFile file : contents.files().files(options.dtype().or(this::heldDtype))) {
      try (InputStream content = file.open()) {
        long lengthBytes = file.lengthBytes();
        int crc = folder.write(file.relativePath(), content, lengthBytes, durable);
        smallFiles.add(new FileRecord(file.relativePath(), lengthBytes, crc));
      }
    }
    return folder.path();
  }

  /** Returns the model's files: the state's are not in the index. */
  private List<PlannedFile> modelShards() {
    int modelTensors = contents.model().parameters().size();
    return plan.files().stream().filter(file -> file.tensors()[0] < modelTensors).toList();
  }

  private static ShardIndex index(List<PlannedFile> shards) {
    Map<String, String> weightMap = new LinkedHashMap<>();
    long elements = 0;
    long lengthBytes = 0;
    for (PlannedFile file : shards) {
      for (TensorEntry entry : file.header().tensors()) {
        weightMap.put(entry.name(), file.name());
        elements = Math.addExact(elements, entry.shape().elements());
        lengthBytes = Math.addExact(lengthBytes, entry.endByte() - entry.beginByte());
      }
    }
    return ShardIndex.of(elements, lengthBytes, weightMap);
  }

  private void write(String relativePath, byte[] bytes) throws IOException {
    int crc = folder.write(relativePath, bytes, durable);
    smallFiles.add(new FileRecord(relativePath, bytes.length, crc));
  }

  private List<TensorInfo> modelTensors() {
    return plan.tensors().subList(0, contents.model().parameters().size()).stream()
        .map(PlannedTensor::info)
        .toList();
  }

  /** Returns the floating dtype that most of the model's bytes have: what the config is to say. */
  private Optional<DType> heldDtype() {
    Map<DType, Long> bytesByDtype = new EnumMap<>(DType.class);
    for (TensorInfo tensor : modelTensors()) {
      if (tensor.dtype().isCastable()) {
        bytesByDtype.merge(tensor.dtype(), tensor.lengthBytes(), Long::sum);
      }
    }
    return bytesByDtype.entrySet().stream()
        .max(Map.Entry.comparingByValue())
        .map(Map.Entry::getKey);
  }

  /** Writes the manifest and makes the folder visible. */
  void commit(SaveMode mode, int worldSize, TensorChecksums checksums) throws IOException {
    List<TensorRecord> tensors = new ArrayList<>();
    List<FileRecord> files = new ArrayList<>(smallFiles);
    for (int fileIndex = 0; fileIndex < headerCrcs.length; fileIndex++) {
      PlannedFile file = plan.files().get(fileIndex);
      int crc = headerCrcs[fileIndex];
      for (int index = 0; index < file.tensors().length; index++) {
        TensorEntry entry = file.header().tensors().get(index);
        int tensorCrc = checksums.crc(file.tensors()[index]);
        tensors.add(TensorRecord.of(entry, file.name(), tensorCrc));
        crc = Crc.CRC32C.combine(crc, tensorCrc, entry.endByte() - entry.beginByte());
      }
      files.add(new FileRecord(file.name(), file.lengthBytes(), crc));
    }
    Manifest manifest =
        new Manifest(
            machine.now().toString(),
            mode.name().toLowerCase(Locale.ROOT),
            worldSize,
            contents.step(),
            tensors,
            files);
    int manifestCrc = folder.write(Manifest.FILE_NAME, manifest.encode(), durable);
    folder.publish(Manifest.completedText(manifestCrc), durable);
  }

  @Override
  public void close() throws IOException {
    if (folder != null) {
      folder.close();
    }
  }
}
