package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.support.RankJvm;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The operating system gives no more threads, as at a container's limit of processes. */
@Tag("faults")
@Tag("processes")
@Timeout(60)
class ScarceThreadsTest {
  @TempDir Path temporary;

  @Test
  void savesAndRestoresWithAsFewThreadsAsThereAreAndSaysSoOnce() throws Exception {
    Path library = FaultLibrary.build(temporary);
    Path fault = Files.write(temporary.resolve("fault"), new byte[1024]);
    List<String> command = RankJvm.command(256, System.getProperty("java.class.path"));
    command.addAll(List.of(ScarceThreads.class.getName(), fault.toString(), temporary.toString()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LD_PRELOAD", library.toString());
    builder.environment().put("CAIRN_TEST_FAULT", fault.toString());
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    assertEquals(2, said.split("fewer threads than asked for", -1).length, said);
  }
}
