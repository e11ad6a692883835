"""Answers for SafetensorsInteropTest: what the reference libraries make of the files in a folder.

python3 src/test/python/interop_safetensors.py FOLDER

FOLDER/files/*: each is read; FOLDER/answers.json says whether that worked, and what was read is
written again as FOLDER/again/*. FOLDER/questions.json asks for splits, sizes and loaded values.
Exit code 77: packages are missing.
"""

import ctypes
import json
import pathlib
import sys

try:
    import safetensors.torch
    import torch
    from huggingface_hub.serialization import _base as hub
    from safetensors import _safetensors_rust as reference
except ImportError as e:
    print(e)
    sys.exit(77)

CONSTRUCTORS = {
    "BOOL": "bool", "I8": "int8", "U8": "uint8", "I16": "int16", "U16": "uint16", "I32": "int32",
    "U32": "uint32", "I64": "int64", "U64": "uint64", "F16": "float16", "F32": "float32",
    "F64": "float64", "BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2",
    "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
    "F8_E8M0": "float8_e8m0fnu", "C64": "complex64",
}


def read(file, again):
    """Reads with the reference library and writes the same tensors again."""
    try:
        tensors = reference.deserialize(file.read_bytes())
        with safetensors.safe_open(file, framework="pt") as opened:
            metadata = opened.metadata()
    except (safetensors.SafetensorError, OSError) as e:
        return str(e)
    specs, alive = {}, []
    for name, tensor in tensors:
        if tensor["dtype"] not in CONSTRUCTORS:
            return "ok"  # torch has none of 4 and 6 bits that could be written back as it was
        data = (ctypes.c_ubyte * max(len(tensor["data"]), 1)).from_buffer_copy(
            bytes(tensor["data"]) or b"\0"
        )
        alive.append(data)
        specs[name] = reference.TensorSpec(
            dtype=CONSTRUCTORS[tensor["dtype"]],
            shape=tensor["shape"],
            data_ptr=ctypes.addressof(data),
            data_len=len(tensor["data"]),
        )
    again.write_bytes(reference.serialize(specs, metadata=metadata))
    return "ok"


def split(case):
    names = {f"t{i}": size for i, size in enumerate(case["sizes"])}
    result = hub.split_state_dict_into_shards_factory(
        names,
        get_storage_size=lambda size: size,
        filename_pattern="model{suffix}.safetensors",
        max_shard_size=case["max"],
    )
    return result.filename_to_tensors


def parse_size(text):
    try:
        return hub.parse_size_to_int(text)
    except ValueError:
        return None


def load(file):
    """Loads with torch; every value as the list that torch prints."""
    tensors = safetensors.torch.load_file(file)
    return {name: [str(t.dtype), list(t.shape), t.float().flatten().tolist()]
            for name, t in tensors.items()}


def main():
    folder = pathlib.Path(sys.argv[1])
    (folder / "again").mkdir()
    questions = json.loads((folder / "questions.json").read_text())
    answers = {
        "read": {f.name: read(f, folder / "again" / f.name) for f in (folder / "files").iterdir()},
        "splits": [split(case) for case in questions["splits"]],
        "sizes": [parse_size(text) for text in questions["sizes"]],
        "loaded": load(folder / "files" / questions["load"]),
        "torch": torch.__version__,
    }
    (folder / "answers.json").write_text(json.dumps(answers))


main()
