package dev.cairn.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.options.SaveMode;
import dev.cairn.support.RankJvm;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The operating system refuses the nth write, force, reserve or rename of a save. */
@Tag("faults")
@Tag("processes")
@Timeout(300)
class FailingCallsTest {
  @TempDir Path temporary;

  static Stream<Arguments> saves() {
    Stream<Arguments> always =
        Stream.of(Arguments.of(SaveMode.PARALLEL, false), Arguments.of(SaveMode.GATHER, true));
    Stream<Arguments> more =
        Stream.of(Arguments.of(SaveMode.PARALLEL, true), Arguments.of(SaveMode.GATHER, false));
    return Boolean.getBoolean("cairn.faults.all") ? Stream.concat(always, more) : always;
  }

  @ParameterizedTest
  @MethodSource("saves")
  void rankFileOffsetAndReasonAreNamedWhicheverCallFails(SaveMode mode, boolean replaces)
      throws Exception {
    Path library = FaultLibrary.build(temporary);
    Path fault = Files.write(temporary.resolve("fault"), new byte[1024]);
    Path run = Files.createDirectory(temporary.toRealPath().resolve("run"));
    List<String> command = RankJvm.command(256, System.getProperty("java.class.path"));
    command.addAll(List.of(FailingCalls.class.getName(), fault.toString(), run.toString()));
    command.addAll(List.of(mode.name(), Boolean.toString(replaces)));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("LD_PRELOAD", library.toString());
    builder.environment().put("CAIRN_TEST_FAULT", fault.toString());
    builder.environment().put("CAIRN_TEST_ROOT", run.toString());
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
  }
}
