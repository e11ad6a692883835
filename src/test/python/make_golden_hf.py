"""Makes golden/tokenizers and golden/models/fused_names.json with the reference libraries.

python3 src/test/python/make_golden_hf.py src/test/resources/golden

Deterministic: running it again changes nothing (src/test/resources/golden/README.md has the versions).
"""

import json
import pathlib
import shutil
import sys
import tempfile

import safetensors
import transformers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

TEXT = ["the quick brown fox jumps over the lazy dog", "a heap of stones", "caf\u00e9 \u4f60\u597d"]
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m['content'] }}<|im_end|>{% endfor %}"


def byte_level(special):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=290, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(TEXT, trainer)
    tokenizer.add_special_tokens([AddedToken(s, special=True, normalized=False) for s in special])
    return tokenizer


def write(folder, tokenizer=None, **files):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if tokenizer:
        tokenizer.save(str(folder / "tokenizer.json"))
    for name, tree in files.items():
        text = json.dumps(tree, indent=2, ensure_ascii=False) + "\n"
        (folder / f"{name}.json").write_text(text, "utf-8")


def make_tokenizers(target):
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tokenizer = byte_level(special)
    added = {
        str(tokenizer.token_to_id(s)): {
            "content": s, "lstrip": False, "normalized": False, "rstrip": False,
            "single_word": False, "special": True,
        }
        for s in special
    }
    # The template inside the config, as older versions of transformers saved it.
    write(target / "config_template", tokenizer, tokenizer_config={
        "tokenizer_class": "PreTrainedTokenizerFast", "added_tokens_decoder": added,
        "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "bos_token": None,
        "model_max_length": 1000000000000000019884624838656, "chat_template": TEMPLATE,
        "clean_up_tokenization_spaces": False,
    })
    # Several templates in files, as transformers 5 saves them.
    folder = target / "template_files"
    write(folder, tokenizer, tokenizer_config={
        "tokenizer_class": "PreTrainedTokenizerFast", "added_tokens_decoder": added,
        "eos_token": {"__type": "AddedToken", "content": "<|endoftext|>", "lstrip": False,
                      "normalized": False, "rstrip": False, "single_word": False, "special": True},
        "bos_token": "<|im_start|>",
    })
    (folder / "chat_template.jinja").write_text(TEMPLATE, "utf-8")
    (folder / "additional_chat_templates").mkdir()
    (folder / "additional_chat_templates" / "tool_use.jinja").write_text("{{ tools }}", "utf-8")
    # Older: special tokens in a map of their own, several templates in the config, no decoder.
    words = Tokenizer(models.WordLevel({"[UNK]": 0, "a": 1, "heap": 2, "of": 3, "<s>": 4, "</s>": 5},
                                       unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.add_special_tokens(["<s>", "</s>"])
    write(target / "special_tokens_map", words,
          tokenizer_config={
              "tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "[UNK]",
              "chat_template": [{"name": "default", "template": "d"},
                                {"name": "rag", "template": "r"}]},
          special_tokens_map={"bos_token": "<s>", "eos_token": {"content": "</s>", "lstrip": False,
                              "normalized": False, "rstrip": False, "single_word": False}})
    # A vocabulary of pairs, whose begin and end are in the vocabulary itself.
    pairs = [("<unk>", 0.0), ("<s>", 0.0), ("</s>", 0.0), ("\u2581", -2.0), ("a", -3.0), ("h", -3.0),
             ("e", -3.0), ("p", -3.0), ("\u2581heap", -1.5)]
    unigram = Tokenizer(models.Unigram(pairs, unk_id=0))
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    write(target / "unigram", unigram, tokenizer_config={
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>",
        "unk_token": "<unk>"})
    # No tokenizer.json at all; the class says how text begins and ends.
    folder = target / "vocabulary_and_merges"
    write(folder, tokenizer_config={"tokenizer_class": "GPT2Tokenizer"},
          added_tokens={"<|im_end|>": 291})
    byte_level([]).model.save(str(folder))
    vocab = json.loads((folder / "vocab.json").read_text("utf-8"))
    vocab["<|endoftext|>"] = len(vocab)
    (folder / "vocab.json").write_text(json.dumps(vocab), "utf-8")


def moe_models():
    small = dict(vocab_size=32, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
                 num_key_value_heads=1, max_position_embeddings=32)
    experts = dict(num_experts=2, num_experts_per_tok=1, moe_intermediate_size=4, intermediate_size=4,
                   decoder_sparse_step=1)
    yield transformers.MixtralConfig(**small, intermediate_size=4, num_local_experts=2)
    yield transformers.Qwen2MoeConfig(**small, **experts, shared_expert_intermediate_size=4)
    yield transformers.Qwen3MoeConfig(**small, **experts, head_dim=4)
    yield transformers.OlmoeConfig(**small, intermediate_size=4, num_experts=2)
    yield transformers.GptOssConfig(**small, intermediate_size=4, num_local_experts=2, head_dim=4,
                                    layer_types=["full_attention"])
    yield transformers.Olmo3Config(**small, intermediate_size=4)


def make_fused_names(target):
    rows = []
    for config in moe_models():
        model = transformers.AutoModelForCausalLM.from_config(config)
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder)
            with safetensors.safe_open(f"{folder}/model.safetensors", framework="pt") as file:
                published = sorted(file.keys())
            saved = json.loads(pathlib.Path(folder, "config.json").read_text("utf-8"))
        memory = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
        rows.append({"config": saved, "memory": memory, "published": published})
    (target / "fused_names.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")


def main():
    target = pathlib.Path(sys.argv[1])
    make_tokenizers(target / "tokenizers")
    make_fused_names(target / "models")


main()
