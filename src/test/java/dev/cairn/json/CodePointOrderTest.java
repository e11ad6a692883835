package dev.cairn.json;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class CodePointOrderTest {
  @Test
  void charactersBeyondThePlaneComeLast() {
    assertEquals(-1, sign("\uffff", "\ud83d\ude00"));
    assertEquals(1, Integer.signum("\uffff".compareTo("\ud83d\ude00"))); // Java's own order
  }

  @Test
  void prefixesComeFirst() {
    assertEquals(-1, sign("layer.1", "layer.10"));
    assertEquals(0, sign("layer", "layer"));
  }

  @Property
  void orderIsThatOfUtf8Bytes(
      @ForAll @StringLength(max = 4) @CharRange(from = 'a', to = 'c') String head,
      @ForAll @StringLength(max = 4) String leftTail,
      @ForAll @StringLength(max = 4) String rightTail) {
    String left = wellFormed(head + leftTail);
    String right = wellFormed(head + rightTail);
    int bytes = Arrays.compareUnsigned(left.getBytes(UTF_8), right.getBytes(UTF_8));
    assertEquals(Integer.signum(bytes), sign(left, right));
  }

  private static String wellFormed(String text) {
    return new String(text.getBytes(UTF_8), UTF_8);
  }

  private static int sign(String left, String right) {
    return Integer.signum(CodePointOrder.INSTANCE.compare(left, right));
  }
}
