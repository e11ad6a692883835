package dev.cairn.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.json.Json;
import dev.cairn.json.JsonNumber;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code cairn inspect} on a DeepSpeed checkpoint. */
class CheckpointDescriptionTest {
  private static final String TIED = "b_z3_w4_qwen2_tied_odd_buf";
  private static final String ZERO2 = "d2_z2_w3_qwen2_tied_rr";

  @TempDir private Path folder;

  private static Map<String, Object> inspect(Path path) throws IOException {
    CommandRun run = CommandRun.of("inspect", path.toString(), "--json");
    assertEquals(0, run.exitCode(), run.err());
    return Json.parseObject(run.out().getBytes(StandardCharsets.UTF_8));
  }

  private static long number(Object value) {
    return ((JsonNumber) value).longValue();
  }

  @ParameterizedTest
  @CsvSource({
    "a_z3_w2_llama, 3",
    TIED + ", 3",
    "c_z3_w2_olmo2_frozen, 3",
    ZERO2 + ", 2",
    "f_z3_w2_lora, 3",
    "h_z3_w2_fp16, 3"
  })
  void documentSaysWhatTheTrainingWas(String name, long stage) throws IOException {
    Fixture fixture = Fixture.of(name);
    Map<String, Object> tree = inspect(fixture.folder());
    assertEquals(stage, number(tree.get("stage")));
    assertEquals(number(fixture.meta().get("world")), number(tree.get("worldSize")));
    assertEquals("0.19.6+edaa72212", tree.get("deepSpeedVersion"));
    assertEquals("global_step3", tree.get("tag"));
    Set<String> parameters = new TreeSet<>();
    Set<String> frozen = new TreeSet<>();
    Set<String> tied = new TreeSet<>();
    for (Object entry : (List<?>) tree.get("parameters")) {
      Map<?, ?> parameter = (Map<?, ?>) entry;
      String tensor = (String) parameter.get("name");
      if (!parameter.get("kind").equals("buffer")) {
        parameters.add(tensor);
      }
      if (parameter.get("kind").equals("frozen")) {
        frozen.add(tensor);
      }
      if (parameter.get("tiedTo") != null) {
        tied.add(tensor);
      }
    }
    assertEquals(fixture.parameters(), parameters);
    assertEquals(fixture.frozen(), frozen);
    assertEquals(fixture.aliases(), tied);
  }

  @Test
  void wordsSayTheSame() throws IOException {
    Fixture fixture = Fixture.of(ZERO2);
    CommandRun run = CommandRun.of("inspect", fixture.toString());
    assertEquals(0, run.exitCode(), run.err());
    List<String> lines = run.out().lines().toList();
    assertEquals(
        "DeepSpeed ZeRO-2, 3 ranks, version 0.19.6+edaa72212, tag global_step3", lines.get(0));
    String frozen = "model.layers.0.mlp.up_proj.weight  BF16 [67,35] frozen";
    assertTrue(lines.contains(frozen), run.out());
    assertTrue(
        lines.stream()
            .anyMatch(line -> line.endsWith("trainable, tied to model.embed_tokens.weight")),
        run.out());
    assertTrue(
        lines.stream().anyMatch(line -> line.endsWith("count_buf  I64 [] buffer")), run.out());
    assertTrue(lines.get(lines.size() - 1).endsWith(" trainable elements, 7035 frozen"), run.out());
  }

  @ParameterizedTest
  @ValueSource(strings = {TIED, ZERO2})
  void folderOfOneSaveIsSeenForWhatItIs(String name) throws IOException {
    Path checkpoint = Fixture.of(name).folder();
    assertEquals(inspect(checkpoint), inspect(checkpoint.resolve("global_step3")));
  }

  @Test
  void damagedCheckpointIsBadInput() throws IOException {
    Path checkpoint = Fixture.of(TIED).copyTo(folder.resolve("in"));
    Files.delete(checkpoint.resolve("global_step3/bf16_zero_pp_rank_3_mp_rank_00_optim_states.pt"));
    CommandRun run = CommandRun.of("inspect", checkpoint.toString());
    assertEquals(1, run.exitCode());
    assertTrue(run.err().startsWith("cairn inspect: file of rank 3 is missing"), run.err());
    assertEquals("", run.out());
  }

  @Test
  void nameThatSteersATerminalIsShownEscaped() throws IOException {
    Path checkpoint = Fixture.of(TIED).copyTo(folder.resolve("in"));
    Files.move(checkpoint.resolve("global_step3"), checkpoint.resolve("step\u009b3"));
    CommandRun run = CommandRun.of("inspect", checkpoint.resolve("step\u009b3").toString());
    assertEquals(0, run.exitCode(), run.err());
    assertTrue(
        run.out().lines().findFirst().orElseThrow().endsWith(", tag step\\u009b3"), run.out());
  }
}
