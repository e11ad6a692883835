package dev.cairn.safetensors;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every message that a damaged header can get. The file of each case has 16 bytes of data. */
class HeaderCorruptTest {
  private static final String FULL = "\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]";

  static Stream<Arguments> headers() {
    return Stream.of(
        arguments("", "header does not start with {: headerBytes=0"),
        arguments(" {}", "header does not start with {: headerBytes=3"),
        arguments("[]", "header does not start with {: headerBytes=2"),
        arguments("{", "header is not valid JSON: Unexpected end-of-input"),
        arguments("{}{}", "text after the header's JSON: token=START_OBJECT"),
        arguments("{}\0\0", "header is not valid JSON: Illegal character ((CTRL-CHAR, code 0))"),
        arguments("{\"\u00c0\u00af\":{" + FULL + "}}", "header is not UTF-8: file=model"),
        arguments("{\"\u00ed\u00a0\u0080\":{}}", "header is not UTF-8: file=model"),
        arguments("{\"a\":{" + FULL + "},\"a\":{" + FULL + "}}", "Duplicate field 'a'"),
        arguments(
            tensor(FULL + ",\"dtype\":\"F32\""),
            "header is not valid JSON: Duplicate field 'dtype': tensor=w"),
        arguments(tensor(FULL + ",\"x\":1,\"x\":1"), "Duplicate field 'x': tensor=w"),
        arguments("{\"__metadata__\":{},\"__metadata__\":{}}", "Duplicate field '__metadata__'"),
        arguments("{\"__metadata__\":1}", "__metadata__ is not an object: token=VALUE_NUMBER_INT"),
        arguments("{\"__metadata__\":null}", "__metadata__ is not an object: token=VALUE_NULL"),
        arguments(
            "{\"__metadata__\":{\"k\":1}}",
            "metadata is not a string: key=k, token=VALUE_NUMBER_INT"),
        arguments("{\"w\":[]}", "tensor info is not an object: token=START_ARRAY, tensor=w"),
        arguments("{\"\\ud800\":{}}", "tensor name is not well-formed Unicode: tensor=\\ud800"),
        arguments(tensor(""), "tensor info lacks dtype, shape or data_offsets: tensor=w"),
        arguments(tensor("\"dtype\":\"F32\""), "tensor info lacks dtype, shape or data_offsets"),
        arguments(info("1", "[4]", "[0,16]"), "dtype is not a string: token=VALUE_NUMBER_INT"),
        arguments(
            info("\"F128\"", "[4]", "[0,16]"),
            "unknown dtype: dtype=F128, expected one of " + List.of(DType.values()) + ", tensor=w"),
        arguments(info("\"f32\"", "[4]", "[0,16]"), "unknown dtype: dtype=f32"),
        arguments(info("\"F32\"", "4", "[0,16]"), "shape is not an array: token=VALUE_NUMBER_INT"),
        arguments(
            info("\"F32\"", "[4]", "{\"begin\":0}"),
            "data_offsets is not an array: token=START_OBJECT"),
        arguments(
            info("\"F32\"", "[4.0]", "[0,16]"),
            "shape holds something that is not a count: value=4.0, tensor=w"),
        arguments(info("\"F32\"", "[-4]", "[0,16]"), "not a count: value=-4"),
        arguments(info("\"F32\"", "[\"4\"]", "[0,16]"), "not a count: value=4"),
        arguments(info("\"F32\"", "[NaN]", "[0,16]"), "Non-standard token 'NaN'"),
        arguments(
            info("\"F32\"", "[9223372036854775808]", "[0,16]"),
            "number does not fit 64 bits: tensor=w"),
        arguments(
            info("\"F32\"", "[4]", "[0,18446744073709551632]"),
            "number does not fit 64 bits: tensor=w"),
        arguments(
            info("\"F32\"", "[4]", "[0]"), "data_offsets is not [begin,end): dataOffsets=[0]"),
        arguments(info("\"F32\"", "[4]", "[0,8,16]"), "dataOffsets=[0,8,16]"),
        arguments(info("\"F32\"", "[4]", "[16,0]"), "dataOffsets=[16,0]"),
        arguments(
            info("\"F32\"", "[4294967296,4294967296]", "[0,16]"),
            "element count overflows: shape=[4294967296, 4294967296], tensor=w"),
        arguments(
            info("\"F32\"", "[4611686018427387904]", "[0,16]"),
            "tensor too large: shape=[4611686018427387904], dtype=F32, tensor=w"),
        arguments(
            info("\"F4\"", "[31]", "[0,16]"),
            "elements do not end on a byte: elements=31, dtype=F4, tensor=w"),
        arguments(
            info("\"F32\"", "[2,4]", "[0,16]"),
            "tensor size mismatch: tensor=w, rangeBytes=16, expected 32 (shape=[2,4], dtype=F32)"),
        arguments(
            info("\"F32\"", "[3]", "[4,16]"),
            "hole before a tensor: tensor=w, beginByte=4, expected 0 (the end of the data start)"),
        arguments(
            two("[0,8]", "[12,16]", 1),
            "hole before a tensor: tensor=b, beginByte=12, expected 8 (the end of a)"),
        arguments(
            two("[0,8]", "[4,16]", 3),
            "tensors overlap: tensor=b, beginByte=4, expected 8 (the end of a)"),
        arguments(
            two("[0,8]", "[0,8]", 2),
            "tensors overlap: tensor=b, beginByte=0, expected 8 (the end of a)"),
        arguments(
            two("[0,8]", "[8,24]", 4),
            "file too short: tensor=b, endByte=24, expected at most dataBytes=16"),
        arguments(
            info("\"F32\"", "[3]", "[0,12]"),
            "bytes after the last tensor: dataBytes=16, expected 12 (the end of w)"),
        arguments(
            info("\"F32\"", "[" + "1".repeat(2000) + "]", "[0,16]"),
            "header is not valid JSON: Number value length (2000) exceeds the maximum allowed"),
        arguments(
            tensor(FULL + ",\"x\":" + "[".repeat(1000)),
            "header is not valid JSON: Document nesting depth (201) exceeds the maximum allowed"),
        arguments("{}", "bytes after the last tensor: dataBytes=16, expected 0"));
  }

