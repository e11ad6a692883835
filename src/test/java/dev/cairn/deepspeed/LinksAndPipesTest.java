package dev.cairn.deepspeed;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What lies in a folder without being a file of it. */
class LinksAndPipesTest extends Refusals {
  @Test
  void linkOfAFileOutOfTheFolder() throws IOException {
    Path checkpoint = checkpoint();
    Path file = save(checkpoint).resolve(OPTIMIZER_1);
    Path outside = temporary.resolve("outside.pt");
    Files.move(file, outside);
    Files.createSymbolicLink(file, outside);
    assertRefused(checkpoint, "symbolic link leads out of the checkpoint folder", OPTIMIZER_1);
  }

  @Test
  void linkOfTheSaveOutOfTheFolder() throws IOException {
    Path checkpoint = checkpoint();
    Path outside = temporary.resolve("outside");
    Files.move(save(checkpoint), outside);
    Files.createSymbolicLink(save(checkpoint), outside);
    assertRefused(checkpoint, "symbolic link leads out of the checkpoint folder");
  }

  @Test
  void linkOfLatestOutOfTheFolder() throws IOException {
    Path checkpoint = checkpoint();
    Path outside = temporary.resolve("outside");
    Files.move(checkpoint.resolve("latest"), outside);
    Files.createSymbolicLink(checkpoint.resolve("latest"), outside);
    assertRefused(checkpoint, "symbolic link leads out of the checkpoint folder");
  }

  @Test
  void linksInsideTheFolderAreFine() throws IOException {
    Path checkpoint = checkpoint();
    Files.createSymbolicLink(checkpoint.resolve("best"), Path.of("global_step3"));
    Files.createSymbolicLink(temporary.resolve("link"), checkpoint);
    assertEquals("best", DeepSpeedCheckpoint.open(temporary.resolve("link"), "best").tag());
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
    assertRefused(checkpoint, "not a regular file", MODEL_1);
  }
}
