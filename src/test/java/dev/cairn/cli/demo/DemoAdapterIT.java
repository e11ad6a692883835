package dev.cairn.cli.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.hf.ModelFolder;
import dev.cairn.safetensors.Header;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.support.ShellRun;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bin/cairn demo --adapter-config}: a PEFT state dict's adapter as a PEFT folder. */
@Tag("processes")
class DemoAdapterIT {
  private static final String LAYER = "policy.module.base_model.model.layers.0.q_proj.";

  @TempDir private Path folder;

  @BeforeEach
  void makeStateDict() throws IOException {
    Path state = Files.createDirectory(folder.resolve("state"));
    Files.writeString(
        folder.resolve("lora.json"),
        "{\"peft_type\": \"LORA\", \"r\": 2, \"lora_alpha\": 4, \"target_modules\": [\"q_proj\"]}");
    Header header =
        Header.of(
            Header.PYTORCH_METADATA,
            List.of(
                new TensorInfo(LAYER + "base_layer.weight", DType.BF16, Shape.of(5, 3)),
                new TensorInfo(LAYER + "lora_A.default.weight", DType.F32, Shape.of(2, 3)),
                new TensorInfo(LAYER + "lora_B.default.weight", DType.F32, Shape.of(5, 2)),
                new TensorInfo(LAYER + "lora_A.second.weight", DType.F16, Shape.of(2, 3)),
                new TensorInfo(LAYER + "lora_B.second.weight", DType.F16, Shape.of(5, 2)),
                new TensorInfo("value.weight", DType.F32, Shape.of(1, 5))));
    byte[] data = new byte[(int) (header.fileLengthBytes() - header.dataOffset())];
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) (i % 113);
    }
    Path file = state.resolve("whole_state.safetensors");
    Files.write(file, header.encode());
    Files.write(file, data, StandardOpenOption.APPEND);
  }

  @Test
  void adapterOfAnAttributeIsSavedAsPeftDoes() throws Exception {
    ShellRun run = demo("--attribute=policy");
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(run.out().contains("verified: 2 tensors"), run.out());
    assertEquals(List.of("F32", "F32"), dtypes(folder.resolve("out")));
    assertTrue(Files.exists(folder.resolve("out/adapter_config.json")));
  }

  @Test
  void namedAdapterIsInItsSubfolderInItsOwnDtypes() throws Exception {
    ShellRun run = demo("--attribute=policy", "--adapter=second", "--mode=gather");
    assertEquals(0, run.exitCode(), run.err());
    assertEquals(List.of("F16", "F16"), dtypes(folder.resolve("out/second")));
    assertFalse(Files.exists(folder.resolve("out/adapter_model.safetensors")));
  }

  @Test
  void dtypeIsTakenIfGiven() throws Exception {
    ShellRun run = demo("--attribute=policy", "--dtype=bf16");
    assertEquals(0, run.exitCode(), run.err());
    assertEquals(List.of("BF16", "BF16"), dtypes(folder.resolve("out")));
  }

  private static List<String> dtypes(Path saved) throws IOException {
    try (ModelFolder adapter = ModelFolder.open(saved)) {
      assertEquals(
          List.of(
              "base_model.model.layers.0.q_proj.lora_A.weight",
              "base_model.model.layers.0.q_proj.lora_B.weight"),
          adapter.tensors().stream().map(tensor -> tensor.name()).sorted().toList());
      return adapter.tensors().stream().map(tensor -> tensor.dtype().name()).toList();
    }
  }

  @Test
  void adapterThatIsNotThereIsTheInputsFault() throws Exception {
    ShellRun run = demo("--attribute=policy", "--adapter=third");
    assertEquals(1, run.exitCode(), run.err());
    assertTrue(run.err().contains("adapter=third"), run.err());
    assertTrue(run.err().contains("[default, second]"), run.err());
    assertFalse(Files.exists(folder.resolve("out")));
  }

  @Test
  void madeUpModelHasNoAdapter() throws Exception {
    ShellRun run = ShellRun.cairn(folder, "demo", "--adapter-config", "lora.json");
    assertEquals(2, run.exitCode(), run.err());
    assertTrue(run.err().contains("expected --from beside it"), run.err());
  }

  private ShellRun demo(String... options) throws IOException, InterruptedException {
    Stream<String> start =
        Stream.of("demo", "--from=state", "--ranks=3", "--adapter-config=lora.json");
    List<String> arguments =
        Stream.concat(Stream.concat(start, Stream.of("--output=out")), Stream.of(options)).toList();
    return ShellRun.cairn(folder, arguments.toArray(String[]::new));
  }
}
