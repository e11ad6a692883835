package dev.cairn.save;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.hf.ModelConfig;
import dev.cairn.hf.ModelFiles;
import dev.cairn.hf.ModelFolder;
import dev.cairn.layout.Layout;
import dev.cairn.model.Parameter;
import dev.cairn.model.ParameterSet;
import dev.cairn.model.Partition;
import dev.cairn.options.Durability;
import dev.cairn.options.SaveOptions;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Of tied weights one name stays in the files, whichever way round the trainer declares the tie.
 */
class TieTest {
  private static final String EMBEDDING = "model.embed_tokens.weight";
  private static final String HEAD = "lm_head.weight";

  @TempDir Path folder;

  @Test
  void tieThatIsDeclaredTheOtherWayRoundLosesNoWeight() throws Exception {
    ByteBuffer shared = ByteBuffer.allocateDirect(4 * 40);
    ParameterSet set =
        ParameterSet.of(List.of(parameter(EMBEDDING, shared), parameter(HEAD, shared)));
    assertEquals(List.of(EMBEDDING), saved(set.withTied(HEAD, EMBEDDING), "right"));
    assertEquals(List.of(EMBEDDING), saved(set.withTied(EMBEDDING, HEAD), "other"));
  }

  private static Parameter parameter(String name, ByteBuffer memory) {
    return Parameter.of(name, Shape.of(8, 5), DType.F32, Layout.replicated(), Partition.of(memory));
  }

  private List<String> saved(ParameterSet set, String name) throws Exception {
    ModelFiles files =
        ModelFiles.builder()
            .config(ModelConfig.of(Map.of("model_type", "unheard-of", "tie_word_embeddings", true)))
            .build();
    SaveOptions options =
        SaveOptions.builder()
            .durability(Durability.FAST)
            .stagingBuffers(1)
            .stagingBufferBytes(4096)
            .build();
    Path target = folder.resolve(name);
    try (Communicator single = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(single, options)) {
      checkpointer.save(target, set, files);
    }
    TreeSet<String> names = new TreeSet<>();
    try (ModelFolder opened = ModelFolder.open(target)) {
      opened.tensors().forEach(tensor -> names.add(tensor.entry().name()));
    }
    return List.copyOf(names);
  }
}
