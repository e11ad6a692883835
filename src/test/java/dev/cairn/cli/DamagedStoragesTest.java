package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.support.ShellRun;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One byte of a weight was flipped: its file's checksum tells, and nothing is written. */
class DamagedStoragesTest {
  private static final int LOCAL_SIGNATURE = 0x04034b50;
  private static final int LOCAL_HEADER_BYTES = 30;
  private static final int DESCRIPTOR_SIGNATURE = 0x08074b50;

  /** A step is a tensor, too. */
  private static final int SMALL_BYTES = 4;

  @TempDir private Path temporary;

  @ParameterizedTest
  @CsvSource({
    "parallel/moe4_ep2_z2_w4_residual, layer_0_expert_1_mp_rank_00_model_states.pt, bf16",
    "parallel/autoep2_tp2_z1_w4_mixtral, layer_0_expert_2_mp_rank_01_model_states.pt, bf16",
    "parallel/tp2_z1_w2_llama, mp_rank_01_model_states.pt, bf16",
    "parallel/tp2_z1_w2_llama, bf16_zero_pp_rank_0_mp_rank_01_optim_states.pt, f32",
    "parallel/tp2_z3_w4_llama, bf16_zero_pp_rank_1_mp_rank_00_optim_states.pt, f32",
    "parallel/pp2_z1_w2_llama_tied, layer_02-model_states.pt, bf16",
    "parallel/z0_fp16_w2_llama, mp_rank_00_model_states.pt, f16",
    "dcp/tp2_fsdp2, __2_0.distcp, keep",
  })
  void isRefusedByName(String fixture, String name, String dtype) throws IOException {
    Path checkpoint = copy(fixture);
    Path save = checkpoint.resolve("global_step3");
    Path file = (Files.exists(save) ? save : checkpoint).resolve(name);
    List<Long> storages = storages(file);
    for (long storage : storages) {
      flip(file, storage);
    }
    CommandRun run = consolidate(checkpoint, dtype);
    assertEquals(1, run.exitCode(), run.err());
    assertTrue(
        run.err().matches(".*(checksum .*differs|replicas of a tensor differ): .*\n"), run.err());
    assertTrue(run.err().contains("/" + name + "; the"), run.err());
    assertTrue(Files.notExists(temporary.resolve("out")));
    for (long storage : storages) {
      flip(file, storage);
    }
    CommandRun again = consolidate(checkpoint, dtype);
    assertEquals(0, again.exitCode(), again.err());
  }

  private CommandRun consolidate(Path checkpoint, String dtype) throws IOException {
    return CommandRun.of(
        "consolidate",
        checkpoint.toString(),
        temporary.resolve("out").toString(),
        "--dtype",
        dtype,
        "--raw-names",
        "--overwrite");
  }

  private Path copy(String fixture) throws IOException {
    Path source = ShellRun.CHECKOUT.resolve("src/test/resources").resolve(fixture);
    Path target = temporary.resolve("in");
    try (Stream<Path> entries = Files.walk(source)) {
      for (Path entry : entries.toList()) {
        Path copy = target.resolve(source.relativize(entry).toString());
        if (Files.isDirectory(entry)) {
          Files.createDirectories(copy);
        } else {
          Files.copy(entry, copy);
        }
      }
    }
    return target;
  }

  /** Returns where the storages begin that are more than a number, of all torch files in one. */
  private static List<Long> storages(Path file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Long> storages = new ArrayList<>();
    for (int at = 0; at + LOCAL_HEADER_BYTES < bytes.limit(); at++) {
      if (bytes.getInt(at) == LOCAL_SIGNATURE) {
        int nameBytes = bytes.getShort(at + 26);
        int extraBytes = bytes.getShort(at + 28);
        int begin = at + LOCAL_HEADER_BYTES + nameBytes + extraBytes;
        String name =
            new String(
                bytes.array(), at + LOCAL_HEADER_BYTES, nameBytes, StandardCharsets.US_ASCII);
        int lengthBytes = Math.max(bytes.getInt(at + 22), descriptor(bytes, begin) - begin);
        if (name.contains("/data/") && lengthBytes > SMALL_BYTES) {
          storages.add((long) begin);
        }
      }
    }
    assertFalse(storages.isEmpty(), file::toString);
    return storages;
  }

  /** Returns where a descriptor comes next, which has the length if the header has not. */
  private static int descriptor(ByteBuffer bytes, int from) {
    for (int at = from; at + 4 <= bytes.limit(); at++) {
      int signature = bytes.getInt(at);
      if (signature == DESCRIPTOR_SIGNATURE || signature == LOCAL_SIGNATURE) {
        return signature == DESCRIPTOR_SIGNATURE ? at : from;
      }
    }
    return from;
  }

  private static void flip(Path file, long fileOffset) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, fileOffset);
      one.put(0, (byte) (one.get(0) ^ 1)).flip();
      channel.write(one, fileOffset);
    }
  }
}
