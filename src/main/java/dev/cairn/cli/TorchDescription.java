package dev.cairn.cli;

import dev.cairn.cli.options.OutputOptions;
import dev.cairn.cli.text.Amounts;
import dev.cairn.cli.text.Messages;
import dev.cairn.tensor.DType;
import dev.cairn.torchfile.StoredTensor;
import dev.cairn.torchfile.TorchModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What torch's files hold, in words or as JSON. */
final class TorchDescription {
  private final Path path;
  private final TorchModel model;
  private final Map<String, String> aliases;

  private TorchDescription(Path path, TorchModel model) {
    this.path = path;
    this.model = model;
    this.aliases = model.aliases();
  }

  /** Reads what the files say of their tensors; no tensor data. */
  static TorchDescription of(Path path) throws IOException {
    return new TorchDescription(path, TorchModel.open(path));
  }

  void print(OutputOptions speech) {
    model.notes().forEach(note -> speech.message(Messages.printable(note)));
    if (speech.isJson()) {
      speech.printJson(toTree());
      return;
    }
    model
        .tensors()
        .forEach(
            (name, stored) ->
                speech
                    .out()
                    .printf(
                        "%-20s  %-8s %-16s %10s%s%s%n",
                        Messages.printable(name),
                        stored.dtype(),
                        stored.shape(),
                        Amounts.bytes(lengthBytes(stored)),
                        model.files().size() > 1 ? "  " + Messages.printable(file(stored)) : "",
                        aliases.containsKey(name)
                            ? ", shares " + Messages.printable(aliases.get(name))
                            : ""));
    totals()
        .forEach(
            (dtype, total) ->
                speech
                    .out()
                    .printf(
                        "%s: %d tensors, %d elements, %d bytes%n",
                        dtype, total[0], total[1], total[2]));
    speech.out().flush();
  }

  private static long lengthBytes(StoredTensor stored) {
    return stored.dtype().bytes(stored.elements());
  }

  private static String file(StoredTensor stored) {
    return String.valueOf(stored.file().getFileName());
  }

  /** Returns count, elements and bytes by dtype. */
  private Map<DType, long[]> totals() {
    Map<DType, long[]> totals = new TreeMap<>();
    for (StoredTensor stored : model.tensors().values()) {
      long[] total = totals.computeIfAbsent(stored.dtype(), dtype -> new long[3]);
      total[0]++;
      total[1] += stored.elements();
      total[2] += lengthBytes(stored);
    }
    return totals;
  }

  private Map<String, Object> toTree() {
    List<Object> tensors = new ArrayList<>();
    long elements = 0;
    long bytes = 0;
    for (Map.Entry<String, StoredTensor> entry : model.tensors().entrySet()) {
      StoredTensor stored = entry.getValue();
      Map<String, Object> tensor = new LinkedHashMap<>();
      tensor.put("name", entry.getKey());
      tensor.put("dtype", stored.dtype().name());
      tensor.put("shape", Arrays.stream(stored.shape().toArray()).boxed().toList());
      tensor.put("bytes", lengthBytes(stored));
      tensor.put("file", file(stored));
      tensor.put("shares", aliases.get(entry.getKey()));
      tensors.add(tensor);
      elements += stored.elements();
      bytes += lengthBytes(stored);
    }
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("path", path.toString());
    tree.put("bytes", bytes);
    tree.put("elements", elements);
    tree.put("files", List.copyOf(model.files()));
    tree.put("tensors", tensors);
    return tree;
  }
}
