package dev.cairn.hf.generation;

import java.util.Set;

/** The settings that every generation config of transformers 5.18 has. */
final class GenerationFields {
  /** All of them are unset by default; an unset one is not saved. */
  static final Set<String> KNOWN =
      Set.of(
          "_from_model_config",
          "assistant_confidence_threshold",
          "assistant_early_exit",
          "assistant_ensemble_weight",
          "assistant_lookbehind",
          "bad_words_ids",
          "begin_suppress_tokens",
          "bos_token_id",
          "cache_config",
          "cache_implementation",
          "compile_config",
          "constraints",
          "continuous_batching_config",
          "decoder_start_token_id",
          "disable_compile",
          "diversity_penalty",
          "do_sample",
          "dola_layers",
          "early_stopping",
          "encoder_no_repeat_ngram_size",
          "encoder_repetition_penalty",
          "eos_token_id",
          "epsilon_cutoff",
          "eta_cutoff",
          "exponential_decay_length_penalty",
          "force_words_ids",
          "forced_bos_token_id",
          "forced_eos_token_id",
          "guidance_scale",
          "is_assistant",
          "length_penalty",
          "low_memory",
          "max_cache_len",
          "max_length",
          "max_matching_ngram_size",
          "max_new_tokens",
          "max_time",
          "min_length",
          "min_new_tokens",
          "min_p",
          "no_repeat_ngram_size",
          "num_assistant_tokens",
          "num_assistant_tokens_schedule",
          "num_beam_groups",
          "num_beams",
          "num_return_sequences",
          "output_attentions",
          "output_hidden_states",
          "output_logits",
          "output_scores",
          "pad_token_id",
          "penalty_alpha",
          "prefill_chunk_size",
          "prompt_lookup_num_tokens",
          "remove_invalid_values",
          "renormalize_logits",
          "repetition_penalty",
          "return_dict_in_generate",
          "sequence_bias",
          "speculation_type",
          "stop_strings",
          "suppress_tokens",
          "target_lookbehind",
          "temperature",
          "token_healing",
          "top_h",
          "top_k",
          "top_p",
          "transformers_version",
          "typical_p",
          "use_cache",
          "use_mtp",
          "watermarking_config");

  /** What is never saved. */
  static final Set<String> UNSAVED =
      Set.of("_commit_hash", "_original_object_hash", "_mask_length", "compile_config");

  /** What belongs into the call of {@code generate}. */
  static final Set<String> OF_GENERATE =
      Set.of(
          "logits_processor",
          "stopping_criteria",
          "prefix_allowed_tokens_fn",
          "synced_gpus",
          "assistant_model",
          "streamer",
          "negative_prompt_ids",
          "negative_prompt_attention_mask");

  private GenerationFields() {}
}
