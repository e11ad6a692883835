package dev.cairn.commit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.io.Disk;
import dev.cairn.machine.Machine;
import dev.cairn.support.LogLines;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class OwnerHeartbeatTest {
  private static final FileTime LONG_AGO = FileTime.fromMillis(0);

  @TempDir Path temporary;

  private static void await(Callable<Boolean> condition) throws Exception {
    while (!condition.call()) {
      Thread.sleep(1);
    }
  }

  @Test
  void beatThatFailsIsNotTheLast() throws Exception {
    Path file = temporary.resolve("owner");
    LogLines logged = LogLines.of(OwnerHeartbeat.class.getName());
    OwnerHeartbeat heartbeat = OwnerHeartbeat.start(Disk.local(), Machine.local(), file, 2);
    try (logged;
        heartbeat) {
      await(() -> !logged.all().isEmpty());
      Thread.sleep(20); // more beats that fail
      Files.writeString(file, "me");
      Files.setLastModifiedTime(file, LONG_AGO);
      await(() -> !Files.getLastModifiedTime(file).equals(LONG_AGO));
      assertEquals(1, logged.all().size());
      assertTrue(logged.all().get(0).startsWith("heartbeat missed: file=" + file));
    }
  }
}
