package dev.cairn.deepspeed;

import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.deepspeed.saved.ModelStates;
import dev.cairn.deepspeed.saved.OptimizerStates;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Real files with a few bytes changed, the same ones on every run: each is read, or refused with a
 * {@link CorruptFileException}; nothing else comes out, and nothing hangs.
 */
class MutationTest {
  private static final Duration LIMIT = Duration.ofSeconds(10);
  private static final int RUNS = 400;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a_z3_w2_llama/global_step3/zero_pp_rank_0_mp_rank_00_model_states.pt",
        "d2_z2_w3_qwen2_tied_rr/global_step3/mp_rank_00_model_states.pt",
        "f_z3_w2_lora/global_step3/bf16_zero_pp_rank_0_mp_rank_00_optim_states.pt",
        "d2_z2_w3_qwen2_tied_rr/global_step3/bf16_zero_pp_rank_2_mp_rank_00_optim_states.pt"
      })
  void changedBytesAreReadOrRefused(String name) throws IOException {
    byte[] original = Files.readAllBytes(Fixtures.folder(name));
    int directory = withoutChecksums(original);
    int pickleEnd = indexOf(original, ".format_version");
    int refused = 0;
    for (int seed = 0; seed < RUNS; seed++) {
      byte[] changed = original.clone();
      Random random = new Random(seed);
      boolean inPickle = seed % 4 != 0;
      int begin = inPickle ? 0 : directory;
      int end = inPickle ? pickleEnd : changed.length;
      for (int i = random.nextInt(4); i >= 0; i--) {
        int at = begin + random.nextInt(end - begin);
        mutate(changed, at, random);
      }
      refused += read(changed, name.contains("model_states"), seed) ? 0 : 1;
    }
    assertTrue(refused > RUNS / 10, "changes were noticed: " + refused);
    assertTrue(refused < RUNS, "some changes do not matter");
  }

  private static void mutate(byte[] bytes, int at, Random random) {
    switch (random.nextInt(4)) {
      case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> bytes[at] = (byte) random.nextInt();
      case 2 -> bytes[at] = (byte) 0xFF;
      default -> {
        int count = Math.min(random.nextInt(32), bytes.length - at);
        int from = random.nextInt(bytes.length - count);
        System.arraycopy(bytes.clone(), from, bytes, at, count);
      }
    }
  }

  private boolean read(byte[] bytes, boolean model, int seed) throws IOException {
    Path file = folder.resolve("changed.pt");
    Files.write(file, bytes);
    return assertTimeout(
        LIMIT,
        () -> {
          try {
            if (model) {
              ModelStates.read(file, true);
            } else {
              OptimizerStates.read(file).worldSize();
            }
            return true;
          } catch (CorruptFileException e) {
            return false;
          }
        },
        "seed " + seed);
  }

  /**
   * Clears the CRC-32s, so that changes reach the pickle machine; returns the directory's start.
   */
  private static int withoutChecksums(byte[] bytes) {
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int directory = file.getInt(bytes.length - 6);
    for (int at = directory; file.getInt(at) == 0x02014b50; ) {
      file.putInt(at + 16, 0);
      at += 46 + file.getShort(at + 28) + file.getShort(at + 30) + file.getShort(at + 32);
    }
    return directory;
  }

  private static int indexOf(byte[] bytes, String text) {
    return new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf(text);
  }
}
