package dev.cairn.hf;

import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.ShardIndex;
import dev.cairn.safetensors.TensorEntry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Compares an index with the headers of the files it names. */
final class IndexCheck {
  private IndexCheck() {}

  /**
   * Returns the tensors that are missing, in another file, or not in the index.
   *
   * @param headers file name to header, in file order, of the files that could be read
   */
  static List<Finding> compare(ShardIndex index, Map<String, Header> headers) {
    List<Finding> findings = new ArrayList<>();
    Map<String, String> found = new HashMap<>();
    for (Map.Entry<String, Header> file : headers.entrySet()) {
      for (TensorEntry tensor : file.getValue().tensors()) {
        String twice = found.putIfAbsent(tensor.name(), file.getKey());
        String expected = index.weightMap().get(tensor.name());
        if (twice != null) {
          findings.add(finding(file.getKey(), tensor.name(), "tensor is in two files: " + twice));
        } else if (expected == null) {
          findings.add(finding(file.getKey(), tensor.name(), "tensor is not in the index"));
        }
      }
    }
    for (Map.Entry<String, String> entry : index.weightMap().entrySet()) {
      String actual = found.get(entry.getKey());
      if (!entry.getValue().equals(actual) && headers.containsKey(entry.getValue())) {
        String problem = "tensor is not in the file that the index names";
        String place = actual == null ? ": it is in none" : ": actual=" + actual;
        findings.add(finding(entry.getValue(), entry.getKey(), problem + place));
      }
    }
    return findings;
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
        Finding.of(
            ShardIndex.FILE_NAME,
            "total_size mismatch: total_size=%d, expected %d"
                .formatted(index.totalBytes().getAsLong(), dataBytes)));
  }

  private static Finding finding(String file, String tensor, String problem) {
    return new Finding(file, tensor, problem);
  }
}
