package dev.cairn.faults;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.options.SaveMode;
import dev.cairn.support.Mounts;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Saves, kills and restores on every file system that can be mounted here: with -Pfull. */
@Tag("faults")
@Tag("mount")
@Tag("processes")
@Timeout(300)
class FileSystemsTest {
  @TempDir Path temporary;

  @BeforeEach
  void onlyIfAsked() {
    assumeTrue(Boolean.getBoolean("cairn.hosts.all"), "file systems: only with -Pfull");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "vfat", "exfat", "tmpfs", "ramfs",
        "overlay", "bindfs"
      })
  void nothingThatWasCommittedIsLostAndNothingElseIsLeft(String type) throws Exception {
    try (Mounts mounts = new Mounts()) {
      Path disk = mounts.empty(type, temporary);
      Path meet = Files.createDirectory(temporary.resolve("meet"));
      SavedRun.killTwice(disk.resolve("gathered"), meet, 2, SaveMode.GATHER, false);
      SavedRun.killTwice(disk.resolve("background"), meet, 2, SaveMode.AUTO, true);
    }
  }
}
