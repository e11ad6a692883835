"""Names and shapes of the default models of transformers' classes, at their full size, without their memory.

  python form_default_names.py OUT.json [EVERY]

OUT.json is {class: {name: shape}}; of the classes that a default config makes, in the order of names, each EVERY-th.
Exits with 77 if a package is missing.
"""

import json
import pathlib
import sys

try:
    import torch

    import form_configs
    import make_form_table
except ImportError as missing:
    print(missing)
    sys.exit(77)


def main(out, every):
    found = {}
    for name, cls in list(make_form_table.model_classes().items())[::every]:
        try:
            with torch.device("meta"):
                model = cls(form_configs.default(cls.config_class))
        except Exception:  # of any kind: a default config that is none
            continue
        found[name] = {key: list(tensor.shape) for key, tensor in model.state_dict().items()}
    pathlib.Path(out).write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1)
