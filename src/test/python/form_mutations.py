"""Damages folders that transformers has saved, and says what it says when it loads them.

  python form_mutations.py ZOO FOLDER COUNT NAME...   COUNT damaged copies of models of ZOO, which form_zoo.py has made

Each FOLDER/N has a model in which one tensor is dropped, renamed, reshaped or of another dtype, and complaint.json: what was
done, and what loading complained of, "" if of nothing.
"""

import contextlib
import json
import pathlib
import random
import shutil
import sys

import form_zoo
import torch
from safetensors.torch import load_file, save_file


def damage(tensors, chance):
    """Changes one tensor; returns what was done."""
    name = chance.choice(sorted(tensors))
    kind = chance.choice(["drop", "rename", "reshape", "dtype"])
    if ".experts." in name and kind == "rename":  # of another number, transformers takes it for another expert, silently
        kind = "drop"
    tensor = tensors.pop(name)
    if kind == "rename":
        parts = name.split(".")
        at = chance.randrange(len(parts))
        parts[at] = str(int(parts[at]) + 100) if parts[at].isdigit() else parts[at] + "_"
        tensors[".".join(parts)] = tensor
    elif kind == "reshape":
        longer = list(tensor.shape) or [1]
        longer[chance.randrange(len(longer))] += 1
        tensors[name] = torch.zeros(longer, dtype=tensor.dtype)
    elif kind == "dtype":
        tensors[name] = tensor.to(torch.float32 if tensor.dtype == torch.bfloat16 else torch.bfloat16)
    return f"{kind} {name}"


def complaint(cls, folder):
    try:
        with contextlib.redirect_stderr(None):
            _, info = cls.from_pretrained(folder, dtype=torch.bfloat16, output_loading_info=True)
    except Exception as error:
        return f"{type(error).__name__}: {error}".split("\n")[0][:200]
    found = {key: sorted(map(str, value)) for key, value in info.items() if value}
    return json.dumps(found) if found else ""


def main(zoo, target, count, names):
    form_zoo.quiet()
    for number in range(count):
        chance = random.Random(number)
        name = names[number % len(names)]
        folder = pathlib.Path(target, str(number))
        folder.mkdir(parents=True)
        reference = pathlib.Path(zoo, name, "reference")
        shutil.copy(reference / "config.json", folder)
        tensors = load_file(reference / "model.safetensors")
        done = damage(tensors, chance)
        save_file(tensors, folder / "model.safetensors", {"format": "pt"})
        said = {"model": name, "done": done, "complaint": complaint(form_zoo.model_class(name), folder)}
        (folder / "complaint.json").write_text(json.dumps(said))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4:])
