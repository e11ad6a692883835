package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may write, for every combination of hosts and file systems that ranks may tell of. */
class FolderViewTest {
  private static FolderView seen(String host, String fileSystem) {
    return new FolderView(true, host, fileSystem);
  }

  private static Optional<String> severalHosts(int rank, String fileSystem) {
    return Optional.of(
        "ranks run on several hosts, and on rank %d the file system (%s) is not known to be coherent"
            .formatted(rank, fileSystem));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ext4", "xfs", "nfs4", "tmpfs", "lustre", ""})
  void ranksOfOneHostAllWriteWhateverTheFileSystem(String fileSystem) {
    FolderView view = seen("a", fileSystem);
    assertEquals(Optional.empty(), FolderView.obstacle(List.of(view, view, view)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"lustre", "gpfs", "ceph", "fuse.ceph", "fuse.ceph-fuse"})
  void ranksOfSeveralHostsAllWriteOnACoherentFileSystem(String fileSystem) {
    List<FolderView> views = List.of(seen("a", fileSystem), seen("b", fileSystem));
    assertEquals(Optional.empty(), FolderView.obstacle(views));
  }

  @ParameterizedTest
  @ValueSource(strings = {"nfs", "nfs4", "ext4", "fuse.sshfs", "9p", "cephalopod", ""})
  void ranksOfSeveralHostsDoNotOnAnyOther(String fileSystem) {
    List<FolderView> views = List.of(seen("a", fileSystem), seen("b", fileSystem));
    assertEquals(severalHosts(0, fileSystem), FolderView.obstacle(views));
  }

  @Test
  void oneRankOnAnotherFileSystemIsNamed() {
    List<FolderView> views = List.of(seen("a", "lustre"), seen("b", "gpfs"), seen("c", "nfs4"));
    assertEquals(severalHosts(2, "nfs4"), FolderView.obstacle(views));
    // One host, but not one mount: what the path leads to may differ.
    views = List.of(seen("a", "lustre"), seen("a", "ext4"));
    assertEquals(severalHosts(1, "ext4"), FolderView.obstacle(views));
  }

  @Test
  void hostsThatNobodyKnowsCountAsSeveral() {
    FolderView unknown = seen("", "ext4");
    assertEquals(severalHosts(0, "ext4"), FolderView.obstacle(List.of(unknown, unknown)));
    unknown = seen("", "gpfs");
    assertEquals(Optional.empty(), FolderView.obstacle(List.of(unknown, unknown)));
  }

  @Test
  void firstRankThatDoesNotSeeTheFolderIsNamedEvenOnACoherentFileSystem() {
    FolderView seen = seen("a", "lustre");
    List<FolderView> views = List.of(seen, seen, FolderView.UNSEEN, FolderView.UNSEEN);
    assertEquals(Optional.of("rank 2 does not see its folder"), FolderView.obstacle(views));
    assertEquals(2, FolderView.unseeing(views));
    assertEquals(-1, FolderView.unseeing(List.of(seen, seen)));
  }

  @ParameterizedTest
  @CsvSource({"a;a;a, 3;3;3", "a;b;a, 2;1;2", "-;-;a, 1;1;1", "-, 1"})
  void ranksOfEachHostAreCounted(String hosts, String expected) {
    List<FolderView> views =
        List.of(hosts.split(";")).stream().map(host -> seen(host.replace("-", ""), "")).toList();
    List<Integer> counts =
        IntStream.range(0, views.size())
            .mapToObj(rank -> FolderView.ranksOnHostOf(rank, views))
            .toList();
    assertEquals(List.of(expected.split(";")), counts.stream().map(String::valueOf).toList());
  }

  @Test
  void viewIsTheSameAfterItsJourney() throws IOException {
    for (FolderView view : List.of(FolderView.UNSEEN, seen("a b", "ext4"), seen("", ""))) {
      assertEquals(view, FolderView.decode(view.encode()));
    }
  }
}
