package dev.cairn.cli.refusals;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.cli.CommandRun;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.TorchSave;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders that somebody else has laid out: refused in one line, at once, and nothing is copied. */
class InputAttacksTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final long TEBIBYTE = 1L << 40;
  private static final List<String> SYSTEM = List.of("/proc/self/environ", "/dev/zero");

  @TempDir private Path temp;

  private void refused(String expected, String... command) {
    CommandRun run = assertTimeout(LIMIT, () -> CommandRun.of(command));
    assertEquals(1, run.exitCode(), run.err());
    assertTrue(run.err().contains(expected), run.err());
    assertEquals(1, run.err().lines().count(), run.err());
    assertFalse(Files.exists(temp.resolve("out")), "something was written");
  }

  private void consolidateRefused(Path input, String expected) {
    refused(expected, "consolidate", input.toString(), temp.resolve("out").toString());
    refused(expected, "inspect", input.toString());
  }

  /** Makes a file that begins so and is a hole from there on. */
  private Path sparse(String name, byte[] begin) throws IOException {
    Path file = temp.resolve(name);
    Files.createDirectories(file.getParent());
    try (FileChannel channel =
        FileChannel.open(
            file,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(begin));
      channel.write(ByteBuffer.allocate(1), TEBIBYTE);
    }
    return file;
  }

  @Test
  void sparseFilesOfATebibyte() throws IOException {
    consolidateRefused(sparse("zeros.bin", new byte[0]), "a file of zeros: ");
    consolidateRefused(
        sparse("zip.bin", "PK\3\4".getBytes(UTF_8)), "a torch file that is cut short: ");
    byte[] magic = Arrays.copyOf(LegacyBytes.of(1), 15);
    consolidateRefused(sparse("legacy.bin", magic), "pickle opcode not supported");
    Path index =
        sparse("shards/pytorch_model.bin.index.json", "{\"weight_map\": {".getBytes(UTF_8));
    consolidateRefused(index.getParent(), "index too long");
    Path latest = sparse("run/latest", "global_step3".getBytes(UTF_8));
    consolidateRefused(latest.getParent(), "file latest too long");
  }

  @Test
  void legacyFileOfATebibyteIsReadWithoutItsStorages() throws IOException {
    byte[] legacy = LegacyBytes.of(4);
    Path file = sparse("legacy.pt", legacy);
    CommandRun run = assertTimeout(LIMIT, () -> CommandRun.of("inspect", file.toString()));
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(run.out().startsWith("w "), run.out());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "global_step3/mp_rank_00_model_states.pt",
        "global_step3/layer_00-model_states.pt",
        "global_step3/zero/w/fp32.pt",
        "pytorch_model.bin",
        "pytorch_model.bin.index.json",
        "model.pt",
        "latest"
      })
  void linksToTheSystems(String name) throws IOException {
    for (String target : SYSTEM) {
      Path root = temp.resolve(target.substring(1).replace('/', '-'));
      Path link = root.resolve(name);
      Files.createDirectories(link.getParent());
      Files.createSymbolicLink(link, Path.of(target));
      if (name.contains("/")) {
        Files.writeString(root.resolve("latest"), "global_step3");
      }
      CommandRun run =
          assertTimeout(
              LIMIT,
              () -> CommandRun.of("consolidate", root.toString(), temp.resolve("out").toString()));
      assertEquals(1, run.exitCode(), run.err());
      assertEquals(1, run.err().lines().count(), run.err());
      assertFalse(Files.exists(temp.resolve("out")));
      assertFalse(run.err().contains("PATH="), run.err());
    }
  }

  @Test
  void pipesAndSocketsAreNotOpened() throws Exception {
    Path folder = Files.createDirectories(temp.resolve("in"));
    Path pipe = folder.resolve("pytorch_model.bin");
    new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor();
    consolidateRefused(folder, "neither a file nor a folder: path=" + pipe);
    consolidateRefused(pipe, "neither a file nor a folder: path=" + pipe);
    Files.delete(pipe);
    try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.bind(UnixDomainSocketAddress.of(pipe));
      consolidateRefused(folder, "neither a file nor a folder: path=" + pipe);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "../outside.bin, index names a file outside its folder",
    "/etc/passwd, index names a file outside its folder",
    "a/../../outside.bin, index names a file outside its folder",
    "gone.bin, an index of 1 shards without gone.bin"
  })
  void namesThatLeadOut(String shard, String expected) throws IOException {
    TorchSave.save(temp.resolve("outside.bin"), Map.of("w", TorchSave.tensor("0", DType.F32, 4)));
    Path folder = Files.createDirectories(temp.resolve("in"));
    Files.writeString(
        folder.resolve("pytorch_model.bin.index.json"),
        "{\"weight_map\": {\"w\": \"" + shard + "\"}}");
    consolidateRefused(folder, expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "config.json",
        "tokenizer.json",
        "generation_config.json",
        "modeling.py",
        "additional_chat_templates/a.jinja"
      })
  void smallFilesThatLinkOutAreNotPublished(String name) throws IOException {
    Path model =
        TorchSave.save(
            temp.resolve("in/pytorch_model.bin"), Map.of("w", TorchSave.tensor("0", DType.F32, 4)));
    Path folder = model.getParent();
    Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"unknown-here\"}");
    Path secret = Files.writeString(temp.resolve("secret"), "{\"key\": \"secret\"}");
    Path link = folder.resolve(name);
    Files.createDirectories(link.getParent());
    Files.deleteIfExists(link);
    Files.createSymbolicLink(link, secret);
    refused(
        "a link out of its folder, to " + secret.toRealPath() + ": path=" + link,
        "consolidate",
        folder.toString(),
        temp.resolve("out").toString());
  }

  @Test
  void smallFilesOfTheHubsCacheAreCopied() throws IOException {
    Path snapshot = Files.createDirectories(temp.resolve("models--x/snapshots/0123abc"));
    Path blobs = Files.createDirectories(temp.resolve("models--x/blobs"));
    TorchSave.save(blobs.resolve("weights.bin"), Map.of("w", TorchSave.tensor("0", DType.F32, 4)));
    Files.writeString(blobs.resolve("1"), "{\"model_type\": \"unknown-here\"}");
    Files.writeString(blobs.resolve("2"), "{}");
    Path up = Path.of("../../blobs");
    Files.createSymbolicLink(snapshot.resolve("pytorch_model.bin"), up.resolve("weights.bin"));
    Files.createSymbolicLink(snapshot.resolve("config.json"), up.resolve("1"));
    Files.createSymbolicLink(snapshot.resolve("tokenizer.json"), up.resolve("2"));
    CommandRun run =
        CommandRun.of("consolidate", snapshot.toString(), temp.resolve("out").toString());
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(Files.exists(temp.resolve("out/tokenizer.json")));
  }

  @Test
  void folderOfManyNamesIsLookedAtInNoTime() throws IOException {
    Path folder = Files.createDirectories(temp.resolve("in"));
    for (int i = 0; i < 30_000; i++) {
      Files.createFile(folder.resolve("file" + i + ".txt"));
    }
    consolidateRefused(folder, "a folder without a checkpoint that is known here: ");
  }
}
