package dev.cairn.save;

import dev.cairn.comm.channel.Control;
import dev.cairn.io.Disk;
import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import dev.cairn.safetensors.Manifest;
import dev.cairn.tensor.CorruptFileException;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The file {@code state/trainer.json}: values of the trainer, and every rank's own bytes in base64.
 *
 * @param values name to value, as JSON has it
 * @param rankBytes for each rank that saved, name to bytes
 */
public record TrainerFile(Map<String, Object> values, List<Map<String, byte[]>> rankBytes) {
  /** The file's name inside a checkpoint. */
  static final String FILE_NAME = "state/trainer.json";

  private static final String VERSION = "format_version";
  private static final String VALUES = "values";
  private static final String RANKS = "ranks";

  byte[] encode() {
    List<Object> ranks = new ArrayList<>();
    for (Map<String, byte[]> own : rankBytes) {
      Map<String, Object> encoded = new LinkedHashMap<>();
      own.forEach((name, bytes) -> encoded.put(name, Base64.getEncoder().encodeToString(bytes)));
      ranks.add(encoded);
    }
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put(VERSION, JsonNumber.of(1));
    tree.put(VALUES, values);
    tree.put(RANKS, ranks);
    return Json.pretty(tree);
  }

  /**
   * Reads a checkpoint's file; nothing if none was saved.
   *
   * @throws NoSuchFileException if there is no checkpoint: deleted since, or not on this host
   */
  public static byte[] read(Disk disk, Path checkpoint) throws IOException {
    Path file = checkpoint.resolve(FILE_NAME);
    if (disk.exists(file)) {
      return disk.readAll(file);
    }
    if (!disk.exists(checkpoint.resolve(Manifest.COMPLETED_FILE_NAME))) {
      throw new NoSuchFileException("there is no checkpoint any more: folder=" + checkpoint);
    }
    return new byte[0];
  }

  /** Understands what {@link #read} has returned; no values and no ranks if that is nothing. */
  public static TrainerFile parse(byte[] bytes, Path checkpoint) throws IOException {
    return bytes.length == 0
        ? new TrainerFile(Map.of(), List.of())
        : parse(bytes, checkpoint.resolve(FILE_NAME).toString());
  }

  /**
   * Returns one rank's bytes as a message to rank 0.
   *
   * @throws IllegalArgumentException if they are too many for one
   */
  static byte[] encodeRank(Map<String, byte[]> own) {
    long textBytes = 0;
    for (byte[] bytes : own.values()) {
      textBytes += 4L * ((bytes.length + 2L) / 3); // base64
    }
    byte[] message =
        textBytes > Control.MAX_MESSAGE_BYTES
            ? null
            : new TrainerFile(Map.of(), List.of(own)).encode();
    if (message == null || message.length > Control.MAX_MESSAGE_BYTES) {
      List<String> lengths = new ArrayList<>();
      own.forEach((name, bytes) -> lengths.add(name + "=" + bytes.length));
      throw new IllegalArgumentException(
          "rank's own bytes are too many: %s, expected together at most %d; save them as a tensor"
              .formatted(String.join(", ", lengths), Control.MAX_MESSAGE_BYTES / 4 * 3));
    }
    return message;
  }

  static Map<String, byte[]> decodeRank(byte[] message) throws IOException {
    return parse(message, "message of a rank").rankBytes().get(0);
  }

  static TrainerFile parse(byte[] bytes, String where) throws CorruptFileException {
    try {
      Map<String, Object> tree = Json.parseObject(bytes);
      Map<String, Object> values = new LinkedHashMap<>();
      object(tree, VALUES).forEach((name, value) -> values.put((String) name, value));
      List<Map<String, byte[]>> ranks = new ArrayList<>();
      if (!(tree.get(RANKS) instanceof List<?> list)) {
        throw new CorruptFileException("no list of ranks");
      }
      for (Object rank : list) {
        Map<String, byte[]> own = new LinkedHashMap<>();
        object(Map.of(RANKS, rank), RANKS)
            .forEach(
                (name, text) -> own.put((String) name, Base64.getDecoder().decode((String) text)));
        ranks.add(own);
      }
      return new TrainerFile(values, ranks);
    } catch (IOException | IllegalArgumentException | ClassCastException e) {
      throw new CorruptFileException(
          "trainer state is not readable: " + e.getMessage() + ", file=" + where, e);
    }
  }

  private static Map<?, ?> object(Map<String, ?> tree, String key) throws CorruptFileException {
    if (tree.get(key) instanceof Map<?, ?> object) {
      return object;
    }
    throw new CorruptFileException("no object " + key);
  }
}
