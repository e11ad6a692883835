package dev.cairn.restore;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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
  private static final byte SEEN = 1;
  private static final byte LACKING = 0;

  private SameCheckpoint() {}

  /**
   * {@return what a rank tells the others of a checkpoint that it has read}
   *
   * @param manifestCrc32c checksum of the manifest
   */
  static byte[] seen(int manifestCrc32c) {
    return ByteBuffer.allocate(1 + Integer.BYTES).put(SEEN).putInt(manifestCrc32c).array();
  }

  /** {@return what a rank tells the others of a checkpoint that its host lacks} */
  static byte[] lacking(String host) {
    byte[] name = host.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(1 + name.length).put(LACKING).put(name).array();
  }

  /**
   * Compares what the ranks see.
   *
   * @param sights what {@link #seen} or {@link #lacking} is on each rank, in rank order
   * @param folder that all of them took for the checkpoint
   * @return what is wrong, the same on every rank; nothing if all have the same one
   */
  static Optional<String> fault(List<byte[]> sights, Path folder) {
    Map<String, List<Integer>> ranksByHost = new LinkedHashMap<>();
    Map<String, List<Integer>> ranksByChecksum = new LinkedHashMap<>();
    for (int rank = 0; rank < sights.size(); rank++) {
      byte[] sight = sights.get(rank);
      byte[] said = Arrays.copyOfRange(sight, 1, sight.length);
      if (sight[0] == LACKING) {
        String host = new String(said, StandardCharsets.UTF_8);
        ranksByHost.computeIfAbsent(host, key -> new ArrayList<>()).add(rank);
      } else {
        String checksum = HexFormat.of().formatHex(said);
        ranksByChecksum.computeIfAbsent(checksum, key -> new ArrayList<>()).add(rank);
      }
    }
    if (ranksByChecksum.isEmpty()) {
      return Optional.of("there is no checkpoint any more: folder=" + folder);
    }
    if (!ranksByHost.isEmpty()) {
      return Optional.of(absence(ranksByHost, folder));
    }
    return ranksByChecksum.size() == 1
        ? Optional.empty()
        : Optional.of(difference(ranksByChecksum, folder));
  }

  private static String absence(Map<String, List<Integer>> ranksByHost, Path folder) {
    String hosts =
        ranksByHost.entrySet().stream()
            .limit(MOST_NAMED)
            .map(each -> each.getKey() + " (" + names(each.getValue()) + ")")
            .collect(Collectors.joining(", "));
    int more = ranksByHost.size() - MOST_NAMED;
    return ("checkpoint is not on every host: folder=%s, missing on %s%s; keep the run's directory on a"
            + " file system that all hosts share, or copy the folder to the same path on each,"
            + " or let rank 0 read for all: RunOptions.withShared(false)")
        .formatted(folder, hosts, more > 0 ? " and " + more + " more hosts" : "");
  }

  private static String difference(Map<String, List<Integer>> ranksByChecksum, Path folder) {
    String who =
        ranksByChecksum.entrySet().stream()
            .map(each -> each.getKey() + " on " + names(each.getValue()))
            .collect(Collectors.joining(", "));
    return ("ranks see different checkpoints: folder=%s, manifest crc32c=%s;"
            + " give all of them the same folder or the same copy")
        .formatted(folder, who);
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
