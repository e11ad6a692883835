"""Answers for TransformersInteropTest: what transformers makes of the folders that it is shown.

python3 src/test/python/interop_hf.py FOLDER

python3 src/test/python/interop_hf.py --composite FOLDER

The second makes FOLDER/composite/state.safetensors, what a trainer of a policy and a value model
holds, and FOLDER/composite/policy, the policy's config. The first answers for what it is shown:

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
    from safetensors.torch import load_file, save_file
except ImportError as e:
    print(e)
    sys.exit(77)

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


class Trained(torch.nn.Module):
    """What PPO trains: a policy, and a value model of the same make with a head of its own."""

    def __init__(self, tie):
        super().__init__()
        config = transformers.LlamaConfig(
            vocab_size=37, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
            num_attention_heads=2, num_key_value_heads=1, tie_word_embeddings=tie)
        self.policy = transformers.LlamaForCausalLM(config)
        self.value = transformers.LlamaModel(config)
        self.value_head = torch.nn.Linear(16, 1)


def policy(folder):
    """Compares a saved policy with the one that was trained."""
    loaded, info = transformers.AutoModelForCausalLM.from_pretrained(
        folder / "saved", output_loading_info=True
    )
    state = load_file(folder / "state.safetensors")
    start = "module.policy."
    trained = {k[len(start):]: v for k, v in state.items() if k.startswith(start)}
    own = loaded.state_dict()
    return {
        "missing": sorted(info["missing_keys"]),
        "unexpected": sorted(info["unexpected_keys"]),
        "dtype": str(loaded.dtype),
        "names": sorted(own) == sorted(trained),
        "different": [k for k in own if not torch.equal(own[k], trained[k].to(torch.bfloat16))],
    }


def make_composites(folder):
    for name, tie in (("plain", False), ("tied", True)):
        torch.manual_seed(5)
        case = folder / "composites" / name
        case.mkdir(parents=True)
        trained = Trained(tie)
        trained.policy.config.save_pretrained(case / "policy")
        state = {"module." + k: v.clone() for k, v in trained.state_dict().items()}
        save_file(state, case / "state.safetensors", metadata={"format": "pt"})


def each(folder, answer):
    if not folder.exists():
        return {}
    return {inner.name: answer(str(inner)) for inner in sorted(folder.iterdir())}


def main():
    if sys.argv[1] == "--composite":
        make_composites(pathlib.Path(sys.argv[2]))
        return
    folder = pathlib.Path(sys.argv[1])
    torch.manual_seed(0)
    answers = {
        "transformers": transformers.__version__,
        "fields": sorted(vars(transformers.GenerationConfig())),
        "truth": generation_truth.truth(json.loads((folder / "settings.json").read_text("utf-8"))),
        "generation": each(folder / "generation", generation),
        "tokenizers": each(folder / "tokenizers", tokenizer),
        "models": each(folder / "models", model),
        "policies": each(folder / "composites", lambda case: policy(pathlib.Path(case))),
    }
    (folder / "answers.json").write_text(json.dumps(answers), "utf-8")


main()
