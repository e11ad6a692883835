package dev.cairn.benchmarks.models;

import dev.cairn.layout.ElementRange;
import dev.cairn.layout.Layout;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.TensorEntry;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What the bound of a restore reads, listed in a file as {@code raw read} takes it. */
public final class ReadPieces {
  private ReadPieces() {}

  private static String line(int rank, long fileOffset, long lengthBytes, long memoryOffset) {
    return "%d %d %d %d".formatted(rank, fileOffset, lengthBytes, memoryOffset);
  }

  /** Writes the ranks' partitions, from where they lie in the file to where ranks have them. */
  public static void writePartitions(
      Path list, Map<String, Shape> shapes, Header header, int worldSize) throws IOException {
    List<String> lines = new ArrayList<>();
    for (int rank = 0; rank < worldSize; rank++) {
      Map<String, Long> offsets = HeldModels.offsets(shapes, DType.BF16, rank, worldSize);
      for (TensorEntry tensor : header.tensors()) {
        long first = header.dataOffset() + tensor.beginByte();
        for (ElementRange range : Layout.zero3().ranges(tensor.shape(), rank, worldSize)) {
          lines.add(
              line(
                  rank,
                  first + DType.BF16.bytes(range.begin()),
                  DType.BF16.bytes(range.elements()),
                  offsets.get(tensor.name())));
        }
      }
    }
    Files.write(list, lines);
  }

  /** Writes as many bytes, from the file's start on, in one piece for each process. */
  public static void writeShares(Path list, long lengthBytes, int processes) throws IOException {
    List<String> lines = new ArrayList<>();
    long share = lengthBytes / processes;
    for (int process = 0; process < processes; process++) {
      lines.add(line(process, process * share, share, 0));
    }
    Files.write(list, lines);
  }
}
