package dev.cairn.gate;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.kernels.Kernels;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.PrintWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** What a JVM for 64-bit ARM runs: tests, or a rank of a save. */
public final class Arm64Program {
  private static final Shape SHAPE = Shape.of(517, 1021);

  private Arm64Program() {}

  /** Saves into the folder that is named, or runs the test classes that are. */
  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("save")) {
      try (Communicator ranks = Communicator.fromEnvironment()) {
        save(ranks, Path.of(arguments[1]));
      }
      System.out.println("saved with kernels " + Kernels.best().name());
      return;
    }
    LauncherDiscoveryRequest tests =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(Arrays.stream(arguments).map(name -> selectClass(name)).toList())
            .build();
    var summary = new SummaryGeneratingListener();
    LauncherFactory.create().execute(tests, summary);
    summary.getSummary().printFailuresTo(new PrintWriter(System.out, true, StandardCharsets.UTF_8));
    long failed = summary.getSummary().getTotalFailureCount();
    System.out.println(
        "passed=" + summary.getSummary().getTestsSucceededCount() + " failed=" + failed);
    System.exit(failed == 0 ? 0 : 1);
  }

  /** Saves a parameter that is the same for every number of ranks. */
  static void save(Communicator ranks, Path folder) throws Exception {
    long all = SHAPE.elements();
    int piece = Math.toIntExact((all + ranks.size() - 1) / ranks.size());
    ByteBuffer memory = ByteBuffer.allocateDirect(piece * Float.BYTES);
    memory.order(ByteOrder.nativeOrder());
    for (int element = 0; element < piece; element++) {
      long place = (long) ranks.rank() * piece + element;
      memory.putFloat(element * Float.BYTES, (float) Math.sin((double) place) * (1 + place % 1000));
    }
    SaveOptions options = SaveOptions.builder().dtype(DType.BF16).mode(SaveMode.PARALLEL).build();
    try (Checkpointer checkpointer = Checkpointer.open(ranks, options)) {
      var weight = Parameter.zero3("weight", SHAPE, DType.F32, Partition.of(memory));
      checkpointer.save(folder, ParameterSet.of(List.of(weight)), ModelFiles.none());
    }
  }
}
