package dev.cairn.gate;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.hosts.Hosts;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A group of tests that skipped itself away must not look like one that passed. */
class GroupsRanIT {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "python",
        "processes",
        "native",
        "gloo",
        "faults",
        "mount",
        "distribution",
        "strace",
        "hosts",
        "stress",
        GroupCounter.SECOND_COMPILER,
        "cuda-compiler"
      })
  void groupRanATest(String group) throws Exception {
    assumeTrue(System.getenv("CAIRN_GATE") != null, "groups may skip themselves outside the gate");
    assumeTrue(
        !group.equals("cuda-compiler") || CudaCompiler.isThere(),
        "no CUDA compiler, and so no test of its code: " + CudaCompiler.command());
    assumeTrue(
        !group.equals("distribution") || Distribution.isPossible(),
        "no JDK 25 or newer, and so no archive for machines without Java");
    String obstacle = group.equals("hosts") ? Hosts.obstacle() : "";
    assumeTrue(obstacle.isEmpty(), obstacle);
    int tests = 0;
    try (Stream<Path> files = Files.list(GroupCounter.folder())) {
      for (Path file : files.toList()) {
        Properties counts = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
          counts.load(reader);
        }
        tests += Integer.parseInt(counts.getProperty(group, "0"));
      }
    }
    assertTrue(tests > 0, "no test of the group ran: group=" + group);
  }
}
