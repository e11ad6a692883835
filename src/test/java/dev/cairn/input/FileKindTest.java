package dev.cairn.input;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileKindTest {
  private static FileKind of(String latin) {
    return FileKind.of(latin.getBytes(ISO_8859_1));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "version https://git-lfs.github.com/spec/v1 oid sha256:4d | LFS_POINTER",
        "# xet version 0 | XET_POINTER",
        "<!DOCTYPE html><html> | HTML",
        "<HTML><head> | HTML",
        "<?xml version=\"1.0\"?><Error> | HTML",
        "{\"error\":\"Entry not found\"} | JSON",
        "[1, 2] | JSON",
        "Entry not found | TEXT",
        "GGUF rest | GGUF",
        "PK\u0003\u0004 rest | TORCH_ZIP",
        "BZh91AY | COMPRESSED"
      })
  void firstBytesSayWhatAFileIs(String first, FileKind expected) {
    assertEquals(expected, of(first));
  }

  @Test
  void bytesThatAreNoTextAreToldToo() {
    assertEquals(FileKind.COMPRESSED, of("\u001f\u008b\0\0"));
    assertEquals(FileKind.HDF5, of("\u0089HDF\r\n\u001a\n"));
    assertEquals(FileKind.PICKLE, of("\u0080\u0002}q\0."));
    assertEquals(FileKind.UNKNOWN, of("MZ\0\u0001"));
  }

  @Test
  void emptyFilesAndZerosAreNoWeights() {
    assertEquals(FileKind.EMPTY, FileKind.of(new byte[0]));
    assertEquals(FileKind.ZEROS, FileKind.of(new byte[1]));
    assertEquals(FileKind.ZEROS, FileKind.of(new byte[FileKind.FIRST_BYTES]));
  }

  @Test
  void safetensorsAreToldByTheirHeader() {
    assertEquals(FileKind.SAFETENSORS, of("\u0010\0\0\0\0\0\0\0{\"a\":{}}"));
    assertEquals(FileKind.SAFETENSORS, of("\u0080\u0002\0\0\0\0\0\0{\"a\":{}}"));
    assertEquals(FileKind.UNKNOWN, of("\u0010\0\0\0\0\0\0\u0010{\"a\":{}}"));
  }

  @Test
  void legacyTorchFilesAreToldByTheirMagicNumber() {
    String magic = "\u008a\nl\u00fc\u009cF\u00f9 j\u00a8P\u0019.";
    assertEquals(FileKind.TORCH_LEGACY, of("\u0080\u0002" + magic));
    assertEquals(FileKind.TORCH_LEGACY, of("\u0080\u0004\u0095\r\0\0\0\0\0\0\0" + magic));
  }

  @Test
  void tarIsToldByItsMagic() {
    byte[] tar = new byte[FileKind.FIRST_BYTES];
    Arrays.fill(tar, 0, 8, (byte) 'a');
    System.arraycopy("ustar".getBytes(ISO_8859_1), 0, tar, 257, 5);
    assertEquals(FileKind.TAR, FileKind.of(tar));
  }

  @Test
  void textMayBeginWithAMarkAndSpace() {
    assertEquals(FileKind.JSON, of("\u00ef\u00bb\u00bf \n{\"a\": 1}"));
    assertEquals(FileKind.TEXT, of("Zugriff verweigert f\u00c3\u00bcr alle"));
  }
}
