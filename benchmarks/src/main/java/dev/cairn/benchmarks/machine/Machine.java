package dev.cairn.benchmarks.machine;

import dev.cairn.io.Disk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** The machine that results come from. */
public final class Machine {
  private Machine() {}

  public static Map<String, Object> describe(Path scratch) throws IOException {
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("processor", field("/proc/cpuinfo", "model name"));
    tree.put("cores", Runtime.getRuntime().availableProcessors());
    tree.put("memory", field("/proc/meminfo", "MemTotal"));
    tree.put("kernel", System.getProperty("os.version"));
    tree.put("java", System.getProperty("java.version"));
    Files.createDirectories(scratch);
    tree.put("fileSystem", Disk.local().fileSystemType(scratch));
    return tree;
  }

  private static String field(String file, String name) throws IOException {
    for (String line : Files.readAllLines(Path.of(file))) {
      if (line.startsWith(name)) {
        return line.substring(line.indexOf(':') + 1).strip();
      }
    }
    return "unknown";
  }
}
