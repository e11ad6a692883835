"""Adapters and weights that need another config than their base has, and whether transformers takes what comes of them.

  python config_fit.py make FOLDER     FOLDER/CASE/{base,adapter,expected} for merge-lora, {base,weights.pt,expected} for consolidate
  python config_fit.py check FOLDER    reads FOLDER/CASE/made; prints a line for each case: its name, and what is wrong
"""

import json
import os
import pathlib
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

try:
    import torch
    import transformers
    from peft import LoraConfig, get_peft_model
    from safetensors.torch import load_file
    from transformers import (
        BertConfig, BertForTokenClassification, BertModel, BertForMaskedLM, LlamaConfig, LlamaForCausalLM,
        LlamaForSequenceClassification, LlavaConfig, LlavaForConditionalGeneration, MistralConfig, MistralForCausalLM,
        MistralForSequenceClassification, MistralForTokenClassification, ViTConfig, ViTForImageClassification, ViTModel,
    )
except ImportError as missing:
    print(missing)
    sys.exit(77)

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

SIZES = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=64)
DECODER = dict(SIZES, vocab_size=64, num_key_value_heads=2)
PICTURES = dict(
    hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, image_size=8, patch_size=4)
Q = dict(target_modules=["q_proj"])
CAUSAL = dict(Q, task_type="CAUSAL_LM")


def llama(**more):
    return LlamaForCausalLM(LlamaConfig(**DECODER, **more))


def llava():
    vision = dict(PICTURES, model_type="clip_vision_model")
    text = dict(DECODER, model_type="llama")
    return LlavaForConditionalGeneration(LlavaConfig(text_config=text, vision_config=vision))


def bert(cls):
    return cls(BertConfig(**SIZES, vocab_size=64))


def mistral(cls=MistralForCausalLM, **more):
    return cls(MistralConfig(**DECODER, **more))


def vit(cls):
    return cls(ViTConfig(**PICTURES))


def resized(cls):
    def load(base):
        model = cls.from_pretrained(base)
        model.resize_token_embeddings(70, mean_resizing=False)
        return model

    return load


def labelled(cls, count):
    return lambda base: cls.from_pretrained(base, num_labels=count, ignore_mismatched_sizes=True)


# Name: the base model, what is trained from it, the adapter's config; none for weights that are consolidated.
CASES = {
    "whole_embeddings": (llama, resized(LlamaForCausalLM), dict(CAUSAL, modules_to_save=["embed_tokens", "lm_head"])),
    "embeddings_saved_by_peft": (llama, resized(LlamaForCausalLM), CAUSAL),
    "adapted_embeddings": (
        llama, resized(LlamaForCausalLM), dict(CAUSAL, target_modules=["q_proj", "embed_tokens", "lm_head"])),
    "trained_tokens": (
        llama, resized(LlamaForCausalLM), dict(CAUSAL, trainable_token_indices={"embed_tokens": [3, 64, 69]})),
    "tied": (lambda: llama(tie_word_embeddings=True), resized(LlamaForCausalLM), CAUSAL),
    "composite": (
        llava, resized(LlavaForConditionalGeneration),
        dict(target_modules=r".*language_model.*q_proj", modules_to_save=["embed_tokens", "lm_head"])),
    "three_labels": (llama, labelled(LlamaForSequenceClassification, 3), dict(Q, task_type="SEQ_CLS")),
    "two_labels": (llama, labelled(LlamaForSequenceClassification, 2), dict(Q, task_type="SEQ_CLS")),
    "reward": (mistral, labelled(MistralForSequenceClassification, 1), dict(Q, task_type="SEQ_CLS")),
    "tokens": (mistral, labelled(MistralForTokenClassification, 5), dict(Q, task_type="TOKEN_CLS")),
    "other_labels": (
        lambda: mistral(MistralForSequenceClassification), labelled(MistralForSequenceClassification, 4),
        dict(Q, task_type="SEQ_CLS")),
    "bare_base": (
        lambda: bert(BertModel), labelled(BertForTokenClassification, 3),
        dict(target_modules=["query"], task_type="TOKEN_CLS")),
    "base_with_another_head": (
        lambda: bert(BertForMaskedLM), labelled(BertForTokenClassification, 3),
        dict(target_modules=["query"], task_type="TOKEN_CLS")),
    "pictures": (
        lambda: vit(ViTForImageClassification), labelled(ViTForImageClassification, 3),
        dict(target_modules=["query", "q_proj"], modules_to_save=["classifier"])),
    "bare_pictures": (
        lambda: vit(ViTModel), labelled(ViTForImageClassification, 3),
        dict(target_modules=["query", "q_proj"], modules_to_save=["classifier"])),
    "weights_resized": (llama, resized(LlamaForCausalLM), None),
    "weights_resized_composite": (llava, resized(LlavaForConditionalGeneration), None),
    "weights_with_labels": (llama, labelled(LlamaForSequenceClassification, 3), None),
    "weights_of_an_unknown_class_with_labels": (mistral, labelled(MistralForSequenceClassification, 3), None),
}


WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "small", "file", "##s", "beside"]
TEXT = "a small files beside"
# Tokenizers with no tokenizer.json: their class is named, and its vocabulary has a name of its own.
TOKENIZERS = {
    "BertTokenizer": {"vocab.txt": "\n".join(WORDS)},
    "GPT2Tokenizer": {
        "vocab.json": json.dumps({token: i for i, token in enumerate(
            ["<|endoftext|>", *"abdefilmst", "\u0120", "ma", "ll"])}),
        "merges.txt": "#version: 0.2\nm a\nl l\n"},
    "EsmTokenizer": {"vocab.txt": "\n".join(["<cls>", "<pad>", "<eos>", "<unk>", "a", "small", "beside", "<mask>"])},
    "ProphetNetTokenizer": {"prophetnet.tokenizer": "\n".join(WORDS)},
}


# Whatever a tokenizer's config names, AutoTokenizer takes another one for these.
FIXED = ["mistral", "llava"]


def add_tokenizer(base, number):
    if json.loads((base / "config.json").read_text())["model_type"] in FIXED:
        return
    name = list(TOKENIZERS)[number % len(TOKENIZERS)]
    (base / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": name}))
    for file, text in TOKENIZERS[name].items():
        (base / file).write_text(text)


def ids(folder):
    if not (folder / "tokenizer_config.json").exists():
        return None
    return transformers.AutoTokenizer.from_pretrained(folder)(TEXT).input_ids


def fill(model):
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if any(part in name for part in ("lora_", "modules_to_save", "trainable_tokens")):
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.05)


def make(folder):
    for name, (base, load, config) in CASES.items():
        case = folder / name
        torch.manual_seed(0)
        base().save_pretrained(case / "base")
        add_tokenizer(case / "base", list(CASES).index(name))
        model = load(case / "base")
        if config is None:
            torch.save(model.state_dict(), case / "weights.pt")
        else:
            adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, **config))
            fill(adapted)
            adapted.save_pretrained(case / "adapter")
            model = adapted.merge_and_unload()
        torch.save({key: value.clone() for key, value in model.state_dict().items()}, case / "expected.pt")
        (case / "class").write_text(type(model).__name__)


def wrong(case):
    expected = torch.load(case / "expected.pt")
    cls = (case / "class").read_text()
    config = json.loads((case / "made" / "config.json").read_text())
    if config["architectures"] != [cls]:
        return f"architectures={config['architectures']}, expected {cls}"
    model, info = getattr(transformers, cls).from_pretrained(
        case / "made", dtype=torch.float32, output_loading_info=True)
    bad = {key: sorted(value) for key, value in info.items() if value}
    if bad:
        return bad
    state = model.state_dict()
    if state.keys() != expected.keys():
        return sorted(state.keys() ^ expected.keys())
    tokens = ids(case / "base")
    if tokens and len(set(tokens)) < 3 or ids(case / "made") != tokens:
        return f"tokens {ids(case / 'made')}, expected {tokens}"
    far = [key for key in state if not torch.allclose(state[key], expected[key], atol=1e-6)]
    return far


def check(folder):
    for name in CASES:
        try:
            found = wrong(folder / name)
        except Exception as failure:  # one must not hide the others
            found = f"{type(failure).__name__}: {failure}"
        print(f"{name}: {found or 'fine'}".replace("\n", " "))


{"make": make, "check": check}[sys.argv[1]](pathlib.Path(sys.argv[2]))
