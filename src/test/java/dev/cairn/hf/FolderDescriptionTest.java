package dev.cairn.hf;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.cairn.hf.FolderDescription.DTypeTotal;
import dev.cairn.hf.FolderDescription.FileDescription;
import dev.cairn.json.Golden;
import dev.cairn.json.Json;
import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderDescriptionTest {
  private static final TensorInfo EMBEDDING =
      new TensorInfo("model.embed_tokens.weight", DType.F32, Shape.of(2));
  private static final TensorInfo HEAD = new TensorInfo("lm_head.weight", DType.F32, Shape.of(2));

  @TempDir Path folder;

  @Test
  void shardedFolderIsDescribed() throws IOException {
    FolderDescription description = FolderDescription.of(Golden.path("models/llama_sharded"));
    assertEquals(
        new FileDescription(Folders.FIRST_SHARD, 1152, 5, Map.of("format", "pt")),
        description.files().get(0));
    assertEquals(4, description.files().size());
    assertEquals(21, description.tensors().size());
    assertEquals(List.of(new DTypeTotal(DType.BF16, 21, 1256, 2512)), description.totals());
    assertEquals(1256, description.elements());
    assertEquals(2512, description.lengthBytes());
    assertEquals(Optional.empty(), description.tied());
  }

  @Test
  void totalsAreWidestFirst() throws IOException {
    FolderDescription description =
        FolderDescription.of(Golden.path("safetensors/every_dtype.safetensors"));
    assertEquals(DType.U64, description.totals().get(0).dtype());
    assertEquals(new DTypeTotal(DType.F4, 1, 12, 6), description.totals().get(18));
  }

  @Test
  void treeIsJson() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"tie_word_embeddings\":true}");
    Folders.write(folder.resolve("model.safetensors"), EMBEDDING);
    String expected =
        """
        {"path":"FOLDER","bytes":8,"elements":2,
        "files":[{"name":"model.safetensors","bytes":128,"tensors":1,"metadata":{"format":"pt"}}],
        "dtypes":[{"dtype":"F32","tensors":1,"elements":2,"bytes":8}],
        "tied":[{"alias":"lm_head.weight","canonical":"model.embed_tokens.weight",
        "alias_is_stored":false}],"findings":[],
        "tensors":[{"name":"model.embed_tokens.weight","dtype":"F32","shape":[2],"bytes":8,
        "file":"model.safetensors"}]}
        """;
    String json = new String(Json.compact(FolderDescription.of(folder).toTree()), UTF_8);
    assertEquals(expected.replace("\n", "").replace("FOLDER", folder.toString()), json);
  }

  @Test
  void aliasThatIsStoredIsSaid() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"tie_word_embeddings\":true}");
    Folders.write(folder.resolve("model.safetensors"), EMBEDDING, HEAD);
    assertTrue(FolderDescription.of(folder).tied().orElseThrow().aliasIsStored());
  }

  @Test
  void tiedWithoutAnEmbeddingIsNotGuessed() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{\"tie_word_embeddings\":true}");
    Folders.write(folder.resolve("model.safetensors"), HEAD);
    assertEquals(Optional.empty(), FolderDescription.of(folder).tied());
  }
}
