"""Compares folders that were written with what save_pretrained wrote of the same models, and loads them.

  python form_check.py ZOO PRODUCED [--no-load]      PRODUCED/NAME is compared with ZOO/NAME/reference (form_zoo.py)

prints a line of JSON for each family that stands in PRODUCED; {"same": true} and nothing else is what it should be.
"""

import contextlib
import json
import pathlib
import sys

import form_table

SHOWN = 3


def tensors(folder):
    """{name: (dtype, shape, bytes)} of all files of a folder."""
    found = {}
    for file in sorted(folder.glob("*.safetensors")):
        entries, data = form_table.read(file)
        for name, entry in entries.items():
            low, high = entry["data_offsets"]
            found[name] = entry["dtype"], entry["shape"], bytes(data[low:high])
    return found


def differences(produced, reference):
    """What differs, by kind: how many tensors, and the first of them."""
    both = sorted(produced.keys() & reference.keys())
    kinds = {
        "missing": sorted(reference.keys() - produced.keys()),
        "unknown": sorted(produced.keys() - reference.keys()),
        "dtype": [name for name in both if produced[name][0] != reference[name][0]],
        "shape": [name for name in both if produced[name][1] != reference[name][1]],
        "bytes": [name for name in both if produced[name] != reference[name]],
    }
    kinds["bytes"] = [name for name in kinds["bytes"] if name not in kinds["dtype"] + kinds["shape"]]
    return {kind: {"count": len(names), "first": names[:SHOWN]} for kind, names in kinds.items() if names}


def loading(cls, folder):
    import form_zoo

    try:
        with contextlib.redirect_stderr(None):
            return form_zoo.load(cls, folder)[1]
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}


if __name__ == "__main__":
    zoo, produced = map(pathlib.Path, sys.argv[1:3])
    for folder in sorted(produced.iterdir()):
        found = differences(tensors(folder), tensors(zoo / folder.name / "reference"))
        result = {"family": folder.name, "same": not found} | found
        known = json.loads((zoo / folder.name / "zoo.json").read_text())
        if "--no-load" not in sys.argv:
            import form_zoo

            form_zoo.quiet()
            complaints = loading(form_zoo.model_class(known["class"]), folder)
            if complaints != known["loading"]:
                result["loading"] = complaints
        print(json.dumps(result), flush=True)
