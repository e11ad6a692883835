package dev.cairn.deepspeed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelFiles;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.options.SaveReport;
import dev.cairn.safetensors.TensorEntry;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConsolidatorTest {
  @TempDir Path folder;

  private static SaveOptions.Builder fast() {
    return SaveOptions.builder().durability(Durability.FAST).stagingBufferBytes(8192);
  }

  private SaveReport consolidate(Path checkpoint, ModelFiles files, SaveOptions options)
      throws IOException {
    return Consolidator.consolidate(
        DeepSpeedCheckpoint.open(checkpoint),
        folder.resolve("model"),
        files,
        options,
        false,
        Optional.empty());
  }

  /** Returns the data of every tensor that was written, by name. */
  private Map<String, byte[]> written() throws IOException {
    Map<String, byte[]> data = new HashMap<>();
    try (Stream<Path> files = Files.list(folder.resolve("model"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".safetensors")).toList()) {
        TensorFile tensors = new TensorFile(file);
        tensors.entries().keySet().forEach(name -> data.put(name, tensors.data(name)));
      }
    }
    return data;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a_z3_w2_llama",
        "b_z3_w4_qwen2_tied_odd_buf",
        "c_z3_w2_olmo2_frozen",
        "d2_z2_w3_qwen2_tied_rr",
        "f_z3_w2_lora",
        "h_z3_w2_fp16"
      })
  void sixteenBitFolderEqualsWhatTheEngineHeld(String name) throws IOException {
    Path fixture = Fixtures.folder(name);
    DType dtype = name.startsWith("h") ? DType.F16 : DType.BF16;
    consolidate(fixture, ModelFiles.none(), fast().dtype(dtype).build());
    assertEqualsFile(fixture.resolve("expected_16bit.safetensors"), Set.of());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a_z3_w2_llama", "d2_z2_w3_qwen2_tied_rr", "f_z3_w2_lora", "h_z3_w2_fp16"})
  void keptFolderEqualsWhatTheEngineHeld(String name) throws IOException {
    Path fixture = Fixtures.folder(name);
    consolidate(fixture, ModelFiles.none(), fast().keepDtypes().build());
    assertEqualsFile(fixture.resolve("expected_16bit.safetensors"), Set.of());
  }

  @ParameterizedTest
  @ValueSource(strings = {"b_z3_w4_qwen2_tied_odd_buf", "d2_z2_w3_qwen2_tied_rr"})
  void aliasIsLeftOutWhereTheConfigTies(String name) throws IOException {
    Path fixture = Fixtures.folder(name);
    SaveOptions options = fast().dtype(DType.BF16).build();
    consolidate(fixture, ModelFiles.fromFolder(fixture), options);
    assertEqualsFile(fixture.resolve("expected_16bit.safetensors"), Set.of("lm_head.weight"));
    assertTrue(Files.exists(folder.resolve("model/config.json")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a_z3_w2_llama", "c_z3_w2_olmo2_frozen", "f_z3_w2_lora", "h_z3_w2_fp16"})
  void fp32FolderEqualsDeepSpeedsConverterWithFrozenWidened(String name) throws IOException {
    Path fixture = Fixtures.folder(name);
    consolidate(fixture, ModelFiles.none(), fast().dtype(DType.F32).build());
    TensorFile expected = new TensorFile(fixture.resolve("expected_fp32.safetensors"));
    Map<String, byte[]> actual = written();
    for (TensorEntry entry : expected.entries().values()) {
      byte[] wide = Fixtures.cast(expected.data(entry.name()), entry.dtype(), DType.F32);
      assertArrayEquals(wide, actual.get(entry.name()), entry.name());
    }
    assertEquals(expected.entries().keySet(), actual.keySet());
  }

  private void assertEqualsFile(Path file, Set<String> without) throws IOException {
    TensorFile expected = new TensorFile(file);
    Map<String, byte[]> actual = written();
    Set<String> names =
        expected.entries().keySet().stream()
            .filter(name -> !without.contains(name))
            .collect(Collectors.toSet());
    assertEquals(names, actual.keySet());
    names.forEach(name -> assertArrayEquals(expected.data(name), actual.get(name), name));
  }

  @Test
  void frozenParametersAreLeftOutOnRequest() throws IOException {
    Path fixture = Fixtures.folder("f_z3_w2_lora");
    Consolidator.consolidate(
        DeepSpeedCheckpoint.open(fixture),
        folder.resolve("model"),
        ModelFiles.none(),
        fast().dtype(DType.BF16).build(),
        true,
        Optional.empty());
    assertEquals(12, written().size());
    assertTrue(written().keySet().stream().allMatch(name -> name.contains("lora_")));
  }

  @Test
  void attributeOfACompositeModelIsTakenWithoutItsPrefix() throws IOException {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("policy.lm_head.weight", Shape.of(4, 3));
    shapes.put("value.head.weight", Shape.of(3));
    Path made =
        new MadeUpCheckpoint(3, 2).group(shapes).write(Files.createDirectory(folder.resolve("c")));
    Consolidator.consolidate(
        DeepSpeedCheckpoint.open(made),
        folder.resolve("model"),
        ModelFiles.none(),
        fast().build(),
        false,
        Optional.of("policy"));
    assertEquals(Set.of("lm_head.weight"), written().keySet());
  }

  @Test
  void shardsAreSplitInTheOrderOfTheStateDict() throws IOException {
    Path fixture = Fixtures.folder("a_z3_w2_llama");
    SaveReport report =
        consolidate(
            fixture, ModelFiles.none(), fast().dtype(DType.BF16).maxShardBytes(20_000).build());
    assertTrue(report.shards().size() > 2, report.shards().toString());
    assertEqualsFile(fixture.resolve("expected_16bit.safetensors"), Set.of());
  }

  @Test
  void nothingIsLeftBehindWhenAFileIsShortenedMeanwhile() throws IOException {
    Path checkpoint =
        Fixtures.copy("a_z3_w2_llama", Files.createDirectory(folder.resolve("in")).resolve("c"));
    DeepSpeedCheckpoint opened = DeepSpeedCheckpoint.open(checkpoint);
    Path file = checkpoint.resolve("global_step3/bf16_zero_pp_rank_1_mp_rank_00_optim_states.pt");
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(20_000);
    }
    Path output = Files.createDirectory(folder.resolve("out"));
    IOException error =
        assertThrows(
            IOException.class,
            () ->
                Consolidator.consolidate(
                    opened,
                    output.resolve("model"),
                    ModelFiles.none(),
                    fast().build(),
                    false,
                    Optional.empty()));
    assertTrue(error.getMessage().contains("cut short"), error.getMessage());
    try (Stream<Path> left = Files.list(output)) {
      assertEquals(List.of(), left.toList());
    }
    assertFalse(Files.exists(output.resolve("model")));
  }

  @Test
  void largeMadeUpModelIsTheSameWithAnyCountOfThreads() throws IOException {
    Map<String, Shape> shapes = new LinkedHashMap<>();
    shapes.put("embed", Shape.of(3001, 257));
    shapes.put("norm", Shape.of());
    MadeUpCheckpoint checkpoint = new MadeUpCheckpoint(3, 3).group(shapes);
    checkpoint.cuts = List.of(1000L, 200_000L);
    Path made = checkpoint.write(Files.createDirectory(folder.resolve("c")));
    SaveOptions options =
        SaveOptions.builder()
            .durability(Durability.FAST)
            .dtype(DType.F32)
            .stagingBuffers(7)
            .build();
    consolidate(made, ModelFiles.none(), options);
    Map<String, byte[]> actual = written();
    for (Map.Entry<String, Shape> entry : shapes.entrySet()) {
      byte[] data = actual.get(entry.getKey());
      ByteBuffer expected = ByteBuffer.allocate(data.length).order(ByteOrder.LITTLE_ENDIAN);
      new MadeUpValues(entry.getKey(), DType.F32, 0, entry.getValue().elements()).fill(0, expected);
      assertArrayEquals(expected.array(), data, entry.getKey());
    }
  }

  @Test
  void readsAreCountedForAProgressDisplay() throws IOException {
    Map<String, Shape> shapes = Map.of("weight", Shape.of(70_000));
    Path made = new MadeUpCheckpoint(3, 3).group(shapes).write(folder.resolve("c"));
    AtomicLong readBytes = new AtomicLong();
    try (CheckpointParameters parameters =
            new CheckpointParameters(
                DeepSpeedCheckpoint.open(made), ConsolidationOptions.defaults());
        Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, fast().build())) {
      parameters.onRead(readBytes::addAndGet);
      checkpointer.save(folder.resolve("model"), parameters.parameters(), ModelFiles.none());
      assertEquals(4 * 70_000, parameters.lengthBytes());
      assertEquals(parameters.lengthBytes(), readBytes.get());
    }
  }
}
