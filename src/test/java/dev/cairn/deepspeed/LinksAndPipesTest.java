package dev.cairn.deepspeed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What lies in a folder without being a file of it. */
class LinksAndPipesTest extends Refusals {
  @Test
  void fileMayBeALinkOutOfTheFolder() throws IOException {
    Path checkpoint = checkpoint();
    Path file = save(checkpoint).resolve(OPTIMIZER_1);
    Path outside = temporary.resolve("outside.pt");
    Files.move(file, outside);
    Files.createSymbolicLink(file, outside);
    assertEquals("global_step3", DeepSpeedCheckpoint.open(checkpoint).tag());
  }

  @Test
  void saveMayBeALinkOutOfTheFolder() throws IOException {
    Path checkpoint = checkpoint();
    Path outside = temporary.resolve("outside");
    Files.move(save(checkpoint), outside);
    Files.createSymbolicLink(save(checkpoint), outside);
    assertEquals("global_step3", DeepSpeedCheckpoint.open(checkpoint).tag());
  }

  @Test
  void latestMayBeALinkOutOfTheFolder() throws IOException {
    Path checkpoint = checkpoint();
    Path outside = temporary.resolve("outside");
    Files.move(checkpoint.resolve("latest"), outside);
    Files.createSymbolicLink(checkpoint.resolve("latest"), outside);
    assertEquals("global_step3", DeepSpeedCheckpoint.open(checkpoint).tag());
  }

  @Test
  void linksInsideTheFolderAreFine() throws IOException {
    Path checkpoint = checkpoint();
    Files.createSymbolicLink(checkpoint.resolve("best"), Path.of("global_step3"));
    Files.createSymbolicLink(temporary.resolve("link"), checkpoint);
    assertEquals("best", DeepSpeedCheckpoint.open(temporary.resolve("link"), "best").tag());
  }

  @ParameterizedTest
  @ValueSource(strings = {"/proc/self/environ", "/dev/zero", "/sys/kernel/uevent_seqnum"})
  void fileThatIsALinkToTheSystems(String target) throws IOException {
    assumeTrue(Files.exists(Path.of(target)), "no " + target);
    for (String name : List.of(OPTIMIZER_1, MODEL_1)) {
      Path checkpoint = Fixtures.copy("a_z3_w2_llama", temporary.resolve(name));
      Files.delete(save(checkpoint).resolve(name));
      Files.createSymbolicLink(save(checkpoint).resolve(name), Path.of(target));
      assertRefused(checkpoint, "a path that leads to " + Path.of(target).toRealPath(), name);
    }
  }

  @Test
  void latestThatIsALinkToTheSystems() throws IOException {
    Path checkpoint = checkpoint();
    Files.delete(checkpoint.resolve("latest"));
    Files.createSymbolicLink(checkpoint.resolve("latest"), Path.of("/dev/zero"));
    assertRefused(checkpoint, "a path that leads to /dev/zero");
  }

  @Test
  void fileThatIsAFolder() throws IOException {
    Path checkpoint = checkpoint();
    Files.delete(save(checkpoint).resolve(MODEL_1));
    Files.createDirectory(save(checkpoint).resolve(MODEL_1));
    assertRefused(checkpoint, "not a regular file", MODEL_1);
  }

  @Test
  void namedPipeIsRefusedRatherThanWaitedFor() throws Exception {
    Path checkpoint = checkpoint();
    Path file = save(checkpoint).resolve(MODEL_1);
    Files.delete(file);
    new ProcessBuilder(List.of("mkfifo", file.toString())).start().waitFor();
    assertRefused(checkpoint, "neither a file nor a folder", MODEL_1);
  }
}
