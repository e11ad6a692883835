package dev.cairn.fuzz;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Method;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Coverage-guided fuzzing by Jazzer, each target in a process of its own whose heap is what an
 * input may take: some for a few seconds, {@code mvn -P fuzz} all and for longer. An input that was
 * found lies in {@code target/fuzz}.
 */
@Tag("processes")
@Timeout(2000)
class FuzzTest {
  private static final int FEW_SECONDS = 3;
  private static final int SECONDS = Integer.getInteger("cairn.fuzz.seconds", FEW_SECONDS);
  private static final int INPUT_LIMIT_SECONDS = 10;
  private static final int HEAP_MEBIBYTES = 256;
  private static final Pattern RUNS = Pattern.compile("Done (\\d+) runs");

  @TempDir private Path found;

  /** What reads bytes itself. */
  static Stream<Arguments> readers() {
    return Stream.of(
        Arguments.of("pickle", "dev.cairn.torchfile.PickleFuzz"),
        Arguments.of("distributed", "dev.cairn.dcp.DistributedFuzz"),
        Arguments.of("header", "dev.cairn.safetensors.HeaderFuzz"));
  }

  /** And what reads files and folders by them. */
  static Stream<Arguments> all() {
    return Stream.concat(
        readers(),
        Stream.of(
            Arguments.of("archive", "dev.cairn.deepspeed.ArchiveFuzz"),
            Arguments.of("folder", "dev.cairn.deepspeed.FolderFuzz"),
            Arguments.of("index", "dev.cairn.torchfile.ShardsFuzz"),
            Arguments.of("storages", "dev.cairn.torchfile.StoragesFuzz")));
  }

  static Stream<Arguments> targets() {
    return SECONDS > FEW_SECONDS ? all() : readers();
  }

  /** Those that were found once are in each corpus. */
  @ParameterizedTest
  @MethodSource("all")
  void knownInputIsReadOrRefused(String corpus, String target) throws Exception {
    Method one = Class.forName(target).getMethod("fuzzerTestOneInput", byte[].class);
    List<Path> inputs;
    try (Stream<Path> files = Files.list(corpus(corpus))) {
      inputs = files.sorted().toList();
    }
    for (Path input : inputs) {
      Object bytes = Files.readAllBytes(input);
      assertDoesNotThrow(() -> one.invoke(null, bytes), input::toString);
    }
    assertTrue(inputs.size() > 1, inputs::toString);
  }

  private static Path corpus(String name) throws URISyntaxException {
    return Path.of(FuzzTest.class.getResource("/fuzz/" + name).toURI());
  }

  @ParameterizedTest
  @MethodSource("targets")
  void noInputCrashesHangsOrTakesMoreMemory(String corpus, String target) throws Exception {
    Path findings =
        Files.createDirectories(
            Path.of(System.getProperty("cairn.build.directory", "target"), "fuzz"));
    Path log = findings.resolve(corpus + ".log");
    int status =
        new ProcessBuilder(command(corpus, target, findings))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start()
            .waitFor();
    String said = Files.readString(log);
    assertEquals(0, status, said);
    Matcher runs = RUNS.matcher(said);
    assertTrue(runs.find() && Long.parseLong(runs.group(1)) > 100, said);
  }

  private List<String> command(String corpus, String target, Path findings)
      throws IOException, URISyntaxException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx" + HEAP_MEBIBYTES + "m", "-XX:MaxDirectMemorySize=64m"));
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:+EnableDynamicAgentLoading"));
    if (SECONDS <= FEW_SECONDS) {
      command.add("-XX:TieredStopAtLevel=1"); // the second compiler would not pay in the time
    }
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add("com.code_intelligence.jazzer.Jazzer");
    command.add("--target_class=" + target);
    command.add("--instrumentation_includes=dev.cairn.**");
    command.add("--custom_hook_includes=dev.cairn.**");
    command.add("--reproducer_path=" + findings);
    command.add("-artifact_prefix=" + findings + "/" + corpus + "-");
    command.add("-max_total_time=" + SECONDS);
    command.add("-timeout=" + INPUT_LIMIT_SECONDS);
    command.add("-rss_limit_mb=0");
    command.add("-max_len=" + (64 << 10));
    command.add(System.getProperty("cairn.fuzz.corpus." + corpus, found.toString()));
    command.add(corpus(corpus).toString());
    return command;
  }
}
