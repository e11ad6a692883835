package dev.cairn.deepspeed;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.cairn.tensor.DType;
import dev.cairn.tensor.Shape;
import dev.cairn.torchfile.PickleWriter;
import dev.cairn.torchfile.TorchSave;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints of a kind that must be refused, incomplete or damaged. */
class RefusalsTest extends Refusals {
  @Test
  void folderThatIsNotThere() {
    assertThrows(
        NoSuchFileException.class, () -> DeepSpeedCheckpoint.open(temporary.resolve("none")));
  }

  @Test
  void emptyFolder() {
    assertRefused(temporary, "an empty folder: path=" + temporary);
  }

  @Test
  void torchFilesOfOthers() throws IOException {
    TorchSave.save(
        temporary.resolve("a/model.pt"), Map.of("w", TorchSave.tensor("0", DType.F32, 4)));
    assertRefused(
        temporary.resolve("a"),
        "something else than a checkpoint by DeepSpeed: path="
            + temporary.resolve("a/model.pt")
            + "; it has no *_states.pt and no file latest; name the folder with the file latest,"
            + " or one save's folder in it");
  }

  @Test
  void latestThatNamesNoFolder() throws IOException {
    Path checkpoint = checkpoint();
    Files.writeString(checkpoint.resolve("latest"), "global_step9\n");
    assertRefused(checkpoint, "no folder named global_step9: path=", "there are global_step3");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../other", "/etc", "..", ".", "a\\b", "a\u0000b"})
  void latestThatLeadsOut(String tag) throws IOException {
    Path checkpoint = checkpoint();
    Files.writeString(checkpoint.resolve("latest"), tag);
    assertRefused(checkpoint, "tag leads out of the checkpoint folder");
  }

  /** As power cuts leave it. */
  @ParameterizedTest
  @ValueSource(strings = {"", " \n"})
  void latestThatIsEmpty(String tag) throws IOException {
    Path checkpoint = checkpoint();
    Files.writeString(checkpoint.resolve("latest"), tag);
    assertRefused(checkpoint, "the file that names the newest save is empty: file=", "--tag");
  }

  @Test
  void latestThatIsHuge() throws IOException {
    Path checkpoint = checkpoint();
    Files.writeString(checkpoint.resolve("latest"), "x".repeat(10_000));
    assertRefused(checkpoint, "file latest too long");
  }

  @Test
  void optimizerFileOfAMiddleRankMissing() throws IOException {
    Path folder = madeUp(3, 4).write(temporary.resolve("made"));
    Files.delete(folder.resolve(MadeUpCheckpoint.TAG).resolve(OPTIMIZER_1));
    assertRefused(folder, "file of rank 1 is missing: its optimizer states", "4 ranks");
  }

  @Test
  void optimizerFileOfTheLastRankMissing() throws IOException {
    Path checkpoint = checkpoint();
    Files.delete(save(checkpoint).resolve(OPTIMIZER_1));
    assertRefused(checkpoint, "file of rank 1 is missing: its optimizer states");
  }

  @Test
  void optimizerFileOfRankZeroMissing() throws IOException {
    Path checkpoint = checkpoint();
    Files.delete(save(checkpoint).resolve(OPTIMIZER_1.replace("rank_1", "rank_0")));
    assertRefused(checkpoint, "file of rank 0 is missing: its optimizer states");
  }

  @Test
  void modelFileOfARankMissing() throws IOException {
    Path checkpoint = checkpoint();
    Files.delete(save(checkpoint).resolve(MODEL_1));
    assertRefused(checkpoint, "file of rank 1 is missing: its model states");
  }

  @Test
  void modelFileOfZero2Missing() throws IOException {
    Path folder = madeUp(2, 2).write(temporary.resolve("made"));
    Files.delete(folder.resolve(MadeUpCheckpoint.TAG).resolve("mp_rank_00_model_states.pt"));
    assertRefused(
        folder, "a DeepSpeed save without *_model_states.pt", "mp_rank_00_model_states.pt");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "mp_rank_01_model_states.pt",
        "zero_pp_rank_0_mp_rank_01_model_states.pt",
        "bf16_zero_pp_rank_0_mp_rank_01_optim_states.pt"
      })
  void fileOfATensorParallelRankThatIsNone(String file) throws IOException {
    Path checkpoint = checkpoint();
    Files.createFile(save(checkpoint).resolve(file));
    assertRefused(checkpoint, "files of two different saves are mixed: mp_rank=1");
  }

