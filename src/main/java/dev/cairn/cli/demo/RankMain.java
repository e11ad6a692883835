package dev.cairn.cli.demo;

import dev.cairn.Checkpointer;
import dev.cairn.cli.text.ExitCode;
import dev.cairn.cli.text.Messages;
import dev.cairn.cli.text.ProcessMemory;
import dev.cairn.comm.Communicator;
import dev.cairn.device.Device;
import dev.cairn.hf.ModelFiles;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.options.FormOptions;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** One rank of a demo, in a process of its own: holds its partitions, saves, reports a line. */
public final class RankMain {
  private static final int WARM_UP_SAVES = 3;

  private RankMain() {}

  /**
   * Runs the rank that the environment names.
   *
   * @param arguments the job, as {@link DemoJob#toJson} wrote it
   */
  public static void main(String[] arguments) {
    int exitCode = ExitCode.FINE;
    try {
      report(run(DemoJob.parse(arguments[0])).toJson());
    } catch (IOException | RuntimeException | OutOfMemoryError e) {
      exitCode = ExitCode.of(e);
      report(new RankFailure(Messages.of(e), exitCode).toJson());
    }
    System.exit(exitCode);
  }

  /** Says the one thing that the starting process reads, on a line of its own. */
  private static void report(String json) {
    System.out.print("\n" + RankProcesses.REPORT + json + "\n");
    System.out.flush();
  }

  private static RankReport run(DemoJob job) throws IOException {
    try (Communicator communicator = Communicator.fromEnvironment()) {
      ParentWatch watch = ParentWatch.watch(communicator);
      try (DemoModel model = job.openModel();
          RankShare share = share(job, model, communicator);
          Checkpointer checkpointer = Checkpointer.open(communicator, options(job))) {
        if (job.mode() == SaveMode.GATHER && job.device() == Device.Kind.CPU) {
          communicator.transport(); // a trainer is connected, too, when its save begins
        }
        warmUp(checkpointer, share.parameters());
        communicator.control().allGather(new byte[0]);
        watch.beginSaving();
        try {
          return save(job, communicator.rank(), checkpointer, share.parameters());
        } finally {
          watch.endSaving();
        }
      }
    }
  }

  private static RankShare share(DemoJob job, DemoModel model, Communicator communicator)
      throws IOException {
    RankPartitions host = RankPartitions.fill(model, communicator.rank(), communicator.size());
    if (job.device() == Device.Kind.CPU) {
      return host;
    }
    try (host) {
      return host.toDevice(DeviceShare.deviceOf(communicator.rank()));
    }
  }

  /**
   * Saves a few bytes beside the ranks' meeting place: what is measured then is a save in the midst
   * of training, whose classes have been loaded, and not the start of a JVM.
   */
  private static void warmUp(Checkpointer checkpointer, ParameterSet parameters)
      throws IOException {
    Path folder = Path.of(System.getenv("CAIRN_RENDEZVOUS")).resolve("warm-up");
    Parameter tiny =
        Collections.min(
            parameters.parameters(),
            Comparator.comparingLong(parameter -> parameter.shape().elements()));
    for (int round = 0; round < WARM_UP_SAVES; round++) {
      checkpointer.save(
          folder.resolve(Integer.toString(round)),
          ParameterSet.of(List.of(tiny)),
          ModelFiles.none());
    }
  }

  private static SaveOptions options(DemoJob job) {
    SaveOptions.Builder options =
        SaveOptions.builder()
            .mode(job.mode())
            .durability(job.durability())
            .overwrite(job.isOverwriting())
            .maxShardBytes(job.maxShardBytes())
            .form(FormOptions.asPublished().withRawNames(job.choice().isRaw()));
    return (job.dtype() == null ? options.keepDtypes() : options.dtype(job.dtype())).build();
  }

  /** What is measured. */
  private interface Save {
    SaveReport run() throws IOException;
  }

  private static Save save(
      DemoJob job, Checkpointer checkpointer, ParameterSet parameters, boolean isFirst)
      throws IOException {
    if (job.adapter().isPresent()) {
      Optional<DType> dtype = Optional.ofNullable(job.dtype());
      return () -> job.adapter().get().save(checkpointer, job.output(), parameters, dtype);
    }
    ModelFiles files = isFirst ? job.choice().files(job.modelFiles()) : ModelFiles.none();
    return () -> checkpointer.save(job.output(), parameters, files);
  }

  private static RankReport save(
      DemoJob job, int rank, Checkpointer checkpointer, ParameterSet held) throws IOException {
    ParameterSet parameters = job.choice().of(held);
    Save save = save(job, checkpointer, parameters, rank == 0);
    ProcessMemory.forgetPeak();
    long residentBytes = ProcessMemory.residentBytes();
    long startNanos = System.nanoTime();
    SaveReport report = save.run();
    double seconds = (System.nanoTime() - startNanos) / 1e9;
    long peakBytes = ProcessMemory.peakBytes();
    return new RankReport(
        rank,
        report.mode(),
        report.lengthBytes(),
        seconds,
        peakBytes,
        Math.max(0, peakBytes - residentBytes),
        RankReport.phaseSeconds(report));
  }
}
