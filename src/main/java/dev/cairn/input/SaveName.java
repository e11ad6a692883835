package dev.cairn.input;

import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How trainers name the folders of their saves, and where they put the step. */
final class SaveName {
  /**
   * HF Trainer, DeepSpeed, torchtitan, Lightning ({@code epoch=1-step=30.ckpt}), and Cairn's runs.
   */
  private static final Pattern WITH_STEP =
      Pattern.compile(
          "(?:checkpoint-|global_step|step-|(?:step|epoch)_|(?:.*[^a-z])?step=)(\\d{1,18})(?:_universal|\\.ckpt)?");

  private static final Pattern TRAINERS = Pattern.compile("checkpoint-\\d{1,18}");
  private static final Pattern ACCELERATES = Pattern.compile("pytorch_model(?:_\\d{1,6})?");
  private static final int SHOWN = 8;

  private SaveName() {}

  /** Returns the step that a folder's name says. */
  static OptionalLong step(String name) {
    Matcher matcher = WITH_STEP.matcher(name);
    return matcher.matches()
        ? OptionalLong.of(Long.parseLong(matcher.group(1)))
        : OptionalLong.empty();
  }

  static boolean isTrainers(String name) {
    return TRAINERS.matcher(name).matches();
  }

  /** accelerate's {@code save_state} gives every model of a program a folder of its own. */
  static boolean isAccelerates(String name) {
    return ACCELERATES.matcher(name).matches();
  }

  static boolean isLightnings(String name) {
    return name.endsWith(".ckpt");
  }

  /** Orders by step, and by name where there is none. */
  static int compare(String left, String right) {
    int bySteps = Long.compare(step(left).orElse(-1), step(right).orElse(-1));
    return bySteps != 0 ? bySteps : left.compareTo(right);
  }

  /** Returns a list that fits a message: the last ones if there are many. */
  static String words(List<String> names) {
    int left = Math.max(0, names.size() - SHOWN);
    String shown = String.join(", ", names.subList(left, names.size()));
    return names.isEmpty() ? "none" : left == 0 ? shown : left + " more, " + shown;
  }
}
