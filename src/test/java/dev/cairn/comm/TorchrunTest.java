package dev.cairn.comm;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.support.PythonScript;
import dev.cairn.support.TorchLauncher;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The real launcher starts JVMs, which join its store. */
@Tag("python")
@Tag("processes")
@Timeout(120)
class TorchrunTest {
  @TempDir Path directory;

  @BeforeAll
  static void needsTorch() throws Exception {
    TorchLauncher.assumeThere("TorchrunTest");
  }

  @Test
  void ranksThatTorchrunStartsMeetInItsStore() throws Exception {
    File output = directory.resolve("output").toFile();
    List<String> command =
        List.of(
            PythonScript.python(),
            "-m",
            "torch.distributed.run",
            "--standalone",
            "--nproc-per-node=3",
            "--no-python",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx128m",
            "-cp",
            System.getProperty("java.class.path"),
            RankMain.class.getName(),
            "twice");
    Process torchrun =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output).start();
    try {
      assertEquals(true, torchrun.waitFor(90, TimeUnit.SECONDS), "torchrun ends");
    } finally {
      torchrun.destroyForcibly();
    }
    String said = Files.readString(output.toPath(), StandardCharsets.UTF_8);
    assertEquals(
        3,
        Pattern.compile("^RESULT \\d+ ok met again$", Pattern.MULTILINE)
            .matcher(said)
            .results()
            .count(),
        said);
  }
}
