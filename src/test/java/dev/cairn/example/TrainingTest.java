package dev.cairn.example;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.support.PythonScript;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * The example as a user runs it: processes that train, are killed at random moments and go on with
 * other numbers of ranks; transformers and peft load what comes out.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("processes")
class TrainingTest {
  private static final Logger LOG = System.getLogger("tests");
  private static final Path BASE = Path.of("src/test/resources/example/base");
  private static final Path TEXT = Path.of("LICENSE");
  private static final int STEPS = 100;
  private static final int SHORT_STEPS = 40;
  private static final double MTBF_SECONDS = 2; // about what it is here
  private static final int STEPS_BETWEEN_KILLS = 20;
  private static final String PROMPT = "Licensed “under” the Apache";

  /** Sums over ranks in another order differ in the last bit, and Adam carries that on. */
  private static final double LOSS_TOLERANCE = 1e-4;

  @TempDir private static Path folder;

  private final Random random = new Random();

  private static List<String> arguments(Path run, int steps) {
    return List.of(
        run.toString(),
        BASE.toString(),
        TEXT.toString(),
        Integer.toString(steps),
        Double.toString(MTBF_SECONDS));
  }

  /** Trains to the end without a failure. */
  private static RunLog train(String name, int ranks, int steps) throws Exception {
    Path run = folder.resolve(name);
    Path logs = folder.resolve(name + "-logs" + System.nanoTime());
    try (RunProcesses processes =
        new RunProcesses(logs, ranks, Train.class, arguments(run, steps))) {
      processes.awaitEnd();
      return RunLog.parse(processes.said());
    }
  }

  /**
   * Trains some steps more than {@code fromStep} and until a save is done, then kills all ranks at
   * a random moment.
   */
  private RunLog trainAndKill(String name, int ranks, int steps, long fromStep) throws Exception {
    Path run = folder.resolve(name);
    Path logs = folder.resolve(name + "-logs" + System.nanoTime());
    try (RunProcesses processes =
        new RunProcesses(logs, ranks, Train.class, arguments(run, steps))) {
      long step = fromStep + STEPS_BETWEEN_KILLS / 2 + random.nextInt(STEPS_BETWEEN_KILLS / 2);
      processes.await(log -> log.lastStep() >= step && log.saves().size() >= 2);
      Thread.sleep(random.nextInt(50));
      processes.kill();
      return RunLog.parse(processes.said());
    }
  }

  @Test
  @Order(1)
  void sameRanksGoOnBitForBit() throws Exception {
    RunLog straight = train("straight-2", 2, SHORT_STEPS);
    RunLog killed = trainAndKill("killed-2", 2, SHORT_STEPS, 1);
    RunLog resumed = train("killed-2", 2, SHORT_STEPS);
    assertResumed(killed, resumed);
    assertEquals(SHORT_STEPS, resumed.lastStep());
    for (RunLog log : List.of(killed, resumed)) {
      log.steps()
          .forEach(
              (number, step) ->
                  assertTrue(step.sawTheSame(straight.steps().get(number)), "step " + number));
    }
  }

  private static List<Integer> killedRanks() {
    return Boolean.getBoolean("cairn.faults.all") ? List.of(4, 3, 2) : List.of(4, 3);
  }

  @Test
  @Order(2)
  void otherRanksGoOnWithTheSameWeightsAndLoss() throws Exception {
    RunLog straight = train("straight-4", 4, STEPS);
    List<RunLog> parts = new ArrayList<>();
    long step = 0;
    for (int ranks : killedRanks()) {
      RunLog part = trainAndKill("run", ranks, STEPS, step);
      parts.add(part);
      step = part.lastStep();
    }
    parts.add(train("run", 4, STEPS));
    assertEquals(STEPS, parts.get(parts.size() - 1).lastStep());
    for (int index = 1; index < parts.size(); index++) {
      assertResumed(parts.get(index - 1), parts.get(index));
    }
    double largest = 0;
    int others = 0;
    for (RunLog part : parts) {
      for (long number : part.steps().keySet()) {
        double difference =
            Math.abs(part.steps().get(number).loss() - straight.steps().get(number).loss());
        largest = Math.max(largest, difference);
        others += part.steps().get(number).sawTheSame(straight.steps().get(number)) ? 0 : 1;
        assertTrue(difference <= LOSS_TOLERANCE, "step " + number + ": " + difference);
      }
    }
    LOG.log(
        Level.INFO,
        "largest difference of the loss: %.2g; %d steps differed in a bit"
            .formatted(largest, others));
    parts
        .get(0)
        .steps()
        .forEach(
            (number, same) ->
                assertTrue(same.sawTheSame(straight.steps().get(number)), "step " + number));
    assertTrue(straight.steps().get((long) STEPS).loss() < 2.5, "it learns, from 5.5");
  }

  /** The run goes on from the last save that was done, with the weights that training had then. */
  private static void assertResumed(RunLog killed, RunLog resumed) {
    long from = resumed.firstStep() - 1;
    LOG.log(
        Level.INFO,
        () ->
            ("killed after step %d, went on from %d: %d steps of %.2f s lost; the policy predicted"
                    + " %.2f s, at most %.2f s; training again after %.2f s")
                .formatted(
                    killed.lastStep(),
                    from,
                    killed.lastStep() - from,
                    killed.secondsAfter(from),
                    killed.expectedLossSeconds(),
                    killed.largestLossSeconds(),
                    resumed.secondsToBegin()));
    assertTrue(from >= killed.lastSaveThatWasDone(), killed.saves() + " went on from " + from);
    assertTrue(from > 0, "a save was done");
    RunLog.Step before = killed.steps().get(from + 1);
    if (before != null) {
      assertEquals(before.weights(), resumed.steps().get(from + 1).weights());
    }
  }

  @Test
  @Order(3)
  @Tag("python")
  void transformersAndPeftComputeTheSame() throws Exception {
    Path output = Files.createDirectory(folder.resolve("tuned"));
    Path run = folder.resolve("run");
    train("run", 2, STEPS); // nothing is left to do if it has been trained above
    List<String> tuning = List.of(run.toString(), output.toString(), "README.md", "30", PROMPT);
    try (RunProcesses processes =
        new RunProcesses(folder.resolve("tuned-logs"), 2, FineTune.class, tuning)) {
      processes.awaitEnd();
    }
    runPython(run.resolve("step_" + STEPS), output);
  }

  private static void runPython(Path model, Path output) throws Exception {
    Files.writeString(output.resolve("prompt"), PROMPT);
    String said =
        PythonScript.run(
            "the example's model in transformers and peft",
            folder.resolve("python.log"),
            2,
            Path.of("src/test/python/load_example.py"),
            model.toString(),
            output.toString());
    LOG.log(Level.INFO, said);
  }
}
