package dev.cairn.gate;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.TestTag;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/**
 * Counts, for each tag, the tests that ran to an end; a skipped or aborted test did not. A test of
 * concurrency that ran under the second compiler counts as one of that group too.
 */
public final class GroupCounter implements TestExecutionListener {
  static final String SECOND_COMPILER = "second-compiler";

  private static final String STRESS = "stress";
  private static final String FULL_OPTIMISATION = "4";

  private final Map<String, Integer> testsByTag = new TreeMap<>();
  private TestPlan plan;

  /** Returns where the counts of each test process go. */
  static Path folder() {
    return Path.of(System.getProperty("cairn.build.directory", "target"), "test-groups");
  }

  @Override
  public void testPlanExecutionStarted(TestPlan testPlan) {
    plan = testPlan;
  }

  @Override
  public synchronized void executionFinished(TestIdentifier test, TestExecutionResult result) {
    if (!test.isTest() || result.getStatus() == TestExecutionResult.Status.ABORTED) {
      return;
    }
    Optional<TestIdentifier> node = Optional.of(test);
    while (node.isPresent()) {
      for (TestTag tag : node.get().getTags()) {
        // A method has its class's tags too: count where the tag is seen last, once for each test.
        if (plan.getParent(node.get()).filter(parent -> parent.getTags().contains(tag)).isEmpty()) {
          count(tag.getName());
        }
      }
      node = plan.getParent(node.get());
    }
  }

  private void count(String tag) {
    testsByTag.merge(tag, 1, Integer::sum);
    if (tag.equals(STRESS) && hasSecondCompiler()) {
      testsByTag.merge(SECOND_COMPILER, 1, Integer::sum);
    }
  }

  private static boolean hasSecondCompiler() {
    return ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
        .getVMOption("TieredStopAtLevel")
        .getValue()
        .equals(FULL_OPTIMISATION);
  }

  @Override
  public synchronized void testPlanExecutionFinished(TestPlan testPlan) {
    try {
      Files.createDirectories(folder());
      String counts =
          testsByTag.entrySet().stream()
              .map(entry -> entry.getKey() + "=" + entry.getValue() + "\n")
              .collect(Collectors.joining());
      Files.writeString(folder().resolve(ProcessHandle.current().pid() + ".properties"), counts);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
