package dev.cairn.input;

/** Files and folders that are turned away for what they are, whoever wrote them. */
public enum InputRefusal implements Refusal {
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
  ZEROS(
      "a file of zeros",
      "its room was reserved and its bytes never came",
      "download or copy it again"),
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
      "it says which bytes of the .distcp files are what: the save did not end, or the file was left"
          + " out of a copy as its name begins with a dot",
      "copy .metadata here too, or take a save that ended"),
  MISSING_PIECES(
      "a torch.distributed checkpoint without {name}",
      "each rank's file has a part of the weights",
      "copy it here too: each node may have saved to a disk of its own"),
  TRANSFORMED(
      "a torch.distributed checkpoint whose tensors went through an extension, such as compression:"
          + " first {tensor}",
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

  @SuppressWarnings("ImmutableEnumChecker") // three strings are
  private final Text text;

  InputRefusal(String found, String why, String next) {
    text = new Text(found, why, next);
  }

  @Override
  public Text text() {
    return text;
  }
}
