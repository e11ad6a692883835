package dev.cairn.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.tensor.CorruptFileException;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class HeaderTest {
  @Property(tries = 300)
  void parsingWhatWasEncodedGivesTheSameHeader(@ForAll("tensors") List<TensorInfo> tensors)
      throws CorruptFileException {
    Header header = Header.of(Header.PYTORCH_METADATA, tensors);
    byte[] bytes = header.encode();
    assertEquals(0, bytes.length % 8);
    assertEquals(bytes.length, header.dataOffset());
    Header read = parse(bytes, header.fileLengthBytes());
    assertEquals(header.tensors(), read.tensors());
    assertEquals(header.metadata(), read.metadata());
    assertEquals(header.fileLengthBytes(), read.fileLengthBytes());
  }

  @Property(tries = 300)
  void dataIsContiguousAndCompleteInDTypeThenNameOrder(
      @ForAll("tensors") List<TensorInfo> tensors) {
    Header header = Header.of(Map.of(), tensors);
    Set<TensorInfo> seen = new HashSet<>();
    long expectedByte = 0;
    DType before = DType.U64;
    for (TensorEntry entry : header.tensors()) {
      assertEquals(expectedByte, entry.beginByte());
      assertTrue(before.compareTo(entry.dtype()) <= 0);
      seen.add(entry.info());
      expectedByte = entry.endByte();
      before = entry.dtype();
    }
    assertEquals(new HashSet<>(tensors), seen);
    assertEquals(header.dataOffset() + expectedByte, header.fileLengthBytes());
  }

  @Provide
  Arbitrary<List<TensorInfo>> tensors() {
    Arbitrary<String> names =
        Arbitraries.strings()
            .ofMinLength(1)
            .ofMaxLength(6)
            .filter(name -> TensorInfo.isWellFormed(name));
    Arbitrary<long[]> shapes = Arbitraries.longs().between(0, 9).array(long[].class).ofMaxSize(4);
    return Combinators.combine(names, Arbitraries.of(DType.values()), shapes)
        .as((name, dtype, shape) -> new TensorInfo(name, dtype, wholeBytes(dtype, shape)))
        .list()
        .ofMaxSize(12)
        .uniqueElements(TensorInfo::name);
  }

  private static Shape wholeBytes(DType dtype, long[] dimensions) {
    if (dtype.bits() % 8 == 0) {
      return Shape.of(dimensions);
    }
    long[] padded = Arrays.copyOf(dimensions, dimensions.length + 1);
    padded[dimensions.length] = 8;
    return Shape.of(padded);
  }

  @Test
  void duplicateNameIsRefused() {
    TensorInfo weight = new TensorInfo("w", DType.F32, Shape.of(1));
    TensorInfo other = new TensorInfo("w", DType.BF16, Shape.of(1));
    Exception e =
        assertThrows(
            IllegalArgumentException.class, () -> Header.of(Map.of(), List.of(weight, other)));
    assertEquals("duplicate tensor name: tensor=w", e.getMessage());
  }

  @Test
  void headerThatReadersRefuseIsNotMade() {
    List<TensorInfo> tensors = new ArrayList<>();
    String longName = "x".repeat(1_000_000);
    for (int i = 0; i < 101; i++) {
      tensors.add(new TensorInfo(longName + i, DType.I8, Shape.of(0)));
    }
    Exception e = assertThrows(IllegalArgumentException.class, () -> Header.of(Map.of(), tensors));
    assertTrue(e.getMessage().startsWith("header too long: headerBytes=1010"), e.getMessage());
    assertTrue(
        e.getMessage().endsWith("expected at most 100000000, tensors=101; save in more shards"));
  }

  @Test
  void fileLongerThanAnyDiskIsRefused() {
    TensorInfo first = new TensorInfo("a", DType.I8, Shape.of(Long.MAX_VALUE));
    TensorInfo second = new TensorInfo("b", DType.I8, Shape.of(1));
    Exception e =
        assertThrows(
            IllegalArgumentException.class, () -> Header.of(Map.of(), List.of(first, second)));
    assertEquals("file too long: tensor=b", e.getMessage());
  }

  @Test
  void metadataThatIsNotUnicodeIsRefused() {
    Exception e =
        assertThrows(
            IllegalArgumentException.class, () -> Header.of(Map.of("k\ud800", "v"), List.of()));
    assertEquals("metadata is not well-formed Unicode: key=k\\ud800", e.getMessage());
  }

  @Test
  void hundredThousandTensorsTakeNoTime() {
    List<TensorInfo> tensors = new ArrayList<>();
    for (int i = 0; i < 100_000; i++) {
      DType dtype = i % 3 == 0 ? DType.F32 : DType.BF16;
      tensors.add(new TensorInfo("model.layers." + i + ".mlp.up.weight", dtype, Shape.of(16, i)));
    }
    assertTimeout(
        Duration.ofSeconds(5), // a fraction of it on a quiet machine
        () -> {
          Header header = Header.of(Header.PYTORCH_METADATA, tensors);
          Header read = parse(header.encode(), header.fileLengthBytes());
          assertEquals(header.tensors(), read.tensors());
        });
  }

  private static Header parse(byte[] header, long fileLengthBytes) throws CorruptFileException {
    long jsonBytes = Header.parseLength(Arrays.copyOf(header, 8), fileLengthBytes, "made here");
    assertEquals(header.length - 8, jsonBytes);
    return Header.parse(Arrays.copyOfRange(header, 8, header.length), fileLengthBytes, "here");
  }
}
