package dev.cairn.hf;

import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.ShardIndex;
import dev.cairn.safetensors.TensorEntry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Compares an index with the headers of the files it names. */
final class IndexCheck {
  private IndexCheck() {}

  /** Begins what is said of a tensor that only the index has. */
  private static final String PROMISED = "tensor is not in the file that the index names";

  /** Tells whether a tensor that two files have is the same in both. */
  interface Duplicates {
    boolean isSame(String tensor, String first, String second) throws IOException;
  }

  /**
   * Returns the tensors that are missing, in another file, or not in the index: notes, if loaders
   * do not mind, as they take whatever the files have that the index names.
   *
   * @param headers file name to header, in file order, of the files that could be read
   */
  static List<Finding> compare(ShardIndex index, Map<String, Header> headers, Duplicates duplicates)
      throws IOException {
    List<Finding> findings = new ArrayList<>();
    Map<String, String> found = new HashMap<>();
    for (Map.Entry<String, Header> file : headers.entrySet()) {
      for (TensorEntry tensor : file.getValue().tensors()) {
        String twice = found.putIfAbsent(tensor.name(), file.getKey());
        String expected = index.weightMap().get(tensor.name());
        if (twice != null) {
          boolean isSame = duplicates.isSame(tensor.name(), twice, file.getKey());
          String problem =
              "tensor is in two files%s: %s".formatted(isSame ? ", the same" : "", twice);
          findings.add(new Finding(file.getKey(), tensor.name(), problem, isSame));
        } else if (expected == null) {
          findings.add(note(file.getKey(), tensor.name(), "tensor is not in the index"));
        }
      }
    }
    for (Map.Entry<String, String> entry : index.weightMap().entrySet()) {
      String actual = found.get(entry.getKey());
      if (!entry.getValue().equals(actual) && headers.containsKey(entry.getValue())) {
        boolean isElsewhere = actual != null;
        String place = isElsewhere ? ": actual=" + actual : ": it is in none";
        findings.add(new Finding(entry.getValue(), entry.getKey(), PROMISED + place, isElsewhere));
      }
    }
    return findings;
  }

  /** Returns whether a finding is about a tensor that only the index has. */
  static boolean isPromise(Finding finding) {
    return finding.problem().startsWith(PROMISED);
  }

  /**
   * Returns whether the index is wrong about the length of all data; loaders ignore it.
   *
   * @param headers of all files that the index names
   */
  static Optional<Finding> compareTotal(ShardIndex index, Map<String, Header> headers) {
    long dataBytes =
        headers.values().stream()
            .flatMap(header -> header.tensors().stream())
            .mapToLong(TensorEntry::lengthBytes)
            .sum();
    if (index.totalBytes().orElse(dataBytes) == dataBytes) {
      return Optional.empty();
    }
    return Optional.of(
        note(
            ShardIndex.FILE_NAME,
            "",
            "total_size mismatch: total_size=%d, expected %d"
                .formatted(index.totalBytes().getAsLong(), dataBytes)));
  }

  private static Finding note(String file, String tensor, String problem) {
    return new Finding(file, tensor, problem, true);
  }
}
