package dev.cairn.cli;

import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.options.ParallelOptions;
import dev.cairn.cli.options.Verification;
import dev.cairn.cli.text.Amounts;
import dev.cairn.cli.text.ExitCode;
import dev.cairn.cli.text.Messages;
import dev.cairn.hf.Finding;
import dev.cairn.input.FoundInput;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Checks what a file or folder holds. */
@Command(
    name = "verify",
    description =
        "Checks a safetensors file or model folder: the structure of every file, the index against"
            + " the files, sizes and CRC32C against cairn.json when there is one. Of a DeepSpeed or"
            + " torch.distributed checkpoint: that the ranks' pieces fill every weight, that copies"
            + " are the same, and the checksums in its files.",
    footer = {
      "",
      "Example: cairn verify ~/models/olmo",
      "         cairn verify --sizes-only runs/sft/step_2000"
    })
final class VerifyCommand implements Callable<Integer> {
  @Parameters(paramLabel = "PATH", description = "A safetensors file, or a model folder.")
  private Path path;

  @Option(
      names = "--sizes-only",
      description = "Leave out the checksums: headers and lengths are read, tensors are not.")
  private boolean isSizesOnly;

  @Mixin private ParallelOptions parallel;

  @Mixin private OutputOptions speech;

  @Override
  public Integer call() throws IOException {
    if (Files.isDirectory(path)) {
      FoundInput found = FoundInput.find(path);
      if (found.format() == FoundInput.Format.DEEPSPEED
          || found.format() == FoundInput.Format.DISTRIBUTED) {
        new CheckpointVerification(found, isSizesOnly, speech).run(parallel);
        return ExitCode.FINE;
      }
    }
    SafetensorsInput.require(path);
    Verification verification =
        isSizesOnly ? Verification.ofSizes(path) : Verification.of(path, speech);
    if (speech.isJson()) {
      speech.printJson(json(verification));
    } else {
      for (Finding finding : verification.findings()) {
        speech.out().println(Messages.printable(finding.toString()));
      }
      if (verification.isFine()) {
        speech.out().println(words(verification));
      }
      speech.out().flush();
    }
    return verification.isFine() ? ExitCode.FINE : ExitCode.BAD_INPUT;
  }

  private String words(Verification verification) {
    if (isSizesOnly) {
      return "fine: every header and length is sound; the data was not read";
    }
    return verification.checkedBytes() == 0
        ? "fine: every header is sound; there is no cairn.json to check the data against"
        : "fine: %s match the checksums in cairn.json"
            .formatted(Amounts.bytes(verification.checkedBytes()));
  }

  private Map<String, Object> json(Verification verification) {
    List<Object> findings = new ArrayList<>();
    for (Finding finding : verification.findings()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("file", finding.file());
      entry.put("tensor", finding.tensor().isEmpty() ? null : finding.tensor());
      entry.put("problem", finding.problem());
      entry.put("isNote", finding.isNote());
      findings.add(entry);
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("path", path.toString());
    json.put("fine", verification.isFine());
    json.put("checkedBytes", verification.checkedBytes());
    json.put("findings", findings);
    return json;
  }
}
