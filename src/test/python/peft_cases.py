"""Models and the LoRA adapters that are made on them: each a case of peft_adapters.py."""

import torch
import transformers
from peft.tuners.lora.config import KasaConfig, MontecloraConfig, VeloraConfig

SMALL = dict(vocab_size=41, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
             num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=32)


def llama(**more):
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(**{**SMALL, "tie_word_embeddings": False, **more}))


def tied():
    return llama(tie_word_embeddings=True)


def biased():
    return llama(attention_bias=True, mlp_bias=True)


def classifier():
    return transformers.LlamaForSequenceClassification(
        transformers.LlamaConfig(**SMALL, num_labels=3, pad_token_id=0))


def gpt2():
    return transformers.GPT2LMHeadModel(transformers.GPT2Config(
        vocab_size=41, n_embd=16, n_layer=2, n_head=2, n_positions=32,
        bos_token_id=0, eos_token_id=0))


def opt():
    return transformers.OPTForCausalLM(transformers.OPTConfig(
        vocab_size=41, hidden_size=16, ffn_dim=24, num_hidden_layers=2, num_attention_heads=2,
        max_position_embeddings=40, word_embed_proj_dim=16, pad_token_id=1, bos_token_id=2,
        eos_token_id=2))


def neox():
    return transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(
        vocab_size=41, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=32))


def olmo2():
    return transformers.Olmo2ForCausalLM(transformers.Olmo2Config(
        **SMALL, tie_word_embeddings=False, pad_token_id=0))


def t5():
    return transformers.T5ForConditionalGeneration(transformers.T5Config(
        vocab_size=41, d_model=16, d_kv=8, d_ff=24, num_layers=1, num_heads=2,
        decoder_start_token_id=0))


def mixtral():
    return transformers.MixtralForCausalLM(transformers.MixtralConfig(
        **{**SMALL, "num_hidden_layers": 1}, num_local_experts=3, num_experts_per_tok=2))


def qwen3_moe():
    return transformers.Qwen3MoeForCausalLM(transformers.Qwen3MoeConfig(
        **{**SMALL, "num_hidden_layers": 1}, head_dim=8, num_experts=3, num_experts_per_tok=2,
        moe_intermediate_size=8, decoder_sparse_step=1, mlp_only_layers=[]))


def gpt_oss():
    return transformers.GptOssForCausalLM(transformers.GptOssConfig(
        **{**SMALL, "num_hidden_layers": 1}, head_dim=8, num_local_experts=3, num_experts_per_tok=2,
        layer_types=["full_attention"], pad_token_id=0, eos_token_id=1))


def qwen2_tied():
    return transformers.Qwen2ForCausalLM(transformers.Qwen2Config(
        **SMALL, tie_word_embeddings=True))


def bert_and_gpt2():
    return transformers.EncoderDecoderModel(
        transformers.EncoderDecoderConfig.from_encoder_decoder_configs(
            transformers.BertConfig(vocab_size=41, hidden_size=16, num_hidden_layers=1,
                                    num_attention_heads=2, intermediate_size=24),
            transformers.GPT2Config(vocab_size=41, n_embd=16, n_layer=1, n_head=2, n_positions=32,
                                    bos_token_id=0, eos_token_id=0, add_cross_attention=True)))


def bert():
    return transformers.BertForMaskedLM(transformers.BertConfig(
        vocab_size=41, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=24))


def bart():
    return transformers.BartForConditionalGeneration(transformers.BartConfig(
        vocab_size=41, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=24, decoder_ffn_dim=24,
        max_position_embeddings=40, decoder_start_token_id=2))


QV = ["q_proj", "v_proj"]
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
GPT = ["c_attn", "c_proj", "c_fc"]

