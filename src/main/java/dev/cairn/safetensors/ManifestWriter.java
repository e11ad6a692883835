package dev.cairn.safetensors;

import dev.cairn.json.PrettyJson;
import dev.cairn.safetensors.Manifest.FileRecord;
import dev.cairn.safetensors.Manifest.TensorRecord;
import java.util.List;

/** Writes one manifest, a field at a time: the tree of 100 000 tensors would take 100 MB. */
final class ManifestWriter {
  private final Manifest manifest;

  ManifestWriter(Manifest manifest) {
    this.manifest = manifest;
  }

  void write(PrettyJson json) {
    json.object(
        () -> {
          json.name("format_version").number(Manifest.FORMAT_VERSION);
          json.name("created").text(manifest.created());
          json.name("mode").text(manifest.mode());
          json.name("world_size").number(manifest.worldSize());
          manifest.step().ifPresent(value -> json.name("step").number(value));
          json.name("files").object(() -> manifest.files().forEach(file -> writeFile(json, file)));
          json.name("tensors").object(() -> writeTensors(json));
        });
  }

  private static void writeFile(PrettyJson json, FileRecord file) {
    json.name(file.name())
        .object(
            () -> {
              json.name("length_bytes").number(file.lengthBytes());
              json.name("crc32c").text(Manifest.crc(file.crc32c()));
            });
  }

  /** By file, then by name: a model's tensor and an optimizer's may have the same name. */
  private void writeTensors(PrettyJson json) {
    List<TensorRecord> tensors = manifest.tensors(); // sorted by file
    for (int begin = 0; begin < tensors.size(); ) {
      String file = tensors.get(begin).file();
      int end = begin;
      while (end < tensors.size() && tensors.get(end).file().equals(file)) {
        end++;
      }
      List<TensorRecord> ofFile = tensors.subList(begin, end);
      json.name(file).object(() -> ofFile.forEach(tensor -> writeTensor(json, tensor)));
      begin = end;
    }
  }

  private static void writeTensor(PrettyJson json, TensorRecord tensor) {
    json.name(tensor.name())
        .object(
            () -> {
              json.name("dtype").text(tensor.dtype().name());
              json.name("shape")
                  .array(
                      () -> {
                        for (int index = 0; index < tensor.shape().dimensions(); index++) {
                          json.number(tensor.shape().dimension(index));
                        }
                      });
              json.name("data_offsets")
                  .array(
                      () -> {
                        json.number(tensor.beginByte());
                        json.number(tensor.endByte());
                      });
              json.name("crc32c").text(Manifest.crc(tensor.crc32c()));
            });
  }
}
