package dev.cairn.hf;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.Checkpointer;
import dev.cairn.comm.Communicator;
import dev.cairn.layout.Layout;
import dev.cairn.options.Durability;
import dev.cairn.options.FormOptions;
import dev.cairn.options.SaveMode;
import dev.cairn.options.SaveOptions;
import dev.cairn.support.ReferenceModel;
import dev.cairn.tensor.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.io.TempDir;

/** Models of a few tensors, saved beside the files of others. */
abstract class SmallModels {
  static final String LLAMA = "{\"architectures\":[\"LlamaForCausalLM\"],";
  static final String UNKNOWN = "{\"architectures\":[\"Unknown\"]}";
  static final String SMALL_LLAMA =
      LLAMA
          + "\"model_type\":\"llama\",\"vocab_size\":4,\"hidden_size\":8,\"intermediate_size\":4,"
          + "\"num_hidden_layers\":1,\"num_attention_heads\":2,\"num_key_value_heads\":2,"
          + "\"tie_word_embeddings\":false}";
  static final Layout ZERO3 = Layout.zero3();

  @TempDir Path temporary;

  static SaveOptions.Builder options() {
    return SaveOptions.builder().mode(SaveMode.PARALLEL).durability(Durability.FAST);
  }

  void save(SaveOptions options, ReferenceModel model, ModelFiles files, String name)
      throws IOException {
    try (Communicator ranks = Communicator.single();
        Checkpointer checkpointer = Checkpointer.open(ranks, options)) {
      checkpointer.save(temporary.resolve(name), model.on(0, 1), files);
    }
  }

  Path base(String config, ReferenceModel model) throws IOException {
    save(
        options().keepDtypes().form(FormOptions.asPublished().withUnchecked(true)).build(),
        model,
        ModelFiles.none(),
        "base");
    Files.writeString(temporary.resolve("base/config.json"), config);
    return temporary.resolve("base");
  }

  Map<String, DType> saved() throws IOException {
    try (ModelFolder folder = ModelFolder.open(temporary.resolve("saved"))) {
      Map<String, DType> dtypes = new TreeMap<>();
      for (FolderTensor tensor : folder.tensors()) {
        dtypes.put(tensor.name(), tensor.entry().dtype());
      }
      return dtypes;
    }
  }

  static ReferenceModel model(String... names) {
    ReferenceModel model = new ReferenceModel(1);
    for (String name : names) {
      model.add(name, DType.F32, ZERO3, 4, 8);
    }
    return model;
  }

  String refusal(SaveOptions options, ReferenceModel model, Path base) {
    return assertThrows(
            IllegalArgumentException.class,
            () -> save(options, model, ModelFiles.fromFolder(base), "saved"))
        .getMessage();
  }

  static ReferenceModel llama() {
    return llama("lm_head.weight");
  }

  static ReferenceModel llama(String head) {
    ReferenceModel model = model("model.embed_tokens.weight");
    model.add(head, DType.F32, ZERO3, head.startsWith("score") ? 2 : 4, 8);
    for (String name : List.of("q", "k", "v", "o")) {
      model.add("model.layers.0.self_attn." + name + "_proj.weight", DType.F32, ZERO3, 8, 8);
    }
    return model
        .add("model.layers.0.mlp.gate_proj.weight", DType.F32, ZERO3, 4, 8)
        .add("model.layers.0.mlp.up_proj.weight", DType.F32, ZERO3, 4, 8)
        .add("model.layers.0.mlp.down_proj.weight", DType.F32, ZERO3, 8, 4)
        .add("model.layers.0.input_layernorm.weight", DType.F32, ZERO3, 8)
        .add("model.layers.0.post_attention_layernorm.weight", DType.F32, ZERO3, 8);
  }
}
