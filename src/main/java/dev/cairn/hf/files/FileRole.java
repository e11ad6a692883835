package dev.cairn.hf.files;

import java.util.Locale;
import java.util.regex.Pattern;

/** What a file in a model's folder is, by its name: some go with the model, others are left. */
public enum FileRole {
  /** A tokenizer's, its vocabulary and its chat templates. */
  TOKENIZER(
      "",
      "(?:tokenizer|vocab)[._-](?!.*\\.py$).*"
          + "|(?:special_tokens_map|added_tokens|tekken|chat_template|audio_tokenizer_config)\\.json"
          + "|.*\\.(?:tiktoken|jinja)"),
  /** Of what makes a model's inputs of pictures, sound and films. */
  PROCESSOR("", ".*processor_config\\.json|(?:feature_extractor|image_processor)_config\\.json"),
  HIDDEN("hidden", "\\..*"),
  TRAINING(
      "a trainer's state",
      "(?:optimizer|scheduler|scaler|sampler|rng_state|random_states|training_args)(?:[._].*)?"
          + "|custom_checkpoint_.*|(?:zero_pp_rank|mp_rank|layer|expp_rank|bf16_zero_pp_rank)_.*\\.pt"
          + "|trainer(?:_state|_log)?\\.jsonl?|(?:all|train|eval|test|predict)_results\\.json"
          + "|latest(?:_.*)?|zero_to_fp32\\.py|events\\.out\\.tfevents\\..*"
          + "|cairn\\.json|completed|owner"),
  ADAPTER("an adapter's", "adapter_(?:config\\.json|model.*)"),
  WEIGHTS(
      "weights",
      ".*\\.(?:safetensors|bin|pt|pth|ckpt|gguf|ggml|ggjt|llamafile|h5|hdf5|keras|msgpack|onnx"
          + "|onnx_data|npy|npz|ot|tflite|pb|pdparams|pdmodel|mlmodel|nemo|engine|trt|pkl|pickle"
          + "|distcp|index|meta|data-\\d+-of-\\d+)"
          + "|.*\\.index\\.(?:.*\\.)?json|openvino.*\\.xml|params\\.json|tf_model.*|flax_model.*"),
  QUANTISATION("about quantised weights", "(?:quantize|quant|hf_quant)_config\\.json"),
  CARD("the base model's own description", "readme(?:\\..*)?|model_?card\\..*"),
  DATA(
      "data",
      ".*\\.(?:png|jpe?g|gif|svg|webp|bmp|pdf|mp[34]|wav|flac|ogg|avi|mov|parquet|arrow|csv|tsv"
          + "|jsonl|zip|tar|gz|tgz|bz2|xz|zst|7z|log|out|err|ipynb|so|pyc)"),
  /** What a config may name, and what that imports. */
  CODE("", ".*\\.py"),
  /** Whatever else: a license, or something that the model's own code reads. */
  OTHER("", ".*");

  private final String reason;
  private final Pattern names;

  FileRole(String reason, String names) {
    this.reason = reason;
    this.names = Pattern.compile("(?s)(?:" + names + ")");
  }

  /**
   * {@return what a file is}
   *
   * @param name without its folder
   */
  public static FileRole of(String name) {
    if (VocabularyNames.include(name)) {
      return TOKENIZER;
    }
    String lower = name.toLowerCase(Locale.ROOT);
    for (FileRole role : values()) {
      if (role.names.matcher(lower).matches()) {
        return role;
      }
    }
    return OTHER;
  }

  /** Returns whether such a file goes with the model. */
  boolean isTaken() {
    return reason.isEmpty();
  }

  /** Returns whether a model does not work as before without such a file. */
  boolean isNeeded() {
    return isTaken() && this != OTHER;
  }

  /** Returns why such a file is left; empty for one that is taken. */
  String reason() {
    return reason;
  }
}
