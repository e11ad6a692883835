package dev.cairn.input;

import dev.cairn.tensor.CorruptFileException;
import java.nio.file.Path;

/** Every input that is turned away: what was found, why that does not work, what to type next. */
public enum Refusal {
  LFS_POINTER(
      "a Git LFS pointer",
      "the weights were not downloaded, only a text that says where they are",
      "run `git lfs pull` where it lies, or `hf download` the model again"),
  XET_POINTER(
      "a Xet pointer",
      "the weights were not downloaded, only a text that says where they are",
      "`hf download` the model again, with the package hf_xet installed"),
  HTML(
      "an HTML page",
      "a server sent a login or error page in place of the file",
      "download it again, after `hf auth login` if it is gated"),
  JSON(
      "JSON text",
      "it holds no tensors: a server's error, or an index or config, which say where tensors are",
      "name the folder that it lies in; if it should be weights, download it again"),
  TEXT("a text", "it holds no tensors", "look into it, and download or copy the file again"),
  GGUF(
      "a GGUF file",
      "llama.cpp's weights are quantised or laid out anew, and no file says how to go back",
      "give the model that it was made from"),
  EMPTY("an empty file", "a download or a save ended before it began", "download or copy it again"),
  ZEROS("a file of zeros", "its room was reserved, but no bytes came", "download or copy it again"),
  CUT_SAFETENSORS(
      "a safetensors file that is cut short",
      "it has {has} bytes and its header says {expected}",
      "download or copy it again"),
  LONG_SAFETENSORS(
      "a safetensors file that goes on behind its last tensor",
      "it has {has} bytes and its header says {expected}",
      "copy it again, or make a new one from what wrote it"),
  CUT_TORCH(
      "a torch file that is cut short",
      "a zip ends with its directory, and no end of a zip archive was found",
      "download or copy it again"),
  CUT_LEGACY_TORCH(
      "a torch file that is cut short",
      "it has {has} bytes and its storages end at {expected}",
      "download or copy it again"),
  TORCH_AS_SAFETENSORS(
      "a torch file where safetensors is expected",
      "who reads safetensors does not unpickle",
      "run `cairn consolidate {path} OUTPUT`, which makes a model folder of it"),
  SAFETENSORS_AS_TORCH(
      "a safetensors file under a torch file's name",
      "loaders go by the name and would unpickle it",
      "rename it to end in .safetensors"),
  WHOLE_OBJECT(
      "a whole Python object of class {class}",
      "nothing but running its code would make it, and nothing is run",
      "write its tensors instead: `torch.save(model.state_dict(), FILE)`"),
  NO_TENSORS(
      "a torch file without named tensors: {names}",
      "it is no state dict, nor has one under state_dict, model_state_dict, model or module",
      "name the file with the model's weights"),
  PLACEHOLDERS(
      "a state dict of {count} tensors, {empty} of them empty",
      "ZeRO-3 leaves placeholders where weights are spread over ranks",
      "name the folder of DeepSpeed's checkpoint, global_stepN, which has them"),
  OLD_TORCH(
      "a tar archive, perhaps a torch file of before 2017",
      "that format is not read",
      "unpack it; or load it in Python and `torch.save` it again"),
  PICKLE(
      "a pickle that `torch.save` did not write",
      "it holds no tensors in a form that can be read without running it",
      "write its tensors with `torch.save(state_dict, FILE)`"),
  COMPRESSED("a compressed file", "nothing is unpacked on the way", "unpack it first"),
  HDF5(
      "an HDF5 file",
      "Keras and TensorFlow weights are not read",
      "write them with transformers' `save_pretrained`"),
  UNKNOWN_FILE(
      "a file of no format that is known here",
      "its first bytes are neither safetensors nor torch's",
      "name a .safetensors, .bin, .pt or .ckpt file, or a checkpoint's folder"),
  NOT_A_FILE(
      "neither a file nor a folder",
      "devices, pipes and sockets are never opened",
      "name a regular file, or copy the bytes into one"),
  SYSTEM(
      "a path that leads to {target}",
      "nothing is read from /proc, /sys and /dev",
      "copy what is there into a folder of yours, if it is a checkpoint"),
  OUTSIDE(
      "a link out of its folder, to {target}",
      "it would be copied into the output, and only what the folder itself has is",
      "replace the link by the file if it may be published"),
  MODEL_FOLDER(
      "a model folder already",
      "it is safetensors: there is nothing to convert",
      "use it as it is, or run `cairn verify {path}`"),
  ADAPTER(
      "a LoRA adapter",
      "it is safetensors already, and no model without its base",
      "run `cairn merge-lora --base BASE_DIR --adapter {path} --output OUTPUT`"),
  NO_BASE(
      "no model folder",
      "{option} takes config, tokenizer and names from it, and it has no {config}",
      "give the folder of the model that was trained as {option}"),
  ADAPTER_AS_BASE(
      "a LoRA adapter where a base model is expected",
      "it has adapter_config.json and no config.json",
      "give the model that it was trained on as {option}"),
  MODEL_AS_ADAPTER(
      "a whole model where a LoRA adapter is expected",
      "it has no adapter_config.json",
      "give the folder with adapter_config.json as --adapter, and this one as --base"),
  CHECKPOINT_AS_ADAPTER(
      "a training checkpoint where a LoRA adapter is expected",
      "its adapter is among the weights of DeepSpeed's files",
      "run `cairn consolidate {path} OUTPUT --adapter-config FILE`, and give OUTPUT"),
  CHECKPOINT_AS_MODEL(
      "a training checkpoint where a model folder is expected",
      "its weights are not safetensors",
      "run `cairn consolidate {path} OUTPUT`, and give OUTPUT"),
  MODEL_INSIDE(
      "a trainer's run, with a model folder in it", "this looks at one model", "name it: {model}"),
  CAIRN_RUN(
      "a run's directory, with {names}",
      "each of them is a model folder already",
      "name one: {path}/{last}"),
  FOREIGN_RUN(
      "a trainer's run, with {names}",
      "only the step_N folders that Cairn commits are listed and pruned",
      "look at one with `cairn inspect {path}/{last}`"),
  NO_METADATA(
      "a torch.distributed checkpoint without .metadata",
      "it says what is where: the save did not end, or a copy left it out for its leading dot",
      "copy .metadata here too, or take a save that ended"),
  MISSING_PIECES(
      "a torch.distributed checkpoint without {name}",
      "each rank's file has a part of the weights",
      "copy it here too: each node may have saved to a disk of its own"),
  TRANSFORMED(
      "a torch.distributed checkpoint with tensors that an extension changed: first {tensor}",
      "what the extension does is not undone",
      "load it with torch, and save it again without extensions"),
  NO_MODEL(
      "a torch.distributed checkpoint without a model: {count} tensors of an optimizer and others",
      "trainers may save the model in a folder of its own, beside this one",
      "name that folder"),
  SEVERAL_SECTIONS(
      "a torch.distributed checkpoint with tensors under {names}",
      "none of them is the model for certain",
      "save the one that is wanted under the key model"),
  ONE_RANK(
      "one rank's file of a DeepSpeed checkpoint",
      "it has only a part of each weight",
      "name its folder: {folder}"),
  NOT_DEEPSPEED(
      "something else than a checkpoint by DeepSpeed",
      "it has no *_states.pt and no file latest",
      "name the folder with the file latest, or one save's folder in it"),
  MIXED(
      "files of two different saves are mixed: {difference}",
      "each has a part of weights of another step",
      "copy one save again, whole, into an empty folder"),
  OTHER_MASTERS(
      "masters of another number of elements than the parameters",
      "{has} are there and param_shapes says {expected}: files of two saves, or a damaged one",
      "copy one save again, whole, into an empty folder"),
  MISSING_RANK(
      "file of rank {rank} is missing: its {what}, expected {name}",
      "each of the {ranks} ranks has a part of every weight",
      "copy it here too: each node may have saved to a disk of its own"),
  NO_MASTERS(
      "ZeRO-3 model states without *_optim_states.pt",
      "under ZeRO-3 the weights are in the optimizer states alone",
      "copy the *_optim_states.pt of every rank here too"),
  NO_STATES(
      "a DeepSpeed save without *_model_states.pt",
      "it says which weights there are: mp_rank_00_model_states.pt, under ZeRO-3 zero_pp_rank_*",
      "copy it here too"),
  NO_MODULE(
      "DeepSpeed model states without weights",
      "their module holds no tensors, and there are no *_optim_states.pt beside them",
      "copy all files of that save here, or name another one"),
  NO_MASTERS_OF_SOME(
      "optimizer states of some ranks: none of mp_rank {rank}",
      "its part of the F32 weights would be missing",
      "copy the *_optim_states.pt of every rank here too"),
  NO_TENSOR_RULES(
      "a checkpoint of {ranks} tensor-parallel ranks that does not say how they split weights",
      "a model put together along the wrong dimension loads, and generates noise",
      "say it with --tp-rules FILE: JSON with the keys of DeepSpeed's universal_checkpoint_info"),
  FROZEN_LEFT_OUT(
      "a save without the weights that were frozen",
      "DeepSpeed was told exclude_frozen_parameters, and the files do not say which they were",
      "add --hf BASE_DIR --missing-from-base; --exclude-frozen writes what there is"),
  TENSOR_PIPELINE(
      "a pipeline whose stages are tensor-parallel: {file}",
      "which rank has which slice of which layer is not read yet",
      "run DeepSpeed's ds_to_universal.py on it, then `cairn consolidate` on what that makes"),
  NO_NAMES(
      "a pipeline, whose layers have numbers and not the model's names",
      "no --hf is given, or its shapes and order leave no way to name them, or several",
      "give --names FILE, JSON as {\"4.weight\": \"model.norm.weight\"}, or --raw-names"),
  NO_LAYERS(
      "a pipeline's save without layer_NN-model_states.pt",
      "each of those has the weights of a layer",
      "copy them here too: each node may have saved to a disk of its own"),
  OLD_EXPERTS(
      "an expert's file without its layer",
      "DeepSpeed wrote such only while a model could have one layer with experts",
      "load it with the DeepSpeed that saved it, and save it again with a newer one"),
  MISSING_EXPERT(
      "experts without {name}",
      "the layer has {count}, each in a file of its own",
      "copy it here too: each node may have saved to a disk of its own"),
  SPLIT_EXPERTS(
      "two files of one expert, the other is {other}",
      "experts that are split over tensor-parallel ranks are not read",
      "save again with experts that are whole on each rank, or gather them in Python"),
  OFFLOADED(
      "a checkpoint whose optimizer was offloaded to NVMe",
      "DeepSpeed leaves the F32 weights in offloaded_tensors, as raw files without their names",
      "save again with `save_16bit_model`, or with offload_optimizer's device cpu"),
  MISSING_SHARD(
      "an index of {count} shards without {shard}",
      "the tensors in it would be missing",
      "download or copy that file too"),
  ONE_SHARD(
      "one shard of several", "it has only a part of the tensors", "name its folder: {folder}"),
  SEVERAL_FILES(
      "a folder with {count} torch files: {names}",
      "each may be a model of its own",
      "name one: {path}/{last}"),
  SEVERAL(
      "{count} checkpoints: {names}",
      "none of them is the newest for certain",
      "choose one with --tag, such as --tag {last}"),
  NO_STEP(
      "{count} checkpoints: {names}",
      "none of them is of step {step}",
      "choose one of these with --step, or with --tag by its name"),
  NO_TAG(
      "no folder named {tag}",
      "--tag and the file latest name a folder in the checkpoint's; there are {names}",
      "choose one of these with --tag"),
  PIPELINE(
      "a pipeline of diffusers, with {names}",
      "each of them is a model of its own",
      "name one: {path}/{last}"),
  EMPTY_FOLDER("an empty folder", "there is nothing to read", "name the folder that was saved to"),
  UNKNOWN_FOLDER(
      "a folder without a checkpoint that is known here: {names}",
      "it has no safetensors, torch or DeepSpeed files",
      "name the folder that was saved to; `cairn consolidate --help` says which kinds there are");

  private final String found;
  private final String why;
  private final String next;

  Refusal(String found, String why, String next) {
    this.found = found;
    this.why = why;
    this.next = next;
  }

  /** Returns what was found; in braces what is different each time. */
  public String found() {
    return found;
  }

  /** Returns why that does not work. */
  public String why() {
    return why;
  }

  /** Returns what to type next. */
  public String next() {
    return next;
  }

  /**
   * Returns the message about one path.
   *
   * @param details what stands for the braces: a name, its value, and so on
   */
  public String message(Path path, String... details) {
    String text = found + ": path={path}; " + why + "; " + next;
    for (int i = 0; i < details.length; i += 2) {
      text = text.replace("{" + details[i] + "}", details[i + 1].replaceAll("\\p{Cntrl}", "?"));
    }
    return text.replace("{path}", path.toString());
  }

  /** Returns the refusal as an error, with {@link #message}. */
  public CorruptFileException of(Path path, String... details) {
    return new CorruptFileException(message(path, details));
  }
}
