package dev.cairn.hosts;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What tests of hosts compile: sources in the folder {@code hosts} of the resources. */
final class HostPrograms {
  private HostPrograms() {}

  /**
   * Returns the program that moves packets between as many hosts.
   *
   * @param rateMegabits for each port; 0 for as fast as it goes
   */
  static List<String> wire(Path folder, int hosts, int delayMillis, double loss, int rateMegabits)
      throws Exception {
    Path program = build(folder, "wire", List.of("-O2"));
    return List.of(program.toString(), "" + hosts, "" + delayMillis, "" + loss, "" + rateMegabits);
  }

  /** Returns a library that sets the clock of the process that it is preloaded into. */
  static Path clock(Path folder) throws Exception {
    return build(folder, "clock", List.of("-shared", "-fPIC", "-ldl"));
  }

  private static Path build(Path folder, String name, List<String> options) throws Exception {
    Path source = folder.resolve(name + ".cpp");
    try (InputStream text = HostPrograms.class.getResourceAsStream("/hosts/" + name + ".cpp")) {
      Files.copy(text, source);
    }
    Path made = folder.resolve(name);
    List<String> command = new ArrayList<>(List.of("g++", "-o", made.toString()));
    command.add(source.toString());
    command.addAll(options);
    assertEquals(0, new ProcessBuilder(command).inheritIO().start().waitFor());
    return made;
  }
}
