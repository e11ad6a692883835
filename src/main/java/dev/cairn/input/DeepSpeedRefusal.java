package dev.cairn.input;

/** DeepSpeed's checkpoints that are turned away: something is missing, mixed or not read. */
public enum DeepSpeedRefusal implements Refusal {
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
      "it says which weights there are: mp_rank_00_model_states.pt, or under ZeRO-3"
          + " zero_pp_rank_0_mp_rank_00_model_states.pt",
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
      "give --names FILE, JSON such as {\"4.weight\": \"model.norm.weight\"}, or --raw-names"),
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
      "DeepSpeed leaves the F32 weights as raw files in offloaded_tensors, without their names, and"
          + " empty groups in *_optim_states.pt",
      "save again with `save_16bit_model`, or with offload_optimizer's device cpu");

  @SuppressWarnings("ImmutableEnumChecker") // three strings are
  private final Text text;

  DeepSpeedRefusal(String found, String why, String next) {
    text = new Text(found, why, next);
  }

  @Override
  public Text text() {
    return text;
  }
}
