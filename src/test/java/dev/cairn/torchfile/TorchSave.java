package dev.cairn.torchfile;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.PickleWriter.TensorData;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Writes torch files of whatever structure, whose tensors count up from 0 in bytes. */
public final class TorchSave {
  private TorchSave() {}

  /** Returns a tensor that has a storage of its own. */
  public static TensorData tensor(String storage, DType dtype, long... shape) {
    Shape whole = Shape.of(shape);
    return new TensorData(storage, whole.elements(), dtype, 0, whole);
  }

  /** Writes a file of the zip format, making the folders around it. */
  public static Path save(Path file, Object root) throws IOException {
    Files.createDirectories(file.getParent());
    Map<String, Long> storages = new LinkedHashMap<>();
    find(root, storages);
    try (PtFileWriter writer = new PtFileWriter(file, PickleWriter.pickle(root))) {
      for (Map.Entry<String, Long> storage : storages.entrySet()) {
        writer.storage(
            storage.getKey(),
            storage.getValue(),
            (offset, target) -> {
              for (long at = offset; target.hasRemaining(); at++) {
                target.put((byte) (at % 64));
              }
            });
      }
    }
    return file;
  }

  /**
   * Copies a file as torch would have saved it under another name, of the same length: the file has
   * its name in itself.
   */
  public static void copyAs(Path source, Path target) throws IOException {
    byte[] bytes = Files.readAllBytes(source);
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    String renamed = text.replace(stem(source) + "/", stem(target) + "/");
    Files.write(target, renamed.getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String stem(Path file) {
    String name = file.getFileName().toString();
    return name.substring(0, name.lastIndexOf('.'));
  }

  private static void find(Object value, Map<String, Long> storages) {
    if (value instanceof Map<?, ?> map) {
      map.values().forEach(inner -> find(inner, storages));
    } else if (value instanceof Iterable<?> list) {
      list.forEach(inner -> find(inner, storages));
    } else if (value instanceof TensorData tensor) {
      storages.put(tensor.storage(), tensor.dtype().bytes(tensor.storageElements()));
    }
  }
}
