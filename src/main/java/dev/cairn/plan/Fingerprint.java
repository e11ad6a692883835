package dev.cairn.plan;

import dev.cairn.layout.Layout;
import dev.cairn.layout.Slice;
import dev.cairn.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/** Short values by which ranks find out whether they mean the same save. */
public final class Fingerprint {
  private Fingerprint() {}

  /**
   * Returns bytes that are equal for equal options and equal lists of tensors.
   *
   * <p>Two checksums of everything, 64 bits together, against mistakes and not against attacks: the
   * JVM has them in machine code from its start. A SHA-256 of 100 000 tensors takes 0.2 s in a JVM
   * that has not compiled it yet, as long as all the rest of planning.
   *
   * @param options any text; whatever changes the bytes of the files must be in it
   * @param tensors in the plan's order
   * @return what ranks compare
   */
  public static byte[] of(String options, List<PlannedTensor> tensors) {
    Checksums checksums = new Checksums();
    checksums.add(options);
    for (PlannedTensor tensor : tensors) {
      checksums.add(tensor.info().name());
      add(tensor.info().shape(), checksums);
      checksums.add(tensor.held().name());
      checksums.add(tensor.info().dtype().name());
      add(tensor.layout(), checksums);
    }
    return checksums.value();
  }

  private static void add(Shape shape, Checksums checksums) {
    checksums.add(shape.dimensions());
    for (int index = 0; index < shape.dimensions(); index++) {
      checksums.add(shape.dimension(index));
    }
  }

  /**
   * Adds the slices of a composed layout as numbers: as a text they would take most of the time.
   */
  private static void add(Layout layout, Checksums checksums) {
    List<Slice> slices = layout.slices();
    checksums.add(slices.size());
    if (slices.isEmpty()) {
      checksums.add(layout.describe());
    }
    for (Slice slice : slices) {
      add(slice.layout(), checksums);
      add(slice.shape(), checksums);
      checksums.add(slice.elements().begin());
      checksums.add(slice.elements().end());
    }
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
