"""Makes src/main/resources/dev/cairn/hf/fused_weights.json from transformers' own conversions.

python3 src/test/python/fused_weights.py src/main/resources/dev/cairn/hf/fused_weights.json

Model type (or class) -> patterns of the names, in memory, of weights that transformers fuses when
it loads a model and splits again when it saves it.
"""

import json
import pathlib
import sys

FUSING = {"MergeModulelist", "Concatenate", "ErnieFuseAndSplitTextVisionExperts"}


def patterns(transforms):
    found = set()
    for transform in transforms:
        operations = {type(o).__name__ for o in getattr(transform, "operations", [])}
        for pattern in transform._original_target_patterns:
            if operations & FUSING or (operations and "experts" in pattern):
                found.add(pattern.replace("*.", r".*\."))
    return sorted(found)


def table():
    from transformers import conversion_mapping

    mapping = conversion_mapping._build_checkpoint_conversion_mapping()
    rows = {name: patterns(transforms) for name, transforms in mapping.items() if name != "legacy"}
    return {name: found for name, found in sorted(rows.items()) if found}


if __name__ == "__main__":
    lines = [f"  {json.dumps(name)}: {json.dumps(found)}" for name, found in table().items()]
    pathlib.Path(sys.argv[1]).write_text("{\n" + ",\n".join(lines) + "\n}\n")
