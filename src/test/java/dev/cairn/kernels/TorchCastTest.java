package dev.cairn.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.cairn.PythonScript;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** That casts give what {@code torch.Tensor.to} gives, NaN apart. Needs Python with torch. */
@Tag("python")
class TorchCastTest {
  private static final int ELEMENTS = 200_000;

  private static final String PROGRAM =
      """
      import sys, torch
      types = {"F64": torch.float64, "F32": torch.float32,
               "BF16": torch.bfloat16, "F16": torch.float16}
      source, source_type, target, target_type = sys.argv[1:]
      data = bytearray(open(source, "rb").read())
      tensor = torch.frombuffer(data, dtype=types[source_type]).to(types[target_type])
      open(target, "wb").write(tensor.view(torch.uint8).numpy().tobytes())
      """;

  @TempDir private Path folder;

  static Iterable<Casts.Pair> casts() {
    return Casts.all();
  }

  @ParameterizedTest
  @MethodSource("casts")
  void castIsThatOfTorch(Casts.Pair pair) throws Exception {
    ByteBuffer source = Casts.numbers(pair.from(), ELEMENTS, 0, 17);
    ByteBuffer expected = torch(source, pair);
    ByteBuffer actual = Casts.direct((int) pair.to().bytes(ELEMENTS), 0);
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

  private ByteBuffer torch(ByteBuffer source, Casts.Pair pair)
      throws IOException, InterruptedException {
    Path program = Files.writeString(folder.resolve("cast.py"), PROGRAM);
    Path sourceFile = folder.resolve("source");
    Path targetFile = folder.resolve("target");
    byte[] bytes = new byte[(int) DType.U8.bytes(source.remaining())];
    source.get(0, bytes);
    Files.write(sourceFile, bytes);
    run(
        program.toString(),
        sourceFile.toString(),
        pair.from().name(),
        targetFile.toString(),
        pair.to().name());
    return ByteBuffer.wrap(Files.readAllBytes(targetFile)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static void run(String... arguments) throws IOException, InterruptedException {
    String[] command = new String[arguments.length + 1];
    command[0] = PythonScript.python();
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int status = process.waitFor();
    assumeTrue(!output.contains("No module named"), "python has no torch");
    assertEquals(0, status, output);
  }
}
