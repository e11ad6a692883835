"""Templates as the text of templates.json."""

import contextlib
import io
import json

import form_configs
import transformers
from transformers import PreTrainedConfig

from form_making.leaves import base_name, parent
from form_making.models import model_class
from form_making.words import OLD_KEYS, ignored


def one_line(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=False)


def split_name(name):
    """What goes before, of each variant, and the rest."""
    if isinstance(name, str):
        before = name.rfind("}.") + 2 if "}." in name else 0
        return name[:before], name[before:]
    parts = [variant.split(".") for variant in name]
    same = 0
    while same < min(map(len, parts)) - 1 and len({tuple(part[-1 - same :]) for part in parts}) == 1:
        if "{" in parts[0][-1 - same]:
            break
        same += 1
    return [".".join([*part[: len(part) - same], ""]) for part in parts], ".".join(parts[0][len(parts[0]) - same :])


def compact(template):
    """A template in which the tensors of the same loops, condition, shape and beginning are one entry."""
    found = {}
    for tensor in template["tensors"]:
        before, rest = split_name(tensor["name"])
        entry = {"at": before} if before else {}
        entry |= {key: tensor[key] for key in ("if", "loops", "shape") if key in tensor}
        found.setdefault(json.dumps(entry), {**entry, "names": []})["names"].append(rest)
    return {**template, "tensors": list(found.values())}


def matter_nowhere(templates):
    """Keys that are irrelevant in some families and matter in none: they go into what is ignored."""
    irrelevant, matter = set(), set()
    for template in templates.values():
        known = {*template["defaults"], *template["irrelevant"]}
        for prefix in {""} | {parent(leaf) + "." for leaf in known if parent(leaf)}:
            matter |= {key for key in OLD_KEYS if prefix + key not in known}
        irrelevant |= {base_name(leaf) for leaf in template["irrelevant"]}
        for leaf in [*template["defaults"], *template.get("kinds", {})]:
            matter |= set(leaf.split("."))
    return irrelevant - matter


def text_of(templates, nowhere):
    """The file, a line for each entry."""
    holders = {}
    lines = ["{", f' "transformers": {one_line(transformers.__version__)},']
    lines += [f' "ignored": {one_line(sorted(nowhere | set(ignored())))},', ' "templates": {']
    for name in sorted(templates):
        template = compact(templates[name])
        template["irrelevant"] = [leaf for leaf in template["irrelevant"] if base_name(leaf) not in nowhere]
        tensors = template.pop("tensors")
        lines.append(f"  {one_line(name)}: {{")
        lines += [f"   {one_line(key)}: {one_line(template[key])}," for key in sorted(template)]
        holder = holders.setdefault(json.dumps(tensors), name)
        if holder != name:
            lines += [f'   "tensors": {one_line(holder)}', "  },"]
            continue
        lines.append('   "tensors": [')
        rows = [one_line(tensor) for tensor in tensors]
        lines += [f"    {row}," for row in rows[:-1]] + [f"    {rows[-1]}", "   ]", "  },"]
    lines[-1] = "  }"
    return "\n".join([*lines, " }", "}"]) + "\n"


def aliases(config, prefix=""):
    """Other names of leaves, which may stand in a config.json with the same value: (alias, leaf)."""
    yield from ((prefix + alias, prefix + leaf) for alias, leaf in type(config).attribute_map.items())
    for key, value in vars(config).items():
        if isinstance(value, PreTrainedConfig):
            yield from aliases(value, f"{prefix}{key}.")


def add_aliases(name, template):
    """What stands under another name of a leaf is as if it stood under the leaf's own."""
    with contextlib.redirect_stderr(io.StringIO()):
        default = form_configs.default(model_class(name).config_class)
    for alias, leaf in aliases(default):
        if alias in template["defaults"] or alias in template["irrelevant"]:
            continue
        value = template["defaults"].get(leaf)
        if isinstance(value, list):  # no expression has its value, so a config that says the alias is unknown
            continue
        if leaf in template["defaults"]:
            template["defaults"][alias] = f"={leaf}"
            template.setdefault("fixed", {})[alias] = f"={leaf}"
            if base_name(alias) == "num_experts" and base_name(leaf) == "num_local_experts":
                # most say this instead; of a config that says neither nothing is known
                template["defaults"][leaf] = f"={alias}"
        elif leaf in template["irrelevant"]:
            template["irrelevant"] = sorted([*template["irrelevant"], alias])
