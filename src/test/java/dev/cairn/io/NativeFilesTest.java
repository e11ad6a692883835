package dev.cairn.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("native")
class NativeFilesTest {
  private static final String UNSUPPORTED = "the file system of the temporary folder cannot do it";

  @TempDir private Path folder;

  @BeforeEach
  void libraryIsThere() {
    assumeTrue(NativeFiles.isAvailable(), "no native library");
  }

  @Test
  void reservedFileHasTheLengthAndKeepsItsBytes() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "abc");
    assumeTrue(NativeFiles.reserve(file, 100_000), UNSUPPORTED);
    assertEquals(100_000, Files.size(file));
    assertEquals("abc\0", Files.readString(file).substring(0, 4));
  }

  @Test
  void reservingNothingChangesNothing() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "abc");
    assertTrue(NativeFiles.reserve(file, 0));
    assertEquals("abc", Files.readString(file));
  }

  @Test
  void reservingMoreThanThereIsFailsAndSaysSo() throws IOException {
    Path file = Files.createFile(folder.resolve("file"));
    assumeTrue(NativeFiles.reserve(file, 1), UNSUPPORTED);
    FileSystemException e =
        assertThrows(FileSystemException.class, () -> NativeFiles.reserve(file, 1L << 62));
    assertEquals(file.toString(), e.getFile());
    String reason = e.getReason();
    assertTrue(
        reason.equals("reserve failed: lengthBytes=4611686018427387904, File too large")
            || reason.endsWith(", No space left on device"),
        reason);
  }

  @Test
  void reservingAFileThatIsNotThereFails() {
    Path file = folder.resolve("not-there");
    NoSuchFileException e =
        assertThrows(NoSuchFileException.class, () -> NativeFiles.reserve(file, 1));
    assertEquals(
        file + ": reserve failed: lengthBytes=1, No such file or directory", e.getMessage());
  }

  @Test
  void negativeLengthIsRefused() {
    Path file = folder.resolve("file");
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> NativeFiles.reserve(file, -1));
    assertEquals(
        "cannot reserve: lengthBytes=-1, expected 0 or more, file=" + file, e.getMessage());
  }

  @Test
  void exchangeSwapsTwoFolders() throws IOException {
    Path a = Files.createDirectory(folder.resolve("a"));
    Path b = Files.createDirectory(folder.resolve("b"));
    Files.createFile(a.resolve("in-a"));
    assumeTrue(NativeFiles.rename(a, b, RenameMode.EXCHANGE), UNSUPPORTED);
    assertTrue(Files.exists(b.resolve("in-a")));
    assertTrue(Files.isDirectory(a));
    assertFalse(Files.exists(a.resolve("in-a")));
  }

  @Test
  void exchangeWithNothingFailsAndNamesBoth() throws IOException {
    Path a = Files.createFile(folder.resolve("a"));
    Path b = folder.resolve("b");
    NoSuchFileException e =
        assertThrows(
            NoSuchFileException.class, () -> NativeFiles.rename(a, b, RenameMode.EXCHANGE));
    assertEquals(
        a + " -> " + b + ": rename failed: mode=EXCHANGE, No such file or directory",
        e.getMessage());
  }

  @Test
  void noReplaceRenamesToAFreeName() throws IOException {
    Path a = Files.writeString(folder.resolve("a"), "a");
    Path b = folder.resolve("b");
    assumeTrue(NativeFiles.rename(a, b, RenameMode.NO_REPLACE), UNSUPPORTED);
    assertEquals("a", Files.readString(b));
    assertFalse(Files.exists(a));
  }

  @Test
  void noReplaceKeepsWhatIsThere() throws IOException {
    Path a = Files.writeString(folder.resolve("a"), "a");
    Path b = Files.writeString(folder.resolve("b"), "b");
    FileAlreadyExistsException e =
        assertThrows(
            FileAlreadyExistsException.class,
            () -> NativeFiles.rename(a, b, RenameMode.NO_REPLACE));
    assertEquals(a + " -> " + b + ": rename failed: mode=NO_REPLACE, File exists", e.getMessage());
    assertEquals("b", Files.readString(b));
  }

  @ParameterizedTest
  @ValueSource(strings = {"with space", "100%41", "a+b?c#d;e", "new\nline", ".hidden", "&<\"'"})
  void namesOfEveryKindAreFound(String name) throws IOException {
    Path file = Files.writeString(folder.resolve(name), "abc");
    NativeFiles.startWriteBack(file, 0, 3);
    assertEquals("abc", Files.readString(file));
  }

  @Test
  void nameOutsideAsciiIsFound() throws IOException {
    assumeTrue(
        !System.getProperty("sun.jnu.encoding").startsWith("ANSI"), "names are ASCII only here");
    Path file = Files.writeString(folder.resolve("modèle-模型"), "abc");
    NativeFiles.startWriteBack(file, 0, 0);
    assumeTrue(NativeFiles.reserve(file, 10), UNSUPPORTED);
    assertEquals(10, Files.size(file));
  }

  @Test
  void relativePathIsTakenFromTheWorkingFolder() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "abc");
    Path relative = Path.of("").toAbsolutePath().relativize(file);
    NativeFiles.startWriteBack(relative, 0, 0);
  }

  @Test
  void startingToWriteBackAFileThatIsNotThereFails() {
    Path file = folder.resolve("not-there");
    NoSuchFileException e =
        assertThrows(NoSuchFileException.class, () -> NativeFiles.startWriteBack(file, 4, 0));
    assertEquals(file + ": write failed: fileOffset=4, No such file or directory", e.getMessage());
  }
}
