package dev.cairn.torch;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.hf.FolderCheck;
import dev.cairn.kernels.Kernels;
import dev.cairn.support.PythonScript;
import dev.cairn.support.ReferenceModel;
import dev.cairn.support.SavingRank;
import dev.cairn.support.TorchLauncher;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** torchrun starts a Python process for each rank, each of these a JVM, and they save together. */
@Tag("python")
@Tag("processes")
@Timeout(180)
class TorchrunSaveTest {
  private static final int RANKS = 3;

  @TempDir private Path directory;

  @BeforeAll
  static void needsTorch() throws Exception {
    TorchLauncher.assumeThere("TorchrunSaveTest");
  }

  @Test
  void ranksOfTorchrunSaveAFolderThatVerifies() throws Exception {
    Path target = directory.resolve("model");
    String said = torchrun(target.toString());
    for (int rank = 0; rank < RANKS; rank++) {
      assertTrue(said.contains("\nSAVED " + rank + " PARALLEL\n"), said);
    }
    Map<String, byte[]> expected =
        ReferenceModel.various(RANKS)
            .expectedFiles(Optional.of(SavingRank.SAVED), SavingRank.MAX_SHARD_BYTES);
    assertTrue(expected.size() > 1, () -> "shards=" + new TreeSet<>(expected.keySet()));
    for (Map.Entry<String, byte[]> file : expected.entrySet()) {
      assertArrayEquals(
          file.getValue(), Files.readAllBytes(target.resolve(file.getKey())), file.getKey());
    }
    Kernels kernels = Kernels.best();
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 16);
    assertEquals(List.of(), FolderCheck.check(target, kernels::crc32c, buffer, bytes -> {}));
  }

  /** Returns everything that the launcher and the ranks printed. */
  private String torchrun(String argument) throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of(PythonScript.python(), "-m", "torch.distributed.run"));
    command.addAll(List.of("--standalone", "--nproc-per-node=" + RANKS));
    command.add("src/test/python/launch_rank.py");
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-Xmx128m"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(SavingRank.class.getName(), argument));
    Path output = directory.resolve("output");
    Process torchrun =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertTrue(torchrun.waitFor(150, TimeUnit.SECONDS), "torchrun ends");
    } finally {
      torchrun.destroyForcibly();
    }
    String said = Files.readString(output, StandardCharsets.UTF_8);
    assertEquals(0, torchrun.exitValue(), said);
    return said;
  }
}
