package dev.cairn.save;

import dev.cairn.ranks.Outcome;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What one rank knows of the folder that rank 0 has made, and the rule that follows from what all
 * of them know.
 *
 * @param isSeen whether the rank finds the folder in its parent
 * @param bootId of the rank's host; empty if it has none
 * @param fileSystem type of the file system that the rank sees the folder on, in small letters
 */
record FolderVisibility(boolean isSeen, String bootId, String fileSystem) {
  static final FolderVisibility UNSEEN = new FolderVisibility(false, "", "");

  /** File systems on which several hosts may write one file, each its own bytes. */
  private static final Set<String> COHERENT =
      Set.of("lustre", "gpfs", "ceph", "fuse.ceph", "fuse.ceph-fuse");

  /** Returns why not all ranks may write into the folder; empty if they may. */
  static Optional<String> obstacle(List<FolderVisibility> views) {
    int unseeing = unseeing(views);
    if (unseeing >= 0) {
      return Optional.of("rank " + unseeing + " does not see its folder");
    }
    FolderVisibility first = views.get(0);
    if (!first.bootId.isEmpty() && views.stream().allMatch(first::equals)) {
      return Optional.empty();
    }
    for (int rank = 0; rank < views.size(); rank++) {
      String fileSystem = views.get(rank).fileSystem;
      if (!COHERENT.contains(fileSystem)) {
        return Optional.of(
            "ranks run on several hosts, and on rank %d the file system (%s) is not known to be coherent"
                .formatted(rank, fileSystem));
      }
    }
    return Optional.empty();
  }

  /** Returns the first rank that does not see the folder, -1 if all do. */
  static int unseeing(List<FolderVisibility> views) {
    for (int rank = 0; rank < views.size(); rank++) {
      if (!views.get(rank).isSeen) {
        return rank;
      }
    }
    return -1;
  }

  /** Returns how many ranks share a host, the most on any; 1 where nobody knows. */
  static int mostRanksOnOneHost(List<FolderVisibility> views) {
    Map<String, Integer> counts = new HashMap<>();
    for (FolderVisibility view : views) {
      if (!view.bootId.isEmpty()) {
        counts.merge(view.bootId, 1, Integer::sum);
      }
    }
    return counts.values().stream().max(Integer::compare).orElse(1);
  }

  byte[] encode() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream data = new DataOutputStream(bytes)) {
      data.writeBoolean(isSeen);
      Outcome.writeText(data, bootId);
      Outcome.writeText(data, fileSystem);
    }
    return bytes.toByteArray();
  }

  static FolderVisibility decode(byte[] message) throws IOException {
    try (DataInputStream data = new DataInputStream(new ByteArrayInputStream(message))) {
      return new FolderVisibility(
          data.readBoolean(), Outcome.readText(data), Outcome.readText(data));
    }
  }
}