  @Test
  void pipelineOfTensorParallelLayers() throws IOException {
    Path checkpoint = checkpoint();
    Files.createFile(save(checkpoint).resolve("layer_00-model_01-model_states.pt"));
    assertRefused(checkpoint, "a pipeline whose stages are tensor-parallel");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "layer_0_expert_3_mp_rank_00_model_states.pt",
        "expp_rank_0_mp_rank_00_optim_states.pt"
      })
  void emptyFileOfAnExpert(String file) throws IOException {
    Path checkpoint = checkpoint();
    Files.createFile(save(checkpoint).resolve(file));
    assertRefused(checkpoint, "an empty file", file);
  }

  @Test
  void expertWithoutItsLayer() throws IOException {
    Path checkpoint = checkpoint();
    Files.createFile(save(checkpoint).resolve("expert_3_mp_rank_00_model_states.pt"));
    assertRefused(checkpoint, "an expert's file without its layer");
  }

  @Test
  void universalCheckpointWithoutParameters() throws IOException {
    Files.createDirectories(temporary.resolve("u/step_universal/zero"));
    Files.writeString(temporary.resolve("u/latest"), "step_universal");
    assertRefused(temporary.resolve("u"), "universal checkpoint without parameters");
  }

  @Test
  void emptyModelStatesAlone() throws IOException {
    Files.createDirectories(temporary.resolve("u/step"));
    Files.createFile(temporary.resolve("u/step/mp_rank_00_model_states.pt"));
    Files.writeString(temporary.resolve("u/latest"), "step");
    assertRefused(temporary.resolve("u"), "an empty file", "mp_rank_00_model_states.pt");
  }

  @ParameterizedTest
  @ValueSource(strings = {OPTIMIZER_1, MODEL_1})
  void truncatedFile(String file) throws IOException {
    Path checkpoint = checkpoint();
    try (FileChannel channel =
        FileChannel.open(save(checkpoint).resolve(file), StandardOpenOption.WRITE)) {
      channel.truncate(channel.size() - 100);
    }
    assertRefused(
        checkpoint, "a torch file that is cut short", file, "no end of a zip archive was found");
  }

  @ParameterizedTest
  @ValueSource(strings = {OPTIMIZER_1, MODEL_1})
  void bitFlippedInThePickle(String file) throws IOException {
    Path checkpoint = checkpoint();
    try (FileChannel channel =
        FileChannel.open(
            save(checkpoint).resolve(file), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      channel.read(one, 500);
      one.put(0, (byte) (one.get(0) ^ 1)).flip();
      channel.write(one, 500);
    }
    assertRefused(checkpoint, "checksum of the pickle differs", file);
  }

  @Test
  void mastersOfParametersThatNothingNames() throws IOException {
    MadeUpCheckpoint checkpoint = madeUp(3, 2);
    checkpoint.clientState = Map.of("param_shapes", List.of());
    assertRefused(
        checkpoint.write(temporary.resolve("made")), "masters of another number of elements");
  }

  @Test
  void placeholderThatNothingFills() throws IOException {
    MadeUpCheckpoint checkpoint = madeUp(3, 2);
    PickleWriter.TensorData placeholder =
        new PickleWriter.TensorData("p:x", 0, DType.BF16, 0, Shape.of(0));
    checkpoint.clientState = Map.of("module", Map.of("x", placeholder));
    assertRefused(
        checkpoint.write(temporary.resolve("made")), "parameter has no content: parameter=x");
  }
}