  @ParameterizedTest
  @MethodSource("headers")
  void damagedHeaderIsNamed(String json, String expected) {
    byte[] bytes = bytes(json);
    CorruptFileException e =
        assertThrows(
            CorruptFileException.class,
            () -> Header.parse(bytes, 8 + bytes.length + 16, "model.safetensors"));
    String message = e.getMessage();
    assertEquals(expected, message.contains(expected) ? expected : message);
    String where = "file=model.safetensors";
    assertEquals(where, message.endsWith(where) ? where : message);
  }

  /** Two of the cases are not UTF-8: their characters stand for bytes. */
  static byte[] bytes(String json) {
    boolean raw = json.contains("\u00c0") || json.contains("\u00ed");
    return json.getBytes(raw ? ISO_8859_1 : UTF_8);
  }

  static Stream<String> sound() {
    return Stream.of(
        tensor(FULL),
        tensor(FULL) + "     ",
        tensor(FULL + ",\"strides\":[1],\"more\":{\"deep\":[{}]}"),
        "{\"__metadata__\":{}," + tensor(FULL).substring(1),
        "{ \"w\" : { " + FULL + " } }",
        info("\"F32\"", "[1,2,1,2,1,1]", "[0,16]"),
        info("\"F6_E2M3\"", "[4,4]", "[0,12]").replace("}}", "},\"x\":")
            + "{\"dtype\":\"F4\",\"shape\":[8],\"data_offsets\":[12,16]}}",
        two("[8,16]", "[0,8]", 2),
        "{\"\":{" + FULL + "}}");
  }

  @ParameterizedTest
  @MethodSource("sound")
  void unusualButSoundHeaderIsRead(String json) throws CorruptFileException {
    byte[] bytes = json.getBytes(UTF_8);
    Header header = Header.parse(bytes, 8 + bytes.length + 16, "model.safetensors");
    assertEquals(8 + bytes.length, header.dataOffset());
    assertEquals(8 + bytes.length + 16, header.fileLengthBytes());
  }

  @Test
  void fileShorterThanTheLengthIsNamed() {
    assertLengthError(
        new byte[7], 7, "file too short for a header: fileBytes=7, expected at least 8, file=f");
  }

  @Test
  void headerLongerThanReadersTakeIsNamed() {
    assertLengthError(
        length(100_000_001),
        1L << 40,
        "header too long: headerBytes=100000001, expected at most 100000000, file=f");
  }

  @Test
  void lengthWithTheTopBitIsUnsigned() {
    assertLengthError(
        length(-1),
        1L << 40,
        "header too long: headerBytes=18446744073709551615, expected at most 100000000, file=f");
  }

  @Test
  void headerPastTheEndIsNamed() {
    assertLengthError(
        length(93),
        100,
        "header reaches past the end of the file: headerBytes=93, expected at most 92, file=f");
  }

  @Test
  void longestHeaderIsAccepted() throws CorruptFileException {
    assertEquals(100_000_000, Header.parseLength(length(100_000_000), 100_000_008, "f"));
  }

  private static void assertLengthError(byte[] first8, long fileLengthBytes, String expected) {
    Exception e =
        assertThrows(
            CorruptFileException.class, () -> Header.parseLength(first8, fileLengthBytes, "f"));
    assertEquals(expected, e.getMessage());
  }

  private static byte[] length(long jsonBytes) {
    return ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(jsonBytes).array();
  }

  private static String tensor(String fields) {
    return "{\"w\":{" + fields + "}}";
  }

  private static String info(String dtype, String shape, String offsets) {
    return tensor("\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets);
  }

  /** Two F32 tensors: a of 2 elements and b. */
  private static String two(String offsetsA, String offsetsB, int elementsB) {
    return "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":"
        + offsetsA
        + "},\"b\":{\"dtype\":\"F32\",\"shape\":["
        + elementsB
        + "],\"data_offsets\":"
        + offsetsB
        + "}}";
  }
}
