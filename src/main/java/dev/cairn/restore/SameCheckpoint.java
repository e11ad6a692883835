package dev.cairn.restore;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Makes sure that all ranks read the same checkpoint: each host may have another one under the same
 * path. Manifests are compared, as they have the checksum of every tensor and file.
 */
final class SameCheckpoint {
  private static final int MOST_NAMED = 8;

  private SameCheckpoint() {}

  /**
   * Compares what the ranks have read.
   *
   * @param checksums of each rank's manifest, in rank order
   * @param folder that all of them took for the checkpoint
   * @return what is wrong, the same on every rank, if they differ
   */
  static Optional<String> difference(List<byte[]> checksums, Path folder) {
    Map<String, List<Integer>> ranksByChecksum = new LinkedHashMap<>();
    for (int rank = 0; rank < checksums.size(); rank++) {
      String checksum = HexFormat.of().formatHex(checksums.get(rank));
      ranksByChecksum.computeIfAbsent(checksum, key -> new ArrayList<>()).add(rank);
    }
    if (ranksByChecksum.size() == 1) {
      return Optional.empty();
    }
    String who =
        ranksByChecksum.entrySet().stream()
            .map(each -> each.getKey() + " on " + names(each.getValue()))
            .collect(Collectors.joining(", "));
    String reason =
        ("ranks see different checkpoints: folder=%s, manifest crc32c=%s;"
                + " give all of them the same folder or the same copy")
            .formatted(folder, who);
    return Optional.of(reason);
  }

  private static String names(List<Integer> ranks) {
    if (ranks.size() == 1) {
      return "rank " + ranks.get(0);
    }
    int named = ranks.size() > MOST_NAMED ? MOST_NAMED : ranks.size() - 1;
    String first =
        ranks.subList(0, named).stream().map(String::valueOf).collect(Collectors.joining(", "));
    int left = ranks.size() - named;
    return "ranks " + first + " and " + (left == 1 ? ranks.get(named) : left + " more");
  }
}
