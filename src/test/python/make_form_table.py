"""Makes the table of the published form: what transformers' save_pretrained does to a model's names, as data.

  python make_form_table.py src/main/resources/dev/cairn/form/transformers.json

How the file is to be read stands in form_table.py, which reads it without transformers.
"""

import json
import pathlib
import re
import sys

import transformers
from transformers import conversion_mapping, core_model_loading

KINDS = {
    core_model_loading.WeightRenaming: "rename",
    core_model_loading.GroupWeightRename: "group",
    core_model_loading.PrefixChange: "prefix",
    core_model_loading.WeightConverter: "convert",
}

# What a pattern of the mapping may hold besides literal characters: each means the same in java.util.regex.
LEGAL = re.compile(r"(?:\(\?<g\d+>|\(\?:|\(\?!|\(|\)|\\[.dw]|[\w\-/:]|[.^$|+*?])*")


def pattern(compiled):
    """A compiled pattern of transformers, as java.util.regex has it: only named groups are written otherwise."""
    text = compiled.pattern.replace("(?P<", "(?<")
    if not LEGAL.fullmatch(text):
        raise ValueError(f"not known to mean the same in Java: {text}")
    return text


def operation(op):
    return {"op": type(op).__name__, **{key: value for key, value in sorted(vars(op).items()) if value is not None}}


def transform(forward):
    """One entry of the mapping, reversed: from the name in memory to the published one."""
    reverse = forward.reverse_transform()
    data = {
        "kind": KINDS[type(reverse)],
        "pattern": pattern(reverse.compiled_sources),
        "sources": reverse.source_patterns,
        "targets": reverse.target_patterns,
    }
    if data["kind"] == "convert":
        data["operations"] = [operation(op) for op in reverse.operations]
    if data["kind"] == "prefix":
        data["published"] = pattern(forward.compiled_sources)
    return data


def conversions():
    """All keys of the mapping; a list that several have stands once, the others name its key."""
    mapping = conversion_mapping._build_checkpoint_conversion_mapping()
    del mapping["legacy"]  # only read, never written: LayerNorm.gamma and beta
    table, holders = {}, {}
    for key in sorted(mapping, key=lambda key: (len(key), key)):
        transforms = [transform(forward) for forward in reversed(mapping[key])]
        holder = holders.setdefault(json.dumps(transforms), key)
        table[key] = transforms if holder == key else holder
    return table


def lines(value, indent=""):
    """JSON in a layout that shows a change as the lines that changed: maps open, and lists of maps, all else in a line."""
    inner = indent + " "
    if isinstance(value, dict) and len(indent) < 2 and value:
        entries = [f"{inner}{json.dumps(key)}: {lines(value[key], inner)}" for key in sorted(value)]
        return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], dict) and len(indent) < 3:
        return "[\n" + ",\n".join(inner + json.dumps(entry) for entry in value) + f"\n{indent}]"
    return json.dumps(value)


if __name__ == "__main__":
    table = {"transformers": transformers.__version__, "conversions": conversions()}
    pathlib.Path(sys.argv[1]).write_text(lines(table) + "\n")
