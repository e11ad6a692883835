"""Writes what transformers and PEFT count: parameters of decoders, and of LoRA adapters on them.

python3 src/test/python/make_decoder_golden.py src/test/resources/golden/policy/decoders.json

Models are made on the meta device: no memory, no random numbers. Deterministic.
"""

import json
import pathlib
import sys
import warnings

import peft
import torch
import transformers as t

SMALL = dict(
    vocab_size=640, hidden_size=48, intermediate_size=112, num_hidden_layers=3,
    num_attention_heads=6, num_key_value_heads=2,
    bos_token_id=1, eos_token_id=2, pad_token_id=0,
)
LLAMA_2_7B = dict(
    vocab_size=32000, hidden_size=4096, intermediate_size=11008, num_hidden_layers=32,
    num_attention_heads=32,
)
DECODERS = {
    "Llama-2-7B": t.LlamaConfig(**LLAMA_2_7B),
    "llama": t.LlamaConfig(**SMALL),
    "llama with biases": t.LlamaConfig(**SMALL, attention_bias=True, mlp_bias=True),
    "llama, tied, wide heads": t.LlamaConfig(**SMALL, head_dim=16, tie_word_embeddings=True),
    "mistral": t.MistralConfig(**SMALL, head_dim=16),
    "qwen2": t.Qwen2Config(**SMALL),
    "qwen3": t.Qwen3Config(**SMALL, head_dim=16),
    "qwen3 with biases": t.Qwen3Config(**SMALL, attention_bias=True),
    "olmo": t.OlmoConfig(**SMALL),
    "olmo2": t.Olmo2Config(**SMALL),
    "olmo2 with biases": t.Olmo2Config(**SMALL, attention_bias=True),
    "olmo3": t.Olmo3Config(**SMALL),
    "gemma": t.GemmaConfig(**SMALL, head_dim=16),
    "gemma2": t.Gemma2Config(**SMALL),
    "gemma3": t.Gemma3TextConfig(**SMALL, head_dim=16),
    "granite": t.GraniteConfig(**SMALL, attention_bias=True),
    "smollm3": t.SmolLM3Config(**SMALL),
}
ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


def adapters(config):
    if config.model_type in peft.utils.constants.TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING:
        yield 64, None
    yield 64, "all-linear"
    yield 8, ATTENTION
    yield 3, ["mlp.down_proj", "model.layers.1.self_attn.q_proj"]
    yield 16, ["embed_tokens", "up_proj"]


def count(config, rank, targets):
    with torch.device("meta"):
        base = t.AutoModelForCausalLM.from_config(config)
        lora = peft.LoraConfig(r=rank, target_modules=targets, task_type="CAUSAL_LM")
        model = peft.get_peft_model(base, lora)
    saved = peft.get_peft_model_state_dict(model)
    return {
        "rank": rank,
        "target_modules": targets,
        "modules": sum("lora_A" in name or "lora_embedding_A" in name for name in saved),
        "trainable": model.get_nb_trainable_parameters()[0],
        "saved": sum(tensor.numel() for tensor in saved.values()),
    }


def main(target):
    warnings.filterwarnings("ignore")
    decoders = {}
    for name, config in DECODERS.items():
        with torch.device("meta"):
            model = t.AutoModelForCausalLM.from_config(config)
        decoders[name] = {
            "config": {
                key: value
                for key, value in sorted(json.loads(config.to_json_string()).items())
                if key.startswith("num_") or key.endswith("_bias") or key in (
                    "model_type", "hidden_size", "intermediate_size", "vocab_size", "head_dim",
                    "tie_word_embeddings",
                )
            },
            "parameters": {name: list(p.shape) for name, p in model.named_parameters()}
            if config.num_hidden_layers < 8 else None,
            "total": sum(p.numel() for p in model.parameters()),
            "adapters": [count(config, *case) for case in adapters(config)],
        }
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(decoders, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
