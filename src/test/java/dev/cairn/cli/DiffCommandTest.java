package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.json.Json;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiffCommandTest {
  @TempDir private Path folder;

  private Path file(String name, Map<String, float[]> tensors) throws IOException {
    List<TensorInfo> infos =
        tensors.entrySet().stream()
            .map(e -> new TensorInfo(e.getKey(), DType.F32, Shape.of(e.getValue().length)))
            .toList();
    Header header = Header.of(Map.of(), infos);
    ByteBuffer data =
        ByteBuffer.allocate((int) header.fileLengthBytes()).order(ByteOrder.LITTLE_ENDIAN);
    data.put(header.encode());
    header
        .tensors()
        .forEach(
            entry -> {
              for (float value : tensors.get(entry.name())) {
                data.putFloat(value);
              }
            });
    return Files.write(folder.resolve(name), data.array());
  }

  private static CommandRun diff(Path first, Path second, String... options) {
    String[] arguments = new String[3 + options.length];
    arguments[0] = "diff";
    arguments[1] = first.toString();
    arguments[2] = second.toString();
    System.arraycopy(options, 0, arguments, 3, options.length);
    return CommandRun.of(arguments);
  }

  /** JSON has no numbers for these: jq and JavaScript refuse the whole document. */
  @Test
  void differencesThatAreNoNumbersAreTextsInTheDocument() throws IOException {
    Path first = file("a.safetensors", Map.of("w", new float[] {Float.NaN}));
    Path second = file("b.safetensors", Map.of("w", new float[] {1}));
    Path third = file("c.safetensors", Map.of("w", new float[] {Float.NEGATIVE_INFINITY}));
    String nan = diff(first, second, "--json").out();
    assertTrue(nan.contains("\"largestAbsolute\": \"NaN\""), nan);
    String infinite = diff(second, third, "--json").out();
    assertTrue(infinite.contains("\"largestAbsolute\": \"Infinity\""), infinite);
  }

  @Test
  void equalFilesAreFine() throws IOException {
    Path file = file("a.safetensors", Map.of("w", new float[] {1, 2}));
    CommandRun run = diff(file, file);
    assertEquals(0, run.exitCode());
    assertEquals("equal: every tensor byte for byte\n", run.out());
    assertEquals("", run.err());
  }

  @Test
  void everyKindOfDifferenceHasItsLine() throws IOException {
    Map<String, float[]> first = new LinkedHashMap<>();
    first.put("both", new float[] {1, 2, 3});
    first.put("mine", new float[] {1});
    first.put("shape", new float[] {1});
    first.put("same", new float[] {1});
    Map<String, float[]> second = new LinkedHashMap<>();
    second.put("both", new float[] {1, Math.nextUp(Math.nextUp(2f)), 3});
    second.put("shape", new float[] {1, 1});
    second.put("same", new float[] {1});
    second.put("your\u001bs", new float[] {1});
    CommandRun run = diff(file("a.safetensors", first), file("b.safetensors", second));
    assertEquals(1, run.exitCode());
    assertEquals(
        """
        both: values differ, 1 bytes, largest absolute difference 4.76837158203125E-7, 2 ulp
        mine: only in the first
        shape: shape [1], [2]
        your\\u001bs: only in the second
        """,
        run.out());
  }

  @Test
  void documentHoldsTheNumbers() throws IOException {
    Path first = file("a.safetensors", Map.of("w", new float[] {1, 2}));
    Path second = file("b.safetensors", Map.of("w", new float[] {1, -2}));
    CommandRun run = diff(first, second, "--json");
    assertEquals(1, run.exitCode());
    Map<String, Object> json = Json.parseObject(run.out().getBytes(StandardCharsets.UTF_8));
    assertEquals(first.toString(), json.get("first"));
    assertEquals(second.toString(), json.get("second"));
    assertEquals(false, json.get("equal"));
    List<?> differences = (List<?>) json.get("differences");
    assertEquals(1, differences.size());
    Map<?, ?> difference = (Map<?, ?>) differences.get(0);
    assertEquals("w", difference.get("tensor"));
    assertEquals("values differ", difference.get("problem"));
    assertEquals("1", difference.get("differingBytes").toString());
    assertEquals("4.0", difference.get("largestAbsolute").toString());
    assertEquals("2147483648", difference.get("largestUlp").toString());
  }

  @Test
  void corruptFileIsBadInputAndAMissingOneWrongUsage() throws IOException {
    Path fine = file("a.safetensors", Map.of("w", new float[] {1}));
    Path corrupt = Files.writeString(folder.resolve("b.safetensors"), "not safetensors");
    CommandRun run = diff(fine, corrupt);
    assertEquals(1, run.exitCode());
    assertTrue(run.err().contains("b.safetensors"), run.err());
    assertEquals("", run.out());
    assertEquals(2, diff(fine, folder.resolve("gone")).exitCode());
    assertEquals(2, CommandRun.of("diff", fine.toString()).exitCode());
  }
}
