package dev.cairn.cli;

import dev.cairn.hf.FolderTensor;
import dev.cairn.hf.ModelFolder;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Shows what a file or folder holds; reads headers only. */
@Command(
    name = "inspect",
    description = "Shows the tensors and metadata of a safetensors file or model folder.",
    footer = {"", "Example: cairn inspect ~/models/olmo --json"})
final class InspectCommand implements Callable<Integer> {
  @Parameters(paramLabel = "PATH", description = "A safetensors file, or a model folder.")
  private Path path;

  @Mixin private OutputOptions speech;

  @Override
  public Integer call() throws IOException {
    try (ModelFolder folder = ModelFolder.open(path)) {
      if (speech.isJson()) {
        speech.printJson(json(folder));
      } else {
        print(folder, speech.out());
      }
    }
    return ExitCode.FINE;
  }

  private static long lengthBytes(ModelFolder folder) {
    return folder.tensors().stream().mapToLong(FolderTensor::lengthBytes).sum();
  }

  private static long elements(ModelFolder folder) {
    return folder.tensors().stream().mapToLong(tensor -> tensor.shape().elements()).sum();
  }

  private static Map<String, Object> json(ModelFolder folder) {
    List<Object> files = new ArrayList<>();
    for (String file : folder.files()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("file", file);
      entry.put("bytes", folder.header(file).fileLengthBytes());
      entry.put("metadata", folder.header(file).metadata());
      files.add(entry);
    }
    List<Object> tensors = new ArrayList<>();
    for (FolderTensor tensor : folder.tensors()) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("name", tensor.name());
      entry.put("dtype", tensor.dtype().name());
      List<Object> dimensions = new ArrayList<>();
      for (int i = 0; i < tensor.shape().dimensions(); i++) {
        dimensions.add(tensor.shape().dimension(i));
      }
      entry.put("shape", dimensions);
      entry.put("bytes", tensor.lengthBytes());
      entry.put("file", tensor.file());
      tensors.add(entry);
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("parameters", elements(folder));
    json.put("bytes", lengthBytes(folder));
    json.put("files", files);
    json.put("tensors", tensors);
    return json;
  }

  private static void print(ModelFolder folder, PrintWriter out) {
    for (FolderTensor tensor : folder.tensors()) {
      out.printf(
          "%-60s %-6s %-16s %10s  %s%n",
          tensor.name(),
          tensor.dtype(),
          tensor.shape(),
          Amounts.bytes(tensor.lengthBytes()),
          tensor.file());
    }
    out.flush();
  }
}
