package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.support.PythonScript;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** That casts give what {@code torch.Tensor.to} gives, NaN apart. Needs Python with torch. */
@Tag("python")
class TorchCastTest {
  private static final int ELEMENTS = 200_000;

  private static final int SEED = 17;

  /** Casts every {@code FROM-TO} beside it; one start of torch does for all. */
  private static final String PROGRAM =
      """
      import pathlib, sys
      try:
          import torch
      except ImportError as e:
          print(e)
          sys.exit(77)
      types = {"F64": torch.float64, "F32": torch.float32,
               "BF16": torch.bfloat16, "F16": torch.float16}
      for source in list(pathlib.Path(sys.argv[1]).glob("*-*")):
          source_type, target_type = source.name.split("-")
          data = bytearray(source.read_bytes())
          tensor = torch.frombuffer(data, dtype=types[source_type]).to(types[target_type])
          source.with_suffix(".torch").write_bytes(tensor.view(torch.uint8).numpy().tobytes())
      """;

  @TempDir private static Path folder;

  static Iterable<Casts.Pair> casts() {
    return Casts.all();
  }

  @BeforeAll
  static void castWithTorch() throws Exception {
    for (Casts.Pair pair : casts()) {
      ByteBuffer source = numbers(pair);
      byte[] bytes = new byte[source.remaining()];
      source.get(0, bytes);
      Files.write(file(pair), bytes);
    }
    Path program = Files.writeString(folder.resolve("cast.py"), PROGRAM);
    PythonScript.run("TorchCastTest", folder.resolve("log"), 2, program, folder.toString());
  }

  private static ByteBuffer numbers(Casts.Pair pair) {
    return Casts.numbers(pair.from(), ELEMENTS, 0, SEED);
  }

  private static Path file(Casts.Pair pair) {
    return folder.resolve(pair.from() + "-" + pair.to());
  }

  @ParameterizedTest
  @MethodSource("casts")
  void castIsThatOfTorch(Casts.Pair pair) throws IOException {
    ByteBuffer source = numbers(pair);
    ByteBuffer expected =
        ByteBuffer.wrap(Files.readAllBytes(Path.of(file(pair) + ".torch")))
            .order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer actual = Casts.direct((int) pair.to().bytes(ELEMENTS), 0);
    assertEquals(actual.remaining(), expected.remaining());
    Kernels.best().cast(pair.from(), source, pair.to(), actual, ELEMENTS, 0);
    for (int i = 0; i < ELEMENTS; i++) {
      long bits = Casts.get(pair.from(), source, i);
      if (!CastDefinition.isNan(pair.from(), bits)) {
        assertEquals(
            Long.toHexString(Casts.get(pair.to(), expected, i)),
            Long.toHexString(Casts.get(pair.to(), actual, i)),
            () -> pair + " of " + Long.toHexString(bits));
      }
    }
  }
}
