package dev.cairn.cli;

import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.options.ParallelOptions;
import dev.cairn.cli.text.Amounts;
import dev.cairn.cli.text.ExitCode;
import dev.cairn.cli.text.Messages;
import dev.cairn.hf.Finding;
import dev.cairn.hf.FolderDescription;
import dev.cairn.hf.FolderDescription.DTypeTotal;
import dev.cairn.hf.FolderDescription.FileDescription;
import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.TiedNames;
import dev.cairn.input.FoundInput;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Shows what a file or folder holds; reads headers only. */
@Command(
    name = "inspect",
    description = {
      "Shows the tensors of a safetensors file or model folder: dtypes, shapes, bytes, files, tied"
          + " names, metadata; or of a DeepSpeed checkpoint folder: stage, ranks, version, what is"
          + " frozen, tied, a buffer, or cut over ranks; or of torch's files and distributed"
          + " checkpoints. Of a Trainer's folder it takes the newest"
          + " checkpoint. Reads no data."
    },
    footer = {"", "Example: cairn inspect ~/models/olmo"})
final class InspectCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "PATH",
      description = "A safetensors or torch file, a model folder, or a checkpoint's.")
  private Path path;

  @Mixin private ParallelOptions parallel;

  @Mixin private OutputOptions speech;

  @Override
  public Integer call() throws IOException {
    FoundInput found = FoundInput.find(path);
    found.note().ifPresent(speech::message);
    if (found.format() == FoundInput.Format.DEEPSPEED) {
      CheckpointDescription.of(parallel.open(found)).print(speech);
      return ExitCode.FINE;
    }
    if (found.format() == FoundInput.Format.DISTRIBUTED) {
      DistributedDescription.of(found.path()).print(speech);
      return ExitCode.FINE;
    }
    if (found.format() == FoundInput.Format.TORCH) {
      TorchDescription.of(found.path()).print(speech);
      return ExitCode.FINE;
    }
    FolderDescription description = FolderDescription.of(found.path());
    if (speech.isJson()) {
      speech.printJson(description.toTree());
    } else {
      print(description, speech.out());
      for (Finding finding : description.findings()) {
        speech.out().println(Messages.printable(finding.toString()));
      }
      speech.out().flush();
    }
    return Finding.errors(description.findings()).isEmpty() ? ExitCode.FINE : ExitCode.BAD_INPUT;
  }

  private static void print(FolderDescription description, PrintWriter out) {
    int width = 20;
    for (FolderTensor tensor : description.tensors()) {
      width = Math.max(width, tensor.name().length());
    }
    boolean isSharded = description.files().size() > 1;
    for (FolderTensor tensor : description.tensors()) {
      out.printf(
          "%-" + width + "s  %-8s %-16s %10s%s%n",
          Messages.printable(tensor.name()),
          tensor.dtype(),
          tensor.shape(),
          Amounts.bytes(tensor.lengthBytes()),
          isSharded ? "  " + Messages.printable(tensor.file()) : "");
    }
    for (FileDescription file : description.files()) {
      out.printf(
          "%s: %d tensors, %d bytes%s%n",
          Messages.printable(file.name()), file.tensors(), file.lengthBytes(), metadata(file));
    }
    for (DTypeTotal total : description.totals()) {
      out.printf(
          "%s: %d tensors, %d elements, %d bytes%n",
          total.dtype(), total.tensors(), total.elements(), total.lengthBytes());
    }
    description.tied().ifPresent(tied -> out.println(words(tied)));
    out.flush();
  }

  private static String metadata(FileDescription file) {
    return file.metadata().isEmpty()
        ? ""
        : ", metadata " + Messages.printable(file.metadata().toString());
  }

  private static String words(TiedNames tied) {
    return "tied: %s is %s%s"
        .formatted(
            Messages.printable(tied.alias()),
            Messages.printable(tied.canonical()),
            tied.aliasIsStored() ? "; both are stored" : ", which alone is stored");
  }
}
