package dev.cairn.plan;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/** Short values by which ranks find out whether they mean the same save. */
public final class Fingerprint {
  private Fingerprint() {}

  /**
   * {@return 32 bytes that are equal for equal options and equal lists of tensors}
   *
   * @param options any text; whatever changes the bytes of the files must be in it
   * @param tensors in plan order
   */
  public static byte[] of(String options, List<PlannedTensor> tensors) {
    MessageDigest digest = sha256();
    add(digest, options);
    for (PlannedTensor tensor : tensors) {
      add(digest, tensor.describe());
    }
    return digest.digest();
  }

  private static void add(MessageDigest digest, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(utf8.length).array());
    digest.update(utf8);
  }

  /**
   * {@return eight bytes for each tensor, to find the first one that differs}
   *
   * @param tensors in plan order
   */
  public static byte[] each(List<PlannedTensor> tensors) {
    ByteBuffer all = ByteBuffer.allocate(Math.multiplyExact(Long.BYTES, tensors.size()));
    for (PlannedTensor tensor : tensors) {
      byte[] digest = sha256().digest(tensor.describe().getBytes(StandardCharsets.UTF_8));
      all.put(digest, 0, Long.BYTES);
    }
    return all.array();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("this Java has no SHA-256", e);
    }
  }
}
