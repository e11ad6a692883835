package dev.cairn.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.cairn.safetensors.TensorInfo;
import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files and indices that are not called as transformers calls them. */
class FolderFormTest {
  private static final TensorInfo SCALAR = new TensorInfo("s", DType.F32, Shape.of());

  @TempDir Path temp;

  /** As a part of a pipeline of diffusers is called, or a variant. */
  @Test
  void onlyFileIsTheModelWhateverItIsCalled() throws IOException {
    Folders.write(temp.resolve("diffusion_pytorch_model.safetensors"), SCALAR);
    try (ModelFolder open = ModelFolder.open(temp)) {
      assertEquals(List.of("diffusion_pytorch_model.safetensors"), open.files());
    }
  }

  @Test
  void indexOfAVariantIsTaken() throws IOException {
    Folders.copy("llama_sharded", temp);
    Files.move(temp.resolve(Folders.INDEX), temp.resolve("model.safetensors.index.fp16.json"));
    try (ModelFolder open = ModelFolder.open(temp)) {
      assertEquals(21, open.tensors().size());
    }
  }
}
