package dev.cairn.cli.options;

import picocli.CommandLine.Option;

/** The options that say what of a model is saved, and with which generation config. */
public final class ModelOptions {
  @Option(
      names = "--attribute",
      paramLabel = "NAME",
      description =
          "Save only the parameters below NAME, that prefix removed: the policy of a composite"
              + " model.")
  private String attribute;

  @Option(
      names = "--chat-template-name",
      paramLabel = "NAME",
      description =
          "Write the generation config that belongs to this chat template and HF_DIR's tokenizer.")
  private String chatTemplateName;

  @Option(
      names = "--raw-names",
      description =
          "Save names and tensors as they are in memory, not as transformers publishes them.")
  private boolean isRaw;

  /** Returns what was chosen. */
  public ModelChoice choice() {
    return new ModelChoice(attribute, chatTemplateName, isRaw);
  }
}
