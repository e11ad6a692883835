"""Makes a Llama-shaped base model in bf16 and a LoRA adapter of all its linear layers, to time merges with.

  python make_lora_model.py FOLDER [--layers 16] [--rank 64]

writes FOLDER/base and FOLDER/adapter; 16 layers are 1.24e9 parameters, the shapes of Llama 3.2 1B.
"""

import argparse
import json
import pathlib

import torch
from safetensors.torch import save_file

HIDDEN, INNER, KEYS, VOCABULARY = 2048, 8192, 512, 128256

LINEAR = {
    "self_attn.q_proj": (HIDDEN, HIDDEN),
    "self_attn.k_proj": (KEYS, HIDDEN),
    "self_attn.v_proj": (KEYS, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HIDDEN),
    "mlp.gate_proj": (INNER, HIDDEN),
    "mlp.up_proj": (INNER, HIDDEN),
    "mlp.down_proj": (HIDDEN, INNER),
}


def config(layers):
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": layers,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 64,
        "vocab_size": VOCABULARY,
        "tie_word_embeddings": True,
    }


def adapter_config(rank):
    return {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": rank,
        "lora_alpha": 2 * rank,
        "target_modules": sorted(name.rsplit(".", 1)[1] for name in LINEAR),
        "bias": "none",
    }


def random(*shape):
    return (torch.randn(*shape) * 0.02).to(torch.bfloat16)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--layers", type=int, default=16)
    arguments.add_argument("--rank", type=int, default=64)
    options = arguments.parse_args()
    torch.manual_seed(0)
    base = {"model.embed_tokens.weight": random(VOCABULARY, HIDDEN), "model.norm.weight": random(HIDDEN)}
    adapter = {}
    for layer in range(options.layers):
        start = f"model.layers.{layer}."
        base[start + "input_layernorm.weight"] = random(HIDDEN)
        base[start + "post_attention_layernorm.weight"] = random(HIDDEN)
        for name, (outputs, inputs) in LINEAR.items():
            base[start + name + ".weight"] = random(outputs, inputs)
            module = "base_model.model." + start + name
            adapter[module + ".lora_A.weight"] = random(options.rank, inputs)
            adapter[module + ".lora_B.weight"] = random(outputs, options.rank)
    for name, tensors in (("base/model", base), ("adapter/adapter_model", adapter)):
        file = options.folder / (name + ".safetensors")
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, file, metadata={"format": "pt"})
    for name, content in (
        ("base/config.json", config(options.layers)),
        ("adapter/adapter_config.json", adapter_config(options.rank)),
    ):
        (options.folder / name).write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
