package dev.cairn.simulation.world;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.io.OutputFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The simulated disk loses at a power cut what has not been forced, and only that. */
class StorageTest {
  private static final Path FOLDER = Path.of("/a");
  private static final Path FILE = FOLDER.resolve("file");

  private final World world = World.simulated(new SplittableRandom(1), 0, true);
  private final SimulatedDisk disk = SimulatedDisk.quiet(world);

  private void write(Path path, int lengthBytes, boolean forced) throws IOException {
    byte[] bytes = new byte[lengthBytes];
    Arrays.fill(bytes, (byte) 7);
    try (OutputFile file = disk.create(path, 0, 0)) {
      file.writeFully(ByteBuffer.wrap(bytes), 0);
      if (forced) {
        file.force();
      }
    }
  }

  private void forceAll() throws IOException {
    disk.forceFolder(FOLDER);
    disk.forceFolder(Path.of("/"));
  }

  @Test
  void forcedFileInForcedFoldersSurvives() throws IOException {
    disk.createFolder(FOLDER);
    write(FILE, 1500, true);
    forceAll();
    world.storage().cutPower(Node.Loss.ALL, new SplittableRandom(1));
    assertEquals(1500, disk.readAll(FILE).length);
  }

  @Test
  void forcedFileIsLostWithAnEntryThatWasNotForced() throws IOException {
    disk.createFolder(FOLDER);
    forceAll();
    write(FILE, 10, true);
    world.storage().cutPower(Node.Loss.ALL, new SplittableRandom(1));
    assertTrue(disk.find(FILE).isEmpty());
  }

  @Test
  void contentThatWasNotForcedIsLostBlockByBlock() throws IOException {
    Set<String> found = new HashSet<>();
    for (int seed = 0; seed < 50; seed++) {
      Path file = FOLDER.resolve("file" + seed);
      if (disk.find(FOLDER).isEmpty()) {
        disk.createFolder(FOLDER);
      }
      write(file, 1024, false);
      forceAll();
      world.storage().cutPower(Node.Loss.ANY, new SplittableRandom(seed));
      byte[] bytes = disk.readAll(file);
      found.add(bytes.length == 0 ? "none" : bytes[0] + " " + bytes[512]);
    }
    assertEquals(Set.of("none", "0 0", "0 7", "7 0", "7 7"), found);
  }

  @Test
  void bytesWhoseForcingFailedAreNotForcedLater() throws IOException {
    disk.createFolder(FOLDER);
    write(FILE, 512, false);
    FileNode node = world.storage().findFile(FILE).orElseThrow();
    node.loseForced();
    node.force();
    forceAll();
    world.storage().cutPower(Node.Loss.ALL, new SplittableRandom(1));
    assertArrayEquals(new byte[512], disk.readAll(FILE));
  }

  @Test
  void exchangeSurvivesAsAWholeOrNotAtAll() throws IOException {
    Set<String> found = new HashSet<>();
    for (int seed = 0; seed < 20; seed++) {
      Path first = Path.of("/first" + seed);
      Path second = Path.of("/second" + seed);
      write(first, 1, true);
      write(second, 2, true);
      disk.forceFolder(Path.of("/"));
      assertTrue(disk.exchange(first, second));
      world.storage().cutPower(Node.Loss.ANY, new SplittableRandom(seed));
      found.add(disk.readAll(first).length + " " + disk.readAll(second).length);
    }
    assertEquals(Set.of("1 2", "2 1"), found);
  }
}
