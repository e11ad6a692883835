package dev.cairn.example;

import dev.cairn.Checkpointer;
import dev.cairn.RunOptions;
import dev.cairn.hf.ModelFiles;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.policy.PolicyOptions;
import dev.cairn.torch.TorchLibrary;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32C;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Trains a small language model, one process for each rank, and goes on from the run's latest
 * checkpoint whatever number of ranks wrote it: {@code Train RUN BASE TEXT STEPS MTBF_SECONDS}.
 */
@SuppressWarnings("try") // a PointerScope frees what is made while it is open
public final class Train {
  private static final double RATE = 3e-3;

  private Train() {}

  /** Runs one rank; its environment says which. */
  public static void main(String[] arguments) throws IOException {
    Path run = Path.of(arguments[0]);
    ModelFiles files = ModelFiles.fromFolder(Path.of(arguments[1]));
    Text text = Text.read(Path.of(arguments[2]));
    long lastStep = Long.parseLong(arguments[3]);
    double mtbfSeconds = Double.parseDouble(arguments[4]);
    TorchLibrary.load();
    torch.set_num_threads(1);
    torch.manual_seed(1);
    SaveOptions options = SaveOptions.builder().durability(Durability.FAST).build();
    try (Group group = new Group();
        ZeroThree model = new ZeroThree(group, Llama.shapes(), Llama::initial);
        Checkpointer checkpointer =
            Checkpointer.open(group.communicator(), options, RunOptions.in(run).withKeepLast(3))) {
      PolicyOptions policy = PolicyOptions.ofMtbfSeconds(mtbfSeconds).withTotalSteps(lastStep);
      Saves saves = new Saves(group, checkpointer, files, model, policy);
      say(group, "begins step=%d seconds=%.3f", saves.firstStep(), secondsSinceStart());
      for (long step = saves.firstStep(); step <= lastStep; step++) {
        train(group, model, text, step);
        if (saves.afterStep(step)) {
          double expected = saves.expectedLossSeconds();
          double most = saves.largestLossSeconds();
          say(group, "saves step=%d loss=%.3f most=%.3f", step, expected, most);
        }
      }
    }
  }

  /** Every tensor that a step makes is freed at its end. */
  private static void train(Group group, ZeroThree model, Text text, long step) {
    try (PointerScope scope = new PointerScope()) {
      Map<String, Tensor> weights = model.gather();
      Tensor batch = text.batch(step, group);
      long length = batch.size(1) - 1;
      Tensor loss = Llama.loss(weights, batch.narrow(1, 0, length), batch.narrow(1, 1, length));
      loss.backward();
      model.step(weights, step, RATE);
      double mean = group.mean(loss);
      long crc = checksum(weights);
      double now = secondsSinceStart();
      say(group, "step=%d loss=%.9f weights=%08x seconds=%.3f", step, mean, crc, now);
    }
  }

  /** Returns a checksum of what a step was computed with, the same on any number of ranks. */
  private static long checksum(Map<String, Tensor> weights) {
    CRC32C crc = new CRC32C();
    for (Tensor weight : weights.values()) {
      ByteBuffer bytes = new BytePointer(weight.data_ptr()).capacity(weight.nbytes()).asBuffer();
      crc.update(bytes);
    }
    return crc.getValue();
  }

  private static double secondsSinceStart() {
    long startMillis = ManagementFactory.getRuntimeMXBean().getStartTime();
    return (System.currentTimeMillis() - startMillis) / 1e3;
  }

  private static void say(Group group, String line, Object... values) {
    if (group.rank() == 0) {
      System.out.println(String.format(Locale.ROOT, line, values));
    }
  }
}
