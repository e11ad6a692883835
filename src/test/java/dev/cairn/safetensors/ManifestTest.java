package dev.cairn.safetensors;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.safetensors.Manifest.FileRecord;
import dev.cairn.safetensors.Manifest.TensorRecord;
import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestTest {
  private static final TensorRecord WEIGHT =
      new TensorRecord("w", "a.safetensors", DType.BF16, Shape.of(2, 2), 4, 12, 0x00abcdef);
  private static final TensorRecord SCALAR =
      new TensorRecord("s", "a.safetensors", DType.F32, Shape.of(), 0, 4, -1);
  private static final FileRecord FILE = new FileRecord("a.safetensors", 180, 0x12345678);
  private static final FileRecord CONFIG = new FileRecord("sub/config.json", 2, 0);
  private static final Manifest MANIFEST =
      new Manifest(
          "2026-01-02T03:04:05Z",
          "parallel",
          4,
          OptionalLong.of(1000),
          List.of(WEIGHT, SCALAR),
          List.of(CONFIG, FILE));

  private static final String TEXT =
      """
      {
        "format_version": 1,
        "created": "2026-01-02T03:04:05Z",
        "mode": "parallel",
        "world_size": 4,
        "step": 1000,
        "files": {
          "a.safetensors": {
            "length_bytes": 180,
            "crc32c": "12345678"
          },
          "sub/config.json": {
            "length_bytes": 2,
            "crc32c": "00000000"
          }
        },
        "tensors": {
          "a.safetensors": {
            "s": {
              "dtype": "F32",
              "shape": [],
              "data_offsets": [
                0,
                4
              ],
              "crc32c": "ffffffff"
            },
            "w": {
              "dtype": "BF16",
              "shape": [
                2,
                2
              ],
              "data_offsets": [
                4,
                12
              ],
              "crc32c": "00abcdef"
            }
          }
        }
      }
      """;

  @Test
  void encodingHasAFixedForm() {
    assertEquals(TEXT, new String(MANIFEST.encode(), UTF_8));
  }

  @Test
  void parsingWhatWasEncodedGivesTheSameManifest() throws CorruptFileException {
    assertEquals(MANIFEST, Manifest.parse(MANIFEST.encode(), "here"));
  }

  @Test
  void stepMayBeMissing() throws CorruptFileException {
    Manifest none =
        new Manifest("now", "gather", 1, OptionalLong.empty(), List.of(), List.of(FILE));
    assertEquals(none, Manifest.parse(none.encode(), "here"));
  }

  @Test
  void orderOfTheRecordsDoesNotMatter() {
    List<TensorRecord> tensors = new ArrayList<>(MANIFEST.tensors());
    List<FileRecord> files = new ArrayList<>(MANIFEST.files());
    Collections.reverse(tensors);
    Collections.reverse(files);
    Manifest other =
        new Manifest(MANIFEST.created(), MANIFEST.mode(), 4, MANIFEST.step(), tensors, files);
    assertArrayEquals(MANIFEST.encode(), other.encode());
  }

  @Test
  void unknownFieldsAreIgnored() throws CorruptFileException {
    byte[] newer = TEXT.replace("\"mode\"", "\"host\": [1], \"mode\"").getBytes(UTF_8);
    assertEquals(MANIFEST, Manifest.parse(newer, "here"));
  }

  @Test
  void recordOfAnEntryGivesTheEntryBack() {
    TensorEntry entry = new TensorEntry("w", DType.BF16, Shape.of(2, 2), 4, 12);
    assertEquals(WEIGHT, TensorRecord.of(entry, "a.safetensors", 0x00abcdef));
    assertEquals(entry, WEIGHT.entry());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "\"format_version\": 1 | \"format_version\": 2 | manifest has another format: format_version=2, expected 1",
        "\"format_version\" | \"version\" | manifest field missing or wrong: field=format_version, expected a count, in manifest",
        "\"world_size\": 4 | \"world_size\": 0 | manifest field out of range: world_size=0",
        "\"world_size\": 4 | \"world_size\": 4.0 | manifest field missing or wrong: field=world_size, expected a count, in manifest",
        "\"step\": 1000 | \"step\": -1 | manifest field missing or wrong: field=step, expected a count, in manifest",
        "\"created\" | \"made\" | manifest field missing or wrong: field=created, expected a string, in manifest",
        "\"mode\": \"parallel\" | \"mode\": 1 | manifest field missing or wrong: field=mode, expected a string, in manifest",
        "\"files\" | \"folders\" | manifest field missing or wrong: field=files, expected an object, in manifest",
        "\"tensors\" | \"weights\" | manifest field missing or wrong: field=tensors, expected an object, in manifest",
        "sub/config.json | ../config.json | manifest names a file outside its folder: name=../config.json",
        "\"length_bytes\": 2 | \"length_bytes\": \"2\" | manifest field missing or wrong: field=length_bytes, expected a count, in name=sub/config.json",
        "\"12345678\" | \"1234567\" | manifest field missing or wrong: field=crc32c, expected 8 lowercase hex digits, in name=a.safetensors",
        "\"00abcdef\" | \"00ABCDEF\" | manifest field missing or wrong: field=crc32c, expected 8 lowercase hex digits, in tensor=w",
        "\"BF16\" | \"BF17\" | unknown dtype: dtype=BF17, tensor=w",
        "\"shape\": [] | \"shape\": 1 | manifest field missing or wrong: field=shape, expected an array, in tensor=s",
        "\"shape\": [] | \"shape\": [3] | tensor size mismatch: tensor=s, rangeBytes=4, expected 12 (shape=[3], dtype=F32)",
        "\"shape\": [] | \"shape\": [4294967296,4294967296] | tensor has no length: element count overflows: shape=[4294967296, 4294967296], tensor=s",
        "\"data_offsets\": [ | \"data_offsets\": [9, | data_offsets is not [begin,end): tensor=s",
        "\"format_version\": 1, | \"format_version\": 1, \"mode\": \"x\", | manifest is not valid JSON: Duplicate field 'mode'",
      })
  void damagedManifestIsNamed(String from, String to, String expected) {
    byte[] damaged = TEXT.replace(from, to).getBytes(UTF_8);
    CorruptFileException e =
        assertThrows(CorruptFileException.class, () -> Manifest.parse(damaged, "cairn.json"));
    String message = e.getMessage();
    assertEquals(expected, message.startsWith(expected) ? expected : message);
    assertEquals(true, message.endsWith("file=cairn.json"));
  }

  @Test
  void tensorsOfAnUnlistedFileAreNamed() {
    String damaged = TEXT.replaceFirst("\"a.safetensors\"", "\"b.safetensors\"");
    CorruptFileException e =
        assertThrows(
            CorruptFileException.class,
            () -> Manifest.parse(damaged.getBytes(UTF_8), "cairn.json"));
    assertEquals(
        "manifest names a file it does not list: shard=a.safetensors, file=cairn.json",
        e.getMessage());
  }

  @Test
  void tensorsOfTwoFilesMayHaveOneName() throws Exception {
    TensorRecord twin =
        new TensorRecord("w", "b.safetensors", DType.F32, Shape.of(1), 0, 4, 0x01020304);
    FileRecord file = new FileRecord("b.safetensors", 100, 1);
    Manifest manifest =
        new Manifest(
            "now", "gather", 1, OptionalLong.empty(), List.of(WEIGHT, twin), List.of(FILE, file));
    assertEquals(manifest, Manifest.parse(manifest.encode(), "cairn.json"));
  }
}
