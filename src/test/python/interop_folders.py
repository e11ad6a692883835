"""Makes model folders with transformers, and checks what Cairn saved of them.

python3 src/test/python/interop_folders.py make FOLDER
python3 src/test/python/interop_folders.py check FOLDER

make: FOLDER/sources/<name> are tiny models as transformers saves them.
check: FOLDER/saved/<source>-<dtype>-<anything> is compared with FOLDER/sources/<source>, cast by
torch; FOLDER/answers.json says for each what is wrong, "" if nothing is.
Exit code 77: packages are missing.
"""

import json
import pathlib
import sys

try:
    import safetensors.torch
    import torch
    import transformers
except ImportError as e:
    print(e)
    sys.exit(77)

DTYPES = {"bf16": torch.bfloat16, "f16": torch.float16, "f32": torch.float32, "keep": None}
CAST = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
BUFFERS = ("running_mean",)


def make(folder):
    torch.manual_seed(0)
    common = dict(
        vocab_size=61, hidden_size=16, intermediate_size=24, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=32,
    )
    configs = {
        "llama": transformers.LlamaConfig(**common),
        "qwen2": transformers.Qwen2Config(**common, tie_word_embeddings=True),
        "olmo2": transformers.Olmo2Config(**common),
    }
    for name, config in configs.items():
        model = transformers.AutoModelForCausalLM.from_config(config)
        model.save_pretrained(folder / "sources" / name)


def tensors(folder):
    loaded = {}
    for file in sorted(folder.glob("*.safetensors")):
        loaded |= safetensors.torch.load_file(file)
    return loaded


def bits(tensor):
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def same(actual, expected):
    """Equal bit for bit, NaN apart: which NaN torch makes depends on its code path."""
    if actual.dtype != expected.dtype or actual.shape != expected.shape:
        return False
    if actual.dtype in CAST:
        nan = expected.isnan()
        if not torch.equal(nan, actual.isnan()):
            return False
        actual = torch.where(nan, torch.zeros((), dtype=actual.dtype), actual)
        expected = torch.where(nan, torch.zeros((), dtype=actual.dtype), expected)
    return torch.equal(bits(actual), bits(expected))


def check_tensors(saved, source, dtype):
    actual, expected = tensors(saved), tensors(source)
    if actual.keys() != expected.keys():
        return f"names differ: {sorted(actual.keys() ^ expected.keys())}"
    for name, tensor in expected.items():
        if dtype is not None and tensor.dtype in CAST and name not in BUFFERS:
            tensor = tensor.to(dtype)
        if not same(actual[name], tensor):
            return f"tensor differs: {name}"
    return ""


def check_bytes(saved):
    """The reference library writes the same bytes for the same tensors."""
    for file in saved.glob("*.safetensors"):
        again = safetensors.torch.save(safetensors.torch.load_file(file), metadata={"format": "pt"})
        if again != file.read_bytes():
            return f"save_file writes other bytes: {file.name}"
    return ""


def check_model(saved, source):
    model, report = transformers.AutoModelForCausalLM.from_pretrained(
        saved, output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if report[kind]:
            return f"{kind}: {report[kind]}"
    if dtype_of(saved) is not None and model.dtype != dtype_of(saved):
        return f"loaded as {model.dtype}"
    reference = transformers.AutoModelForCausalLM.from_pretrained(source, dtype=model.dtype)
    ids = torch.arange(1, 9).reshape(1, 8)
    with torch.no_grad():
        if not torch.equal(model(ids).logits, reference(ids).logits):
            return "logits differ"
    return ""


def dtype_of(saved):
    return DTYPES[saved.name.split("-")[1]]


def check(folder):
    answers = {}
    for saved in sorted((folder / "saved").iterdir()):
        source = folder / "sources" / saved.name.split("-")[0]
        problem = check_tensors(saved, source, dtype_of(saved)) or check_bytes(saved)
        if not problem and (source / "config.json").exists():
            problem = check_model(saved, source)
        answers[saved.name] = problem
    (folder / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    {"make": make, "check": check}[sys.argv[1]](pathlib.Path(sys.argv[2]))
