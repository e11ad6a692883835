package dev.cairn.save;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may write, for every combination of hosts and file systems that ranks may tell of. */
class FolderVisibilityTest {
  private static FolderVisibility seen(String host, String fileSystem) {
    return new FolderVisibility(true, host, fileSystem);
  }

  private static Optional<String> severalHosts(int rank, String fileSystem) {
    return Optional.of(
        "ranks run on several hosts, and on rank %d the file system (%s) is not known to be coherent"
            .formatted(rank, fileSystem));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4", "xfs", "nfs4", "tmpfs", "lustre", ""})
  void ranksOfOneHostAllWriteWhateverTheFileSystem(String fileSystem) {
    FolderVisibility view = seen("a", fileSystem);
    assertEquals(Optional.empty(), FolderVisibility.obstacle(List.of(view, view, view)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"lustre", "gpfs", "ceph", "fuse.ceph", "fuse.ceph-fuse"})
  void ranksOfSeveralHostsAllWriteOnACoherentFileSystem(String fileSystem) {
    List<FolderVisibility> views = List.of(seen("a", fileSystem), seen("b", fileSystem));
    assertEquals(Optional.empty(), FolderVisibility.obstacle(views));
  }

  @ParameterizedTest
  @ValueSource(strings = {"nfs", "nfs4", "ext4", "fuse.sshfs", "9p", "cephalopod", ""})
  void ranksOfSeveralHostsDoNotOnAnyOther(String fileSystem) {
    List<FolderVisibility> views = List.of(seen("a", fileSystem), seen("b", fileSystem));
    assertEquals(severalHosts(0, fileSystem), FolderVisibility.obstacle(views));
  }

  @Test
  void oneRankOnAnotherFileSystemIsNamed() {
    List<FolderVisibility> views =
        List.of(seen("a", "lustre"), seen("b", "gpfs"), seen("c", "nfs4"));
    assertEquals(severalHosts(2, "nfs4"), FolderVisibility.obstacle(views));
    // One host, but not one mount: what the path leads to may differ.
    views = List.of(seen("a", "lustre"), seen("a", "ext4"));
    assertEquals(severalHosts(1, "ext4"), FolderVisibility.obstacle(views));
  }

  @Test
  void hostsThatNobodyKnowsCountAsSeveral() {
    FolderVisibility unknown = seen("", "ext4");
    assertEquals(severalHosts(0, "ext4"), FolderVisibility.obstacle(List.of(unknown, unknown)));
    unknown = seen("", "gpfs");
    assertEquals(Optional.empty(), FolderVisibility.obstacle(List.of(unknown, unknown)));
  }

  @Test
  void firstRankThatDoesNotSeeTheFolderIsNamedEvenOnACoherentFileSystem() {
    FolderVisibility seen = seen("a", "lustre");
    List<FolderVisibility> views =
        List.of(seen, seen, FolderVisibility.UNSEEN, FolderVisibility.UNSEEN);
    assertEquals(Optional.of("rank 2 does not see its folder"), FolderVisibility.obstacle(views));
    assertEquals(2, FolderVisibility.unseeing(views));
    assertEquals(-1, FolderVisibility.unseeing(List.of(seen, seen)));
  }

  @ParameterizedTest
  @CsvSource({"a;a;a, 3", "a;b;a, 2", "-;-;a, 1", "-;a;a, 2", "-, 1"})
  void ranksOfTheFullestHostAreCounted(String hosts, int expected) {
    List<FolderVisibility> views =
        List.of(hosts.split(";")).stream().map(host -> seen(host.replace("-", ""), "")).toList();
    assertEquals(expected, FolderVisibility.mostRanksOnOneHost(views));
  }

  @Test
  void viewIsTheSameAfterItsJourney() throws IOException {
    for (FolderVisibility view :
        List.of(FolderVisibility.UNSEEN, seen("a b", "ext4"), seen("", ""))) {
      assertEquals(view, FolderVisibility.decode(view.encode()));
    }
  }
}
