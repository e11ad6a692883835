package dev.cairn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.hf.ModelFiles;
import dev.cairn.meter.Meter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.TrainerState;
import dev.cairn.options.ProgressListener;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SavePhase;
import dev.cairn.options.SaveReport;
import dev.cairn.options.SaveWork;
import dev.cairn.support.Group;
import dev.cairn.support.LogLines;
import dev.cairn.support.ReferenceModel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the Flight Recorder keeps of a save is what the save's report says. */
class SaveEventsTest {
  private static final int WORLD_SIZE = 3;
  private static final TrainerState NO_STATE = TrainerState.builder().build();

  @TempDir Path temporary;

  private record Said(SavePhase phase, long doneBytes, long totalBytes) {}

  private SaveReport save(
      dev.cairn.comm.Communicator communicator,
      SaveMode mode,
      boolean async,
      ProgressListener listener)
      throws Exception {
    SaveOptions options =
        SaveOptions.builder().mode(mode).maxShardBytes(2000).stagingBufferBytes(4096).build();
    ParameterSet own = ReferenceModel.various(WORLD_SIZE).on(communicator.rank(), WORLD_SIZE);
    try (Checkpointer checkpointer =
        Checkpointer.open(communicator, options, RunOptions.in(temporary.resolve("run")))) {
      checkpointer.onProgress(listener);
      return async
          ? checkpointer.saveAsync(1, own, ModelFiles.none(), NO_STATE).await()
          : checkpointer.save(1, own, ModelFiles.none(), NO_STATE);
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = SaveMode.class,
      names = {"GATHER", "PARALLEL"})
  void eventsAddUpToTheReport(SaveMode mode) throws Exception {
    List<Group.Result<SaveReport>> results;
    Path file = temporary.resolve("save.jfr");
    try (Recording recording = new Recording()) {
      recording.start();
      results =
          Group.run(
              WORLD_SIZE, rank -> save(rank, mode, mode == SaveMode.PARALLEL, (p, d, t) -> {}));
      recording.stop();
      recording.dump(file);
    }
    List<Map<SaveWork, SaveReport.Total>> recorded = read(file);
    for (int rank = 0; rank < WORLD_SIZE; rank++) {
      SaveReport report = results.get(rank).value();
      assertEquals(report.work(), recorded.get(rank), "rank " + rank);
      assertEquals(kinds(mode, rank), report.work().keySet(), "rank " + rank);
      assertEquals(report.lengthBytes(), report.work().get(SaveWork.PLAN).bytes());
      assertEquals(report.lengthBytes(), report.work().get(SaveWork.COMMIT).bytes());
      assertTrue(report.work().values().stream().allMatch(total -> total.nanos() > 0));
    }
  }

  @Test
  void aRecordingThatRunsFromTheStartOfTheJvmHasThem() throws Exception {
    Path file = temporary.resolve("start.jfr");
    Path log = temporary.resolve("log");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:StartFlightRecording=filename=" + file,
                "-cp",
                System.getProperty("java.class.path"),
                RecordedSave.class.getName(),
                temporary.resolve("model").toString())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    assertEquals(0, process.waitFor(), () -> "failed, see " + log);
    Set<String> names = new TreeSet<>();
    for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
      names.add(event.getEventType().getName());
    }
    assertTrue(
        names.containsAll(Set.of("dev.cairn.Plan", "dev.cairn.Write", "dev.cairn.Commit")),
        () -> names.toString());
  }

  private static Set<SaveWork> kinds(SaveMode mode, int rank) {
    if (mode == SaveMode.PARALLEL) {
      return Set.of(SaveWork.PLAN, SaveWork.CAST, SaveWork.WRITE, SaveWork.FORCE, SaveWork.COMMIT);
    }
    return rank == 0
        ? Set.of(
            SaveWork.PLAN,
            SaveWork.CAST,
            SaveWork.RECEIVE,
            SaveWork.WRITE,
            SaveWork.FORCE,
            SaveWork.COMMIT)
        : Set.of(SaveWork.PLAN, SaveWork.CAST, SaveWork.SEND, SaveWork.COMMIT);
  }

  /** Adds the events of each rank up, and checks that each has its place in time. */
  private static List<Map<SaveWork, SaveReport.Total>> read(Path file) throws Exception {
    List<Map<SaveWork, SaveReport.Total>> totals = new ArrayList<>();
    for (int rank = 0; rank < WORLD_SIZE; rank++) {
      totals.add(new EnumMap<>(SaveWork.class));
    }
    for (RecordedEvent event : RecordingFile.readAllEvents(file)) {
      String name = event.getEventType().getName();
      if (name.startsWith("dev.cairn.")) {
        SaveWork work =
            SaveWork.valueOf(name.substring("dev.cairn.".length()).toUpperCase(Locale.ROOT));
        long nanos = event.getDuration("nanos").toNanos();
        totals
            .get(event.getInt("rank"))
            .merge(
                work,
                new SaveReport.Total(1, event.getLong("bytes"), nanos),
                (a, b) ->
                    new SaveReport.Total(
                        a.count() + b.count(), a.bytes() + b.bytes(), a.nanos() + b.nanos()));
        assertTrue(event.getDuration().compareTo(Duration.ofMinutes(1)) < 0);
        assertEquals(List.of("Cairn"), event.getEventType().getCategoryNames());
      }
    }
    return totals;
  }

  @ParameterizedTest
  @EnumSource(
      value = SaveMode.class,
      names = {"GATHER", "PARALLEL"})
  void listenerSeesPhasesInOrderAndBytesGrowToTheirTotal(SaveMode mode) throws Exception {
    List<Group.Result<List<Said>>> results =
        Group.run(
            WORLD_SIZE,
            communicator -> {
              List<Said> said = new ArrayList<>();
              save(communicator, mode, true, (p, d, t) -> said.add(new Said(p, d, t)));
              return said;
            });
    for (Group.Result<List<Said>> result : results) {
      List<Said> said = result.value();
      List<SavePhase> phases = said.stream().map(Said::phase).distinct().toList();
      assertEquals(List.of(SavePhase.values()), phases);
      long lastBytes = 0;
      for (Said each : said) {
        assertTrue(each.doneBytes() >= lastBytes, said::toString);
        lastBytes = each.doneBytes();
      }
      assertEquals(said.get(said.size() - 1).totalBytes(), lastBytes);
      assertTrue(lastBytes > 0);
    }
  }

  @Test
  void listenerThatThrowsDoesNotStopTheSave() throws Exception {
    List<Group.Result<SaveReport>> results =
        Group.run(
            WORLD_SIZE,
            communicator ->
                save(
                    communicator,
                    SaveMode.PARALLEL,
                    false,
                    (phase, done, total) -> {
                      throw new IllegalStateException("a broken progress bar");
                    }));
    results.forEach(result -> assertTrue(result.value().lengthBytes() > 0));
  }

  @Test
  void whateverAListenerThrowsIsLoggedAndTheSaveGoesOn() throws Exception {
    try (LogLines logged = LogLines.of(Meter.class.getName())) {
      Group.values(
          WORLD_SIZE,
          rank ->
              save(
                  rank,
                  SaveMode.PARALLEL,
                  true,
                  (phase, done, total) -> {
                    throw new AssertionError("a listener's own mistake");
                  }));
      assertEquals(WORLD_SIZE, logged.all().size(), () -> "" + logged.all());
    }
  }
}
