package dev.cairn.gpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.copy.ScarceMachine;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("stress")
@Timeout(20)
class BucketWriterTest {
  private final List<Integer> written = Collections.synchronizedList(new ArrayList<>());

  private void write(int index) throws IOException {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
    written.add(index);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void bucketsAreWrittenOneAfterTheOther(int threads) throws IOException {
    try (BucketWriter writer = new BucketWriter(new ScarceMachine(threads))) {
      for (int index = 0; index < 4; index++) {
        int bucket = index;
        writer.start(bucket, () -> write(bucket));
      }
      writer.await(2);
      assertEquals(List.of(0, 1, 2), written.subList(0, 3));
    }
    assertEquals(List.of(0, 1, 2, 3), written);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void failureIsThrownToWhoeverWaits(int threads) throws IOException {
    IOException failure = new IOException("disk");
    try (BucketWriter writer = new BucketWriter(new ScarceMachine(threads))) {
      writer.start(
          0,
          () -> {
            throw failure;
          });
      assertSame(failure, assertThrows(IOException.class, () -> writer.await(0)));
      assertSame(failure, assertThrows(IOException.class, () -> writer.start(1, () -> write(1))));
    }
    assertEquals(List.of(), written);
  }
}
