"""Makes the files under src/test/resources/golden with the reference libraries.

python3 src/test/python/make_golden.py src/test/resources/golden

Deterministic: running it again changes nothing (src/test/resources/golden/README.md has the versions).
"""

import ctypes
import json
import pathlib
import shutil
import sys

import safetensors
import torch
import transformers
from safetensors import _safetensors_rust as reference

# Name for TensorSpec, name in the header, bytes per item. F4 counts two elements per byte.
DTYPES = [
    ("bool", 1), ("int8", 1), ("uint8", 1), ("int16", 2), ("uint16", 2), ("int32", 4),
    ("uint32", 4), ("int64", 8), ("uint64", 8), ("float16", 2), ("float32", 4), ("float64", 8),
    ("bfloat16", 2), ("float8_e4m3fn", 1), ("float8_e4m3fnuz", 1), ("float8_e5m2", 1),
    ("float8_e5m2fnuz", 1), ("float8_e8m0fnu", 1), ("float4_e2m1fn_x2", 1), ("complex64", 8),
]
PYTORCH = {"format": "pt"}


def serialize(tensors, metadata):
    """tensors: name -> (dtype, shape); the data counts up from the name's length."""
    specs, alive = {}, []
    for name, (dtype, shape) in tensors.items():
        length = dict(DTYPES)[dtype]
        for dimension in shape:
            length *= dimension
        data = (ctypes.c_ubyte * max(length, 1))(*[(len(name) + i) % 251 for i in range(length)])
        alive.append(data)
        specs[name] = reference.TensorSpec(
            dtype=dtype, shape=shape, data_ptr=ctypes.addressof(data), data_len=length
        )
    return reference.serialize(specs, metadata=metadata)


def header_cases():
    yield "no_tensors", {}, PYTORCH
    yield "no_metadata", {"weight": ("float32", [2, 2])}, None
    yield "every_dtype", {"t." + d: (d, [2, 3]) for d, _ in DTYPES}, PYTORCH
    yield "scalars_and_empty", {
        "scalar": ("float32", []),
        "scalar_bool": ("bool", []),
        "empty": ("bfloat16", [0]),
        "empty_inside": ("bfloat16", [3, 0, 5]),
        "empty_too": ("float32", [0, 7]),
        "one": ("bfloat16", [1, 1, 1, 1, 1, 1]),
    }, PYTORCH
    yield "order", {
        n: ("bfloat16" if i % 3 else "float32", [i + 1])
        for i, n in enumerate(["b", "a.10", "a.2", "a", "B", "a.1", "_", "~", "a/b", "a b"])
    }, PYTORCH
    yield "odd_names", {
        n: ("float16", [1])
        for n in [
            'quote"', "back\\slash", "slash/", "tab\t", "line\n", "return\r", "feed\f", "bell\b",
            "nul\0", "unit\x1f", "escape\x1b", "del\x7f", "\x80c1", "\u00e9", "\u2028", "\ufeff",
            "\ue000 private", "\uffff last of the plane", "\U0001f600 beyond it", "\u4e2d\u6587",
        ]
    }, PYTORCH
    yield "odd_metadata", {"weight": ("uint8", [1])}, {'key"\n\U0001f600': "value\\\t\x7f\u00e9"}
    for i in range(8):
        yield f"padding_{i}", {"x" * (i + 1): ("int8", [1])}, PYTORCH


def make_headers(target):
    target.mkdir(parents=True, exist_ok=True)
    for case, tensors, metadata in header_cases():
        (target / f"{case}.safetensors").write_bytes(serialize(tensors, metadata))


def make_models(target):
    """A tiny Llama as transformers saves it, in one file and in shards, and its parameters' order."""
    config = transformers.LlamaConfig(
        vocab_size=16, hidden_size=8, intermediate_size=12, num_hidden_layers=2,
        num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=32,
        bos_token_id=1, eos_token_id=2, tie_word_embeddings=False,
    )
    torch.manual_seed(0)
    model = transformers.LlamaForCausalLM(config).to(torch.bfloat16)
    for name, size in [("llama_single", "50GB"), ("llama_sharded", 700)]:
        folder = target / name
        shutil.rmtree(folder, ignore_errors=True)
        model.save_pretrained(folder, max_shard_size=size)
        for file in folder.iterdir():
            file.chmod(0o644)
    order = [[n, list(t.shape)] for n, t in model.state_dict().items()]
    (target / "llama_order.json").write_text(json.dumps(order, indent=1) + "\n")


def make_json(target):
    """What Python makes of awkward JSON: rewriting it must give the same bytes."""
    target.mkdir(parents=True, exist_ok=True)
    tree = {
        "z": [1e-05, 1.0, 10000000000000000000000, float("nan"), float("inf"), -float("inf"), -0.0],
        "empty": {"object": {}, "array": [], "string": ""},
        "nested": [[1, [2, {"b": None, "a": True}]], [], {}],
        "text": 'quote" back\\ slash/ tab\t \b\f\n\r \x00\x1f\x7f \u00e9 \u2028 \U0001f600 \ud800',
        "\uffff": 1, "\U0001f600": 2, "\ue000": 3, "~": 4, "A": 5, "a": 6, "\x7f": 7,
    }
    for name, sort in [("python_sorted.json", True), ("python_unsorted.json", False)]:
        text = json.dumps(tree, indent=2, sort_keys=sort) + "\n"
        (target / name).write_bytes(text.encode("utf-8"))


def main():
    target = pathlib.Path(sys.argv[1])
    make_headers(target / "safetensors")
    make_models(target / "models")
    make_json(target / "json")
    print(f"safetensors {safetensors.__version__}, transformers {transformers.__version__}")


main()
