#!/usr/bin/env python3
"""Makes what people hand in, by torch itself, and compares what Cairn makes of it with torch's load.

    interop_inputs.py make FOLDER     writes inputs, and cases.tsv: name, path, options
    interop_inputs.py check FOLDER    compares FOLDER/out/<name> with FOLDER/expected/<name>.pt
    interop_inputs.py merge FOLDER    writes one base model and one adapter in every form
"""

import collections
import pathlib
import sys

try:
    import torch
    from safetensors.torch import load_file
except ImportError as e:
    print(e)
    sys.exit(77)

OD = collections.OrderedDict
DTYPES = [torch.bfloat16, torch.float16, torch.float32]


def model(seed=0, dtype=torch.bfloat16):
    """A state dict with views, shared storages, strides, scalars and all that a model may have."""
    generator = torch.Generator().manual_seed(seed)
    rand = lambda *shape: torch.randn(*shape, generator=generator)
    table = rand(40, 8)
    state = OD()
    state["model.embed_tokens.weight"] = table.to(dtype)
    state["model.layers.0.up.weight"] = rand(24, 8).to(dtype)
    state["model.layers.0.transposed.weight"] = rand(8, 12).to(dtype).t()
    state["model.layers.0.slice.weight"] = rand(30, 6).to(dtype)[3:20, 1:5]
    state["model.layers.0.expanded.weight"] = rand(1, 7).to(dtype).expand(5, 7)
    state["model.layers.0.parameter"] = torch.nn.Parameter(rand(5).to(dtype))
    state["model.layers.0.f64"] = rand(3).double()
    state["model.layers.0.scalar"] = torch.tensor(3.5)
    state["model.layers.0.count"] = torch.tensor([1, 2, 3])
    state["model.layers.0.mask"] = torch.tensor([True, False])
    state["model.norm.weight"] = rand(8).to(dtype)
    state["lm_head.weight"] = state["model.embed_tokens.weight"]
    return state


class Cases:
    def __init__(self, folder):
        self.folder = folder
        (folder / "expected").mkdir()
        self.lines = []

    def add(self, name, path, expected, *options):
        torch.save(OD((k, v.detach().contiguous()) for k, v in expected.items()), self.folder / "expected" / f"{name}.pt")
        self.lines.append("\t".join([name, str(path), *options]))

    def write(self):
        (self.folder / "cases.tsv").write_text("\n".join(self.lines) + "\n")


