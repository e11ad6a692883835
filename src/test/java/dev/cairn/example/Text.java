package dev.cairn.example;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.bytedeco.pytorch.Tensor;

/** A text whose tokens are its bytes, as {@code base/tokenizer.json} has them. */
final class Text {
  /** Sequences that all ranks together train on in a step; 1, 2, 3, 4 and 6 ranks share them. */
  private static final int BATCH = 12;

  private static final int LENGTH = 48;

  private final byte[] bytes;

  private Text(byte[] bytes) {
    this.bytes = bytes;
  }

  static Text read(Path file) throws IOException {
    return new Text(Files.readAllBytes(file));
  }

  static Text of(String text) {
    return new Text(text.getBytes(StandardCharsets.UTF_8));
  }

  /**
   * Returns this rank's sequences of a step, [sequences, length + 1]. What a step sees depends on
   * its number alone, so training goes on where it stopped, on any number of ranks.
   */
  Tensor batch(long step, Group group) {
    int count = BATCH / group.size();
    long[] tokens = new long[count * (LENGTH + 1)];
    for (int row = 0; row < count; row++) {
      long sequence = step * BATCH + (long) group.rank() * count + row;
      int begin = new SplittableRandom(sequence).nextInt(bytes.length - LENGTH);
      for (int at = 0; at <= LENGTH; at++) {
        tokens[row * (LENGTH + 1) + at] = bytes[begin + at] & 0xFF;
      }
    }
    return Tensor.create(tokens, count, LENGTH + 1);
  }

  /** Returns the whole text as one sequence, [1, length]. */
  Tensor tokens() {
    long[] tokens = new long[bytes.length];
    for (int at = 0; at < tokens.length; at++) {
      tokens[at] = bytes[at] & 0xFF;
    }
    return Tensor.create(tokens, 1, tokens.length);
  }
}
