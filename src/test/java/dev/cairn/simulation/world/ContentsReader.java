package dev.cairn.simulation.world;

import dev.cairn.simulation.history.Contents;
import dev.cairn.simulation.history.Model;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads a checkpoint's bytes from the simulated disk, by itself: nothing of the product's readers
 * is used, so that nothing it takes for granted is taken for granted here.
 */
final class ContentsReader {
  private static final Pattern TENSOR =
      Pattern.compile(
          "\"([^\"]+)\":\\{\"dtype\":\"(\\w+)\",\"shape\":\\[([0-9,]*)\\],"
              + "\"data_offsets\":\\[(\\d+),(\\d+)\\]\\}");
  private static final Pattern STAMP = Pattern.compile("\"stamp\":\\s*(\\d+)");
  private static final Pattern OWN = Pattern.compile("\"own\":\\s*\"([^\"]+)\"");
  private static final Pattern OWN_TEXT = Pattern.compile("s(\\d+)r(\\d+)");

  /** Number and element count of every tensor that may be in a file. */
  private static final Map<String, int[]> KNOWN = known();

  private final Set<Integer> stamps = new TreeSet<>();
  private final Map<String, Integer> found = new HashMap<>();
  private boolean isSound = true;

  private static Map<String, int[]> known() {
    Map<String, int[]> known = new HashMap<>();
    for (var tensors : java.util.List.of(Model.WEIGHTS, Model.STATE, Model.SINGLE, Model.ADAPTER)) {
      for (int number = 0; number < tensors.size(); number++) {
        Model.Tensor tensor = tensors.get(number);
        int elements = (int) tensor.shape().elements();
        known.put(tensor.name().replace(".default", ""), new int[] {number, elements});
      }
    }
    return known;
  }

  /** Reads a folder; it has not been asked of the product whether it verifies. */
  static Contents read(FolderNode folder) {
    ContentsReader reader = new ContentsReader();
    reader.readFolder(folder);
    reader.readTrainer(folder);
    return new Contents(reader.stamps, reader.isSound && reader.isComplete(), false);
  }

  private boolean isComplete() {
    Set<String> names = found.keySet();
    boolean isModel = names.size() == 5 && names.contains("a.weight");
    boolean isSingle = names.size() == 2 && names.contains("one.weight");
    boolean isAdapter = names.size() == 3 && names.stream().anyMatch(n -> n.contains("lora_A"));
    return (isModel || isSingle || isAdapter) && names.contains("m.a");
  }

  private void readFolder(FolderNode folder) {
    folder
        .entries()
        .forEach(
            (name, node) -> {
              if (node instanceof FolderNode below) {
                readFolder(below);
              } else if (node instanceof FileNode file && name.endsWith(".safetensors")) {
                readTensors(file.bytes());
              }
            });
  }

  private void readTensors(byte[] bytes) {
    ByteBuffer file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (bytes.length < 8 || file.getLong(0) < 0 || file.getLong(0) > bytes.length - 8) {
      isSound = false;
      return;
    }
    int headerBytes = (int) file.getLong(0);
    String header = new String(bytes, 8, headerBytes, StandardCharsets.UTF_8);
    Matcher matcher = TENSOR.matcher(header);
    while (matcher.find()) {
      readTensor(matcher, file.position(8 + headerBytes).slice().order(ByteOrder.LITTLE_ENDIAN));
    }
  }

  private void readTensor(Matcher header, ByteBuffer data) {
    int[] known = KNOWN.get(header.group(1));
    int end = Integer.parseInt(header.group(5));
    if (known == null || end > data.capacity() || found.put(header.group(1), end) != null) {
      isSound = false;
      return;
    }
    DType dtype = DType.valueOf(header.group(2));
    data.position(Integer.parseInt(header.group(4)));
    isSound &= end - data.position() == dtype.bytes(known[1]);
    for (int element = 0; element < known[1] && isSound; element++) {
      stamps.add(Model.stamp(dtype, known[0], element, data));
    }
  }

  private void readTrainer(FolderNode folder) {
    if (folder.entries().get("state") instanceof FolderNode state
        && state.entries().get("trainer.json") instanceof FileNode file) {
      String text = new String(file.bytes(), StandardCharsets.UTF_8);
      Matcher value = STAMP.matcher(text);
      isSound &= value.find();
      if (isSound) {
        stamps.add(Integer.parseInt(value.group(1)));
        readRanks(OWN.matcher(text));
      }
    } else {
      isSound = false;
    }
  }

  private void readRanks(Matcher own) {
    int rank = 0;
    while (own.find()) {
      String text = new String(Base64.getDecoder().decode(own.group(1)), StandardCharsets.UTF_8);
      Matcher parts = OWN_TEXT.matcher(text);
      isSound &= parts.matches() && Integer.parseInt(parts.group(2)) == rank++;
      if (isSound) {
        stamps.add(Integer.parseInt(parts.group(1)));
      }
    }
    isSound &= rank > 0;
  }
}