def torch_files(cases):
    for dtype in DTYPES:
        state = model(1, dtype)
        for zipped in (True, False):
            name = f"{str(dtype)[6:]}-{'zip' if zipped else 'legacy'}"
            folder = cases.folder / name
            folder.mkdir()
            torch.save(state, folder / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
            # what a file holds beside its weights is kept: only floating tensors may be cast
            cases.add(name, folder, state, "--dtype", "keep")
    state = model(2)
    for key, zipped in (("state_dict", True), ("model", False), ("module", True), ("model_state_dict", False)):
        path = cases.folder / f"under-{key}.ckpt"
        torch.save({"epoch": 3, key: state, "optimizer": {"state": {}}, "best": torch.tensor(0.5)}, path,
                   _use_new_zipfile_serialization=zipped)
        cases.add(f"under-{key}", path, state, "--dtype", "keep")
    for protocol in (2, 3, 4, 5):
        for zipped in (True, False):
            name = f"protocol-{protocol}-{'zip' if zipped else 'legacy'}"
            torch.save(state, cases.folder / f"{name}.pt", pickle_protocol=protocol,
                       _use_new_zipfile_serialization=zipped)
            cases.add(name, cases.folder / f"{name}.pt", state, "--dtype", "keep")
    state = OD((k, v) for k, v in model(3).items() if "f64" not in k and "scalar" not in k)
    torch.save(state, cases.folder / "cast.pt")
    cases.add("cast", cases.folder / "cast.pt",
              OD((k, v.float() if v.is_floating_point() else v) for k, v in state.items()), "--dtype", "f32")
    shards(cases, True)
    shards(cases, False)
    adapter(cases)


def shards(cases, zipped):
    """As transformers wrote them before safetensors."""
    state = model(4)
    name = "shards-zip" if zipped else "shards-legacy"
    folder = cases.folder / name
    folder.mkdir()
    names = list(state)
    where = {}
    for i in range(3):
        file = f"pytorch_model-0000{i + 1}-of-00003.bin"
        part = OD((n, state[n].clone()) for n in names[i::3])
        torch.save(part, folder / file, _use_new_zipfile_serialization=zipped)
        where.update((n, file) for n in part)
    import json
    (folder / "pytorch_model.bin.index.json").write_text(
        json.dumps({"metadata": {"total_size": 12345}, "weight_map": where}, indent=2))
    cases.add(name, folder, state, "--dtype", "keep")


def adapter(cases):
    folder = cases.folder / "adapter"
    folder.mkdir()
    state = OD()
    for side, shape in (("A", (2, 8)), ("B", (8, 2))):
        state[f"base_model.model.model.layers.0.q_proj.lora_{side}.weight"] = torch.randn(*shape)
    torch.save(state, folder / "adapter_model.bin")
    (folder / "adapter_config.json").write_text(
        '{"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]}')
    cases.add("adapter", folder, state)


def deepspeed_files(cases):
    state = OD((k, v) for k, v in model(5).items() if v.dtype == torch.bfloat16)
    zero0 = cases.folder / "zero0" / "global_step3"
    zero0.mkdir(parents=True)
    (zero0.parent / "latest").write_text("global_step3")
    buffers = OD(inv_freq=torch.arange(4) / 3.0)
    torch.save(dict(module=OD([*state.items(), *buffers.items()]), buffer_names=["inv_freq"], param_shapes=None,
                    frozen_param_shapes=None, shared_params=None, global_steps=3, dp_world_size=2, mp_world_size=1),
               zero0 / "mp_rank_00_model_states.pt")
    cases.add("zero0", zero0.parent, OD([*state.items(), *buffers.items()]))

    universal = cases.folder / "universal" / "global_step3_universal"
    masters = OD((k, v.detach().float() * 1.01) for k, v in state.items())
    for name, master in masters.items():
        (universal / "zero" / name).mkdir(parents=True)
        for kind in ("fp32", "exp_avg", "exp_avg_sq"):
            torch.save({"param": master.contiguous(), "cat_dim": 0}, universal / "zero" / name / f"{kind}.pt")
        torch.save(3, universal / "zero" / name / "step.pt")
    torch.save(dict(module=OD((k, v.bfloat16()) for k, v in masters.items()), buffer_names=[],
                    param_shapes=[OD((k, v.shape) for k, v in masters.items())], frozen_param_shapes=None,
                    shared_params=None, dp_world_size=2, mp_world_size=1), universal / "mp_rank_00_model_states.pt")
    (universal.parent / "latest_universal").write_text(universal.name)
    cases.add("universal", universal.parent, masters, "--dtype", "f32")
    cases.add("universal-bf16", universal.parent, OD((k, v.bfloat16()) for k, v in masters.items()))

    for numbered in (False, True):
        name = "pipeline-numbered" if numbered else "pipeline"
        folder = cases.folder / name / "global_step3"
        folder.mkdir(parents=True)
        (folder.parent / "latest").write_text("global_step3")
        expected = OD()
        for i in range(12):
            layer = OD(("q.weight" if numbered else f"layers.{i}.q.weight", 0) for _ in range(1))
            layer = OD((k, torch.randn(6, 5).bfloat16()) for k in layer)
            torch.save(layer, folder / f"layer_{i:02d}-{'model_00-' if numbered else ''}model_states.pt")
            expected.update((f"{i}.{k}" if numbered else k, v) for k, v in layer.items())
        torch.save(dict(module=None, buffer_names=[], param_shapes=None, global_steps=3),
                   folder / "mp_rank_00_model_states.pt")
        cases.add(name, folder.parent, expected, *(["--raw-names"] if numbered else []))


def check(folder):
    for line in (folder / "cases.tsv").read_text().splitlines():
        name = line.split("\t")[0]
        expected = torch.load(folder / "expected" / f"{name}.pt")
        found = {}
        for file in (folder / "out" / name).glob("*.safetensors"):
            found.update(load_file(file))
        assert found.keys() == expected.keys(), (name, found.keys() ^ expected.keys())
        for key, value in expected.items():
            assert found[key].dtype == value.dtype, (name, key, found[key].dtype, value.dtype)
            assert torch.equal(found[key], value), (name, key)
        print("same", name, len(found))


def merge(folder):
    """base-<form> and adapter-<form>, safetensors and torch's; all have the same tensors."""
    import json
    from safetensors.torch import save_file
    base = OD(("model.layers.%d.q_proj.weight" % i, torch.randn(32, 16).bfloat16()) for i in range(4))
    base["model.embed_tokens.weight"] = torch.randn(40, 16).bfloat16()
    lora = OD()
    for i in range(4):
        name = f"base_model.model.model.layers.{i}.q_proj.lora_"
        lora[name + "A.weight"] = torch.randn(2, 16)
        lora[name + "B.weight"] = torch.randn(32, 2)
    adapter = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"], "task_type": "CAUSAL_LM",
               "base_model_name_or_path": "x"}
    for form in ("safetensors", "zip", "legacy", "shards"):
        here = folder / f"base-{form}"
        here.mkdir()
        (here / "config.json").write_text(json.dumps({"model_type": "unknown-here"}))
        zipped = {"_use_new_zipfile_serialization": form == "zip"}
        if form == "safetensors":
            save_file(base, here / "model.safetensors", metadata={"format": "pt"})
        elif form == "shards":
            where = {}
            for i, (name, tensor) in enumerate(base.items()):
                file = f"pytorch_model-{i % 2 + 1:05d}-of-00002.bin"
                where[name] = file
            for file in set(where.values()):
                torch.save(OD((n, base[n]) for n in where if where[n] == file), here / file)
            (here / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": where}))
        else:
            torch.save(base, here / "pytorch_model.bin", **zipped)
    for form in ("safetensors", "zip", "legacy"):
        here = folder / f"adapter-{form}"
        here.mkdir()
        (here / "adapter_config.json").write_text(json.dumps(adapter))
        if form == "safetensors":
            save_file(lora, here / "adapter_model.safetensors", metadata={"format": "pt"})
        else:
            torch.save(lora, here / "adapter_model.bin", _use_new_zipfile_serialization=form == "zip")


if __name__ == "__main__":
    where = pathlib.Path(sys.argv[2])
    if sys.argv[1] == "make":
        made = Cases(where)
        torch_files(made)
        deepspeed_files(made)
        made.write()
    elif sys.argv[1] == "merge":
        merge(where)
    else:
        check(where)
