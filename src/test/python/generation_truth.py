"""What transformers does with tables of generation settings: saves, or refuses and why.

python3 src/test/python/generation_truth.py src/test/resources/golden/generation

Reads FOLDER/settings.json, writes FOLDER/truth.json: for each settings the saved file, or the
fields that are named in the refusal. TypeErrors name none.
"""

import json
import pathlib
import re
import sys
import tempfile
import warnings


def saved(settings):
    from transformers import GenerationConfig

    with tempfile.TemporaryDirectory() as folder:
        try:
            GenerationConfig.from_dict(settings).save_pretrained(folder)
        except (ValueError, TypeError, AttributeError, IndexError) as e:
            names = re.findall(r"^- `(\w+)`:", str(e), re.M) or re.findall(r"`(\w+)`", str(e))[:1]
            return {"refused": sorted(names) if isinstance(e, ValueError) else []}
        return {"saved": (pathlib.Path(folder) / "generation_config.json").read_text("utf-8")}


def truth(table):
    warnings.simplefilter("ignore")
    return [saved(settings) for settings in table]


def main():
    folder = pathlib.Path(sys.argv[1])
    table = json.loads((folder / "settings.json").read_text("utf-8"))
    (folder / "truth.json").write_text(json.dumps(truth(table), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
