"""Answers for TransformersInteropTest: what transformers makes of the folders that it is shown.

python3 src/test/python/interop_hf.py FOLDER

FOLDER/settings.json: generation settings, to be saved or refused. FOLDER/generation/N: a saved
generation config. FOLDER/tokenizers/*: a tokenizer. FOLDER/models/*: a model. The answers go to
FOLDER/answers.json. Exit code 77: packages are missing.
"""

import json
import pathlib
import sys

try:
    import torch
    import transformers
except ImportError as e:
    print(e)
    sys.exit(77)

import fused_weights
import generation_truth

TEXTS = ["a heap of stones", "caf\u00e9 \u4f60\u597d<|im_end|>\n<|endoftext|>", "<s>a heap</s>"]


def generation(folder):
    return transformers.GenerationConfig.from_pretrained(folder).to_json_string()


def tokenizer(folder):
    loaded = transformers.AutoTokenizer.from_pretrained(folder)
    return {
        "ids": [loaded(text).input_ids for text in TEXTS],
        "bos": loaded.bos_token_id,
        "eos": loaded.eos_token_id,
        "chat_template": loaded.chat_template,
    }


def model(folder):
    loaded, info = transformers.AutoModelForCausalLM.from_pretrained(
        folder, output_loading_info=True
    )
    return {
        "class": type(loaded).__name__,
        "dtype": str(loaded.dtype),
        "missing": sorted(info["missing_keys"]),
        "unexpected": sorted(info["unexpected_keys"]),
        "ones": all(bool((p == 1).all()) for p in loaded.parameters()),
    }


def each(folder, answer):
    if not folder.exists():
        return {}
    return {inner.name: answer(str(inner)) for inner in sorted(folder.iterdir())}


def main():
    folder = pathlib.Path(sys.argv[1])
    torch.manual_seed(0)
    answers = {
        "transformers": transformers.__version__,
        "fields": sorted(vars(transformers.GenerationConfig())),
        "fused": fused_weights.table(),
        "truth": generation_truth.truth(json.loads((folder / "settings.json").read_text("utf-8"))),
        "generation": each(folder / "generation", generation),
        "tokenizers": each(folder / "tokenizers", tokenizer),
        "models": each(folder / "models", model),
    }
    (folder / "answers.json").write_text(json.dumps(answers), "utf-8")


main()
