package dev.cairn.restore;

import dev.cairn.io.Disk;
import dev.cairn.machine.HostName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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

  /**
   * {@return what a rank tells the others of a checkpoint: nothing if it is there, otherwise the
   * name of its host}
   *
   * @param folder of the checkpoint
   */
  static byte[] sight(Disk disk, Path folder) throws IOException {
    return disk.exists(folder) ? new byte[0] : HostName.get().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * Says which hosts lack a checkpoint that others have.
   *
   * @param sights what {@link #sight} is on each rank, in rank order
   * @param folder that all of them took for the checkpoint
   * @return what is wrong, the same on every rank; nothing if all have it, or none
   */
  static Optional<String> absence(List<byte[]> sights, Path folder) {
    Map<String, List<Integer>> ranksByHost = new LinkedHashMap<>();
    for (int rank = 0; rank < sights.size(); rank++) {
      if (sights.get(rank).length > 0) {
        String host = new String(sights.get(rank), StandardCharsets.UTF_8);
        ranksByHost.computeIfAbsent(host, key -> new ArrayList<>()).add(rank);
      }
    }
    int lacking = ranksByHost.values().stream().mapToInt(List::size).sum();
    if (lacking == 0 || lacking == sights.size()) {
      return Optional.empty();
    }
    String hosts =
        ranksByHost.entrySet().stream()
            .limit(MOST_NAMED)
            .map(each -> each.getKey() + " (" + names(each.getValue()) + ")")
            .collect(Collectors.joining(", "));
    int more = ranksByHost.size() - MOST_NAMED;
    return Optional.of(
        ("checkpoint is not on every host: folder=%s, missing on %s%s; keep the run's directory on a"
                + " file system that all hosts share, or copy the folder to the same path on each,"
                + " or let rank 0 read for all: RunOptions.withShared(false)")
            .formatted(folder, hosts, more > 0 ? " and " + more + " more hosts" : ""));
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