# model, LoraConfig fields, and: save (how peft is asked to save), seen_as (the targets that it is
# told while it saves, as it overlooks qualified embeddings), adapter (its name), others
# (further adapters), edit (fields of the config, changed after training), rename (the adapter's
# name in the state dict alone), prefix, dtype, shard, merge (False: peft cannot, or Cairn says
# no), lost (peft cannot load its own), cairn (options)
CASES = {
    "plain": (llama, dict(target_modules=ALL)),
    "patterns": (llama, dict(target_modules=ALL, r=3, lora_alpha=7, use_rslora=True,
                             rank_pattern={"q_proj": 5, r"layers\.1\.mlp\.(up|gate)_proj": 2},
                             alpha_pattern={"k_proj": 1.5, "model.layers.0.mlp.down_proj": 32})),
    "negative_alpha": (llama, dict(target_modules=QV, lora_alpha=-3)),
    "dora": (biased, dict(target_modules=ALL, use_dora=True, lora_alpha=4)),
    "embedding": (llama, dict(target_modules=["embed_tokens", "q_proj"])),
    "embedding_dora": (llama, dict(target_modules=["embed_tokens", "q_proj"], use_dora=True)),
    "embedding_qualified": (llama, dict(target_modules=["model.embed_tokens", "q_proj"]),
                            dict(seen_as=["embed_tokens", "q_proj"])),
    "embedding_regex": (llama, dict(target_modules=r".*(embed_tokens|v_proj)")),
    "embedding_never": (llama, dict(target_modules=["embed_tokens", "q_proj"]),
                        dict(save=False, cairn=dict(embeddings="never"))),
    "embedding_always": (llama, dict(target_modules=QV),
                         dict(save=True, cairn=dict(embeddings="always"))),
    "embedding_always_gpt2": (gpt2, dict(target_modules=GPT, fan_in_fan_out=True),
                              dict(save=True, cairn=dict(embeddings="always"))),
    "embedding_always_wrapped": (biased, dict(target_modules=QV, modules_to_save=["lm_head"]),
                                 dict(save=True, cairn=dict(embeddings="always"))),
    "resized": (llama, dict(target_modules=QV), dict(save=True, cairn=dict(baseVocabSize=40))),
    "not_resized": (llama, dict(target_modules=QV), dict(cairn=dict(baseVocabSize=41))),
    "head": (llama, dict(target_modules=["lm_head", "q_proj"])),
    "head_and_embedding_tied": (tied, dict(target_modules=["lm_head", "embed_tokens", "q_proj"])),
    "embedding_tied": (tied, dict(target_modules=["embed_tokens", "q_proj"])),
    "bias_all": (biased, dict(target_modules=QV, bias="all")),
    "bias_lora_only": (biased, dict(target_modules=QV, bias="lora_only")),
    "bias_all_and_saved": (biased, dict(target_modules=QV, bias="all",
                                        modules_to_save=["up_proj", "lm_head"])),
    "lora_bias": (biased, dict(target_modules=ALL, lora_bias=True)),
    "saved_head": (llama, dict(target_modules=QV, modules_to_save=["lm_head", "norm"])),
    "saved_block": (biased, dict(target_modules=["q_proj"], modules_to_save=["mlp"], bias="all")),
    "saved_head_tied": (tied, dict(target_modules=QV, modules_to_save=["lm_head"])),
    "tokens": (llama, dict(target_modules=QV, trainable_token_indices=[1, 7, 3])),
    "tokens_tied": (tied, dict(target_modules=QV, trainable_token_indices=[1, 7, 3])),
    "tokens_both": (llama, dict(target_modules=QV, trainable_token_indices={
        "embed_tokens": [1, 4], "lm_head": [0, 9, 40]})),
    "classifier": (classifier, dict(target_modules=QV, task_type="SEQ_CLS")),
    "gpt2": (gpt2, dict(target_modules=GPT, fan_in_fan_out=True)),
    "gpt2_head": (gpt2, dict(target_modules=GPT + ["wte"], fan_in_fan_out=True, bias="all")),
    "gpt2_dora": (gpt2, dict(target_modules=GPT, fan_in_fan_out=True, use_dora=True)),
    "all_linear": (llama, dict(target_modules="all-linear")),
    "excluded": (llama, dict(target_modules=ALL, exclude_modules=["k_proj"],
                             layers_to_transform=[1])),
    "replicated": (llama, dict(target_modules=QV, layer_replication=[[0, 2], [1, 2]]),
                   dict(merge=False)),
    "several_default": (biased, dict(target_modules=QV, bias="all", modules_to_save=["lm_head"]),
                        dict(others={"second": dict(target_modules=["q_proj"], r=2)})),
    "several_second": (llama, dict(target_modules=QV),
                       dict(adapter="second", others={"default": dict(
                           target_modules=ALL, r=2, modules_to_save=["lm_head"])})),
    "named_q_proj": (llama, dict(target_modules=QV), dict(adapter="q_proj")),
    "named_like_module": (biased, dict(target_modules=QV, bias="all", modules_to_save=["lm_head"]),
                          dict(rename="lm_head")),
    "named_like_part": (llama, dict(target_modules=["q_proj", "embed_tokens"]),
                        dict(rename="lora_A")),
    "named_weight": (llama, dict(target_modules=QV, use_dora=True), dict(rename="weight")),
    "other_named_q_proj": (llama, dict(target_modules=QV), dict(stranger="q_proj")),
    "wrapped": (llama, dict(target_modules=QV), dict(prefix="module._orig_mod.module.")),
    "composite": (llama, dict(target_modules=QV), dict(
        prefix="policy.module.", cairn=dict(attribute="policy"))),
    "bf16": (llama, dict(target_modules=ALL, use_rslora=True), dict(dtype=torch.bfloat16)),
    "bf16_adapter": (llama, dict(target_modules=ALL), dict(dtype=torch.bfloat16, half=True)),
    "bf16_dora": (llama, dict(target_modules=ALL, use_dora=True), dict(dtype=torch.bfloat16)),
    "dora_patterns": (biased, dict(target_modules=ALL, use_dora=True, rank_pattern={"v_proj": 7},
                                   alpha_pattern={"^model.layers.0.self_attn.q_proj": 9})),
    "pattern_order": (llama, dict(target_modules=QV, alpha_pattern={
        r".*self_attn.*": 2, "q_proj": 6}, rank_pattern={r"^model\.layers\.0\..*": 2})),
    "layers_pattern": (llama, dict(target_modules=QV, layers_to_transform=1,
                                   layers_pattern="layers")),
    "opt": (opt, dict(target_modules=["q_proj", "fc1", "fc2"], bias="lora_only")),
    "neox": (neox, dict(target_modules=["embed_in", "query_key_value", "embed_out"])),
    "olmo2": (olmo2, dict(target_modules="all-linear",
                          modules_to_save=["lm_head", "embed_tokens"])),
    "qwen2_tied": (qwen2_tied, dict(target_modules=ALL + ["embed_tokens"], use_rslora=True)),
    "tokens_dora": (llama, dict(target_modules=QV, use_dora=True,
                                trainable_token_indices=[0, 40])),
    "gpt2_unsaid": (gpt2, dict(target_modules=["c_attn"])),
    "gpt2_positions": (gpt2, dict(target_modules=["wpe", "c_fc"], fan_in_fan_out=True)),
    "gpt2_sharded": (gpt2, dict(target_modules=["c_attn", "c_fc"], fan_in_fan_out=True,
                                use_dora=True), dict(dtype=torch.float16, shard="4KB")),
    "saved_embedding_tied": (tied, dict(target_modules=QV, modules_to_save=["embed_tokens"])),
    "named_base_layer": (biased, dict(target_modules=QV, bias="lora_only"),
                         dict(rename="base_layer")),
    "named_modules_to_save": (llama, dict(target_modules=QV, modules_to_save=["lm_head"]),
                              dict(rename="modules_to_save")),
    "saved_both_tied": (tied, dict(target_modules=QV,
                                   modules_to_save=["lm_head", "embed_tokens"])),
    "saved_kept_tied": (tied, dict(target_modules=QV, modules_to_save=["embed_tokens"],
                                   ensure_weight_tying=True)),
    "saved_beside_target_tied": (tied, dict(target_modules=["q_proj", "lm_head"],
                                            modules_to_save=["embed_tokens"])),
    "saved_head_t5": (t5, dict(target_modules=["q"], modules_to_save=["lm_head"],
                               task_type="FEATURE_EXTRACTION")),
    "experts": (mixtral, dict(target_modules=QV, rank_pattern={"experts": 2}, target_parameters=[
        "mlp.experts.gate_up_proj", "mlp.experts.down_proj"])),
    "experts_bf16": (mixtral, dict(target_modules=["o_proj"], target_parameters=["down_proj"]),
                     dict(dtype=torch.bfloat16)),
    "experts_all_linear": (mixtral, dict(target_modules="all-linear")),
    "experts_of_old": (qwen3_moe, dict(target_modules=["gate_proj", "up_proj", "down_proj"],
                                       use_rslora=True)),
    "experts_inputs_first": (gpt_oss, dict(target_modules=QV, bias="all", target_parameters=[
        "experts.gate_up_proj", "experts.down_proj", "experts.down_proj_bias", "router.weight"])),
    "several_saved": (biased, dict(target_modules=QV, modules_to_save=["lm_head"]),
                      dict(others={"second": dict(target_modules=["q_proj"], r=2,
                                                  modules_to_save=["lm_head", "up_proj"])})),
    "several_saved_second": (biased, dict(target_modules=QV, modules_to_save=["lm_head"]),
                             dict(adapter="second", others={"default": dict(
                                 target_modules=["q_proj"], r=2, modules_to_save=["lm_head"])})),
    "named_tokens": (llama, dict(target_modules=QV, trainable_token_indices=[1, 7]),
                     dict(adapter="second")),
    "named_embedding": (llama, dict(target_modules=["embed_tokens", "q_proj"]),
                        dict(adapter="second")),
    "fsdp": (llama, dict(target_modules=QV), dict(prefix="_fsdp_wrapped_module.")),
    "kasa": (llama, dict(target_modules=QV, kasa_config=KasaConfig()), dict(merge=False)),
    "monteclora": (llama, dict(target_modules=QV, monteclora_config=MontecloraConfig(
        num_samples=3, buffer_size=2)), dict(merge=False)),
    "velora": (llama, dict(target_modules=QV, velora_config=VeloraConfig(
        num_groups=2, init_type="random")), dict(merge=False)),
    "fan_in_fan_out_of_linear": (llama, dict(target_modules=ALL),
                                 dict(edit=dict(fan_in_fan_out=True))),
    "part_is_gpt2": (bert_and_gpt2, dict(target_modules=GPT + ["q_attn", "query"],
                                           task_type="FEATURE_EXTRACTION")),
    "saved_head_bert": (bert, dict(target_modules=["query"], modules_to_save=["cls"],
                                   task_type="FEATURE_EXTRACTION")),
    "saved_embedding_bart": (bart, dict(target_modules=QV, modules_to_save=["decoder.embed_tokens"],
                                        task_type="FEATURE_EXTRACTION")),
    "f16_sharded": (tied, dict(target_modules=ALL), dict(dtype=torch.float16, shard="3KB")),
}
