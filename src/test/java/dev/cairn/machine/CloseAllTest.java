package dev.cairn.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class CloseAllTest {
  private final List<String> closed = new ArrayList<>();

  private AutoCloseable named(String name) {
    return () -> closed.add(name);
  }

  private AutoCloseable failing(String name, Exception failure) {
    return () -> {
      closed.add(name);
      throw failure;
    };
  }

  @Test
  void closesInReverseAndOnce() {
    CloseAll all = CloseAll.of(named("first"), named("second"));
    all.add(named("third"));
    all.close();
    all.close();
    assertEquals(List.of("third", "second", "first"), closed);
  }

  @Test
  void closesTheRestAfterAFailureAndThrowsTheFirst() {
    IOException second = new IOException("second");
    RuntimeException third = new IllegalStateException("third");
    CloseAll all = CloseAll.of(List.of(named("first"), failing("2", second), failing("3", third)));
    Exception thrown = assertThrows(IllegalStateException.class, all::closeIo);
    assertSame(third, thrown);
    assertArrayEquals(new Throwable[] {second}, thrown.getSuppressed());
    assertEquals(List.of("3", "2", "first"), closed);
  }

  @Test
  void throwsAFailureOfTheDiskAsItIsWhereThatIsExpected() {
    IOException disk = new IOException("disk");
    assertSame(disk, assertThrows(IOException.class, CloseAll.of(failing("1", disk))::closeIo));
    Exception wrapped =
        assertThrows(IllegalStateException.class, CloseAll.of(failing("1", disk))::close);
    assertSame(disk, wrapped.getCause());
  }

  @Test
  void failureBeforeIsTheOneToTell() {
    RuntimeException closing = new IllegalStateException("closing");
    Exception failure = new Exception("failure");
    CloseAll.of(named("first"), failing("second", closing)).closeAfter(failure);
    assertArrayEquals(new Throwable[] {closing}, failure.getSuppressed());
    assertEquals(List.of("second", "first"), closed);
  }
}
