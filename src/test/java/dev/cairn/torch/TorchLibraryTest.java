package dev.cairn.torch;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.support.RankJvm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes that unpack PyTorch's libraries into one cold cache at once. */
@Tag("gloo")
@Timeout(120)
class TorchLibraryTest {
  @TempDir Path temporary;

  /** What each process runs. */
  static final class Load {
    private Load() {}

    public static void main(String[] arguments) {
      TorchLibrary.load();
    }
  }

  @Test
  void severalProcessesLoadItFromOneColdCache() throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int index = 0; index < 2; index++) {
      processes.add(start(temporary.resolve("output-" + index)));
    }
    for (int index = 0; index < processes.size(); index++) {
      int status = processes.get(index).waitFor();
      assertEquals(0, status, Files.readString(temporary.resolve("output-" + index)));
    }
  }

  private Process start(Path output) throws IOException {
    List<String> command = RankJvm.command(256, System.getProperty("java.class.path"));
    command.add(1, "-Dorg.bytedeco.javacpp.cachedir=" + temporary.resolve("cache"));
    command.add(2, "-XX:ErrorFile=" + output + ".log");
    command.add(Load.class.getName());
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .start();
  }
}
