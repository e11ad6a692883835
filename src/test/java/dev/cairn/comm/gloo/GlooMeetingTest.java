package dev.cairn.comm.gloo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.support.Fields;
import dev.cairn.torch.TorchLibrary;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One rank's Gloo before it is connected. */
@Tag("gloo")
@Timeout(30)
class GlooMeetingTest {
  static {
    TorchLibrary.load();
  }

  @TempDir Path temporary;

  private static Path file(GlooMeeting meeting) {
    return ((NamelessFile) Fields.get(Fields.get(meeting, "addresses"), "file")).path();
  }

  private static boolean isOpen(GlooMeeting meeting) {
    Object file = Fields.get(Fields.get(meeting, "addresses"), "file");
    return ((FileChannel) Fields.get(file, "channel")).isOpen();
  }

  private static Set<Path> named() throws IOException {
    Set<Path> named = new HashSet<>();
    for (String folder : List.of(System.getProperty("java.io.tmpdir"), "/dev/shm")) {
      try (var files = Files.newDirectoryStream(Path.of(folder), "cairn-gloo-*")) {
        files.forEach(named::add);
      }
    }
    return named;
  }

  @Test
  void addressOfNoHostHereFailsAtOnceAndLeavesNoOpenFile() throws Exception {
    for (int attempt = 0; attempt < 5; attempt++) {
      GlooMeeting meeting = new GlooMeeting(0, 2, "203.0.113.1", 20_000);
      assertThrows(IOException.class, meeting::own);
      assertFalse(isOpen(meeting));
    }
  }

  @Test
  void interruptOfTheCallerIsKeptAndEndsNothing() throws Exception {
    GlooMeeting meeting = new GlooMeeting(0, 2, "127.0.0.1", 100);
    Thread.currentThread().interrupt();
    byte[] own = meeting.own();
    assertTrue(Thread.interrupted());
    InetSocketAddress address = PeerAddress.of(own).orElseThrow();
    assertEquals("127.0.0.1", address.getAddress().getHostAddress());
    meeting.abandon();
  }

  /** So a process that is killed in the middle of it leaves none. */
  @Test
  void noFileHasAName() throws Exception {
    Set<Path> before = named();
    GlooMeeting meeting = new GlooMeeting(0, 2, "127.0.0.1", 100);
    meeting.own();
    assertTrue(isOpen(meeting));
    assertTrue(Files.size(file(meeting)) > 0);
    Set<Path> after = named();
    after.removeAll(before);
    assertEquals(Set.of(), after);
    meeting.abandon();
  }

  @Test
  void abandonedOneLeavesNoOpenFile() throws Exception {
    GlooMeeting meeting = new GlooMeeting(0, 2, "127.0.0.1", 100);
    meeting.own();
    meeting.abandon();
    while (isOpen(meeting)) {
      Thread.sleep(10);
    }
  }

  @Test
  void fileIsWhereThereIsRoom() throws Exception {
    Path missing = temporary.resolve("missing");
    try (AddressBook book = new AddressBook(List.of(missing, temporary))) {
      book.put(1, new byte[] {7});
      assertEquals(7, book.awaitOwn(1, new CompletableFuture<>())[0]);
      Path file = ((NamelessFile) Fields.get(book, "file")).path();
      assertTrue(Files.readSymbolicLink(file).startsWith(temporary.toRealPath()));
    }
    IOException none = assertThrows(IOException.class, () -> new AddressBook(List.of(missing)));
    assertEquals("no folder for a small file: [" + missing + "]", none.getMessage());
  }
}
