package dev.cairn.torchfile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.cairn.torchfile.PickleValue.Dictionary;
import dev.cairn.torchfile.PickleValue.Inert;
import dev.cairn.torchfile.PickleValue.Sequence;
import dev.cairn.torchfile.PickleValue.Skipped;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PickleReaderTest {
  @TempDir Path folder;

  /** Reads a pickle given as Latin-1 text, one character per byte. */
  private Object read(String pickle) throws IOException {
    Path file = folder.resolve("pickle");
    Files.write(file, pickle.getBytes(StandardCharsets.ISO_8859_1));
    try (FileChannel channel = FileChannel.open(file)) {
      return PickleReader.read(
          new ByteInput(Region.whole(channel), file, "pickle", 0, pickle.length()));
    }
  }

  @Test
  void numbersOfEveryWidth() throws IOException {
    assertEquals(255L, read("\u0080\2K\u00FF."));
    assertEquals(65_535L, read("\u0080\2M\u00FF\u00FF."));
    assertEquals(-2L, read("\u0080\2J\u00FE\u00FF\u00FF\u00FF."));
    assertEquals(0L, read("\u0080\2\u008A\0."));
    assertEquals(-1L, read("\u0080\2\u008A\1\u00FF."));
    assertEquals(255L, read("\u0080\2\u008A\2\u00FF\0."));
    assertEquals(BigInteger.ONE.shiftLeft(64), read("\u0080\2\u008A\11\0\0\0\0\0\0\0\0\1."));
    assertEquals(1.5, read("\u0080\2G?\u00F8\0\0\0\0\0\0."));
  }

  @Test
  void noneAndBooleans() throws IOException {
    assertNull(read("\u0080\2N."));
    assertEquals(true, read("\u0080\2\u0088."));
    assertEquals(false, read("\u0080\2\u0089."));
  }

  @Test
  void protocolFourIsRead() throws IOException {
    // pickletools.optimize is not run by torch: frame, memoize, short text, stack global
    String body = "\u008C\13collections\u0094\u008C\13OrderedDict\u0094\u0093\u0094)R\u0094";
    String items = "(\u008C\1a\u0094K\1\u008C\1b\u0094]\u0094(K\2K\3eu.";
    String all = body + items;
    Object value = read("\u0080\4\u0095" + (char) all.length() + "\0\0\0\0\0\0\0" + all);
    Dictionary dictionary = assertInstanceOf(Dictionary.class, value);
    assertEquals(1L, dictionary.get("a"));
    assertEquals(List.of(2L, 3L), ((Sequence) dictionary.get("b")).elements());
  }

  @Test
  void protocolFiveBytesArePassedOver() throws IOException {
    assertEquals(3, ((Skipped) read("\u0080\5\u0096\3\0\0\0\0\0\0\0abc.")).lengthBytes());
    assertEquals(3, ((Skipped) read("\u0080\3C\3abc.")).lengthBytes());
  }

  @Test
  void setsAreInert() throws IOException {
    Inert set = assertInstanceOf(Inert.class, read("\u0080\4\u008F(K\1K\2\u0090."));
    assertEquals("builtins.set", set.global().fullName());
    Inert frozen = assertInstanceOf(Inert.class, read("\u0080\4(K\1\u0091."));
    assertEquals("builtins.frozenset", frozen.global().fullName());
  }

  @Test
  void globalsAreNamesWithTheirPosition() throws IOException {
    Inert made = assertInstanceOf(Inert.class, read("\u0080\2cos\nsystem\nX\2\0\0\0id\u0085R."));
    assertEquals("os.system", made.global().fullName());
    assertEquals(2, made.global().position());
    assertEquals("id", made.argument(0));
  }

  @Test
  void stateAndItemsOfAnUnknownObjectAreDropped() throws IOException {
    String pickle = "\u0080\2cmine\nThing\n)\u0081}(X\1\0\0\0aK\1ub(NNe(NNu.";
    assertEquals("mine.Thing", assertInstanceOf(Inert.class, read(pickle)).global().fullName());
  }

  @Test
  void sharedValuesStayShared() throws IOException {
    Sequence list = assertInstanceOf(Sequence.class, read("\u0080\2](}q\0h\0h\0e."));
    assertSame(list.get(0), list.get(2));
  }

  @Test
  void textThatIsNoUnicodeIsPassedOver() throws IOException {
    assertInstanceOf(Skipped.class, read("\u0080\2X\3\0\0\0\u00ED\u00A0\u0080."));
  }

  @Test
  void laterValueOfAKeyReplacesTheFirst() throws IOException {
    Dictionary dictionary =
        assertInstanceOf(Dictionary.class, read("\u0080\2}(X\1\0\0\0aK\1X\1\0\0\0aK\2u."));
    assertEquals(2L, dictionary.get("a"));
  }
}
