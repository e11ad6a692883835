r"""Reads the table of the published form (make_form_table.py makes it) and applies it, without transformers or torch.

  python form_table.py TABLE MEMORY OUT [BASE]

writes a folder OUT as save_pretrained would, from a folder MEMORY of a model in the names that it has in memory, and
one of the model that it was loaded from. This
is the specification of whoever else applies the table; what follows says how the file is to be read.

CLASSES. "classes" has the model classes by name, the values of config.json's "architectures". A class has "children":
the nearest PreTrainedModels below it, at "path" (a module's name, below the class's own), of the class "class", made
from the config at "config" (dotted, below the class's own config; "" is the same config). A child with "auto" is made
by that Auto class from its config: the class is auto[that Auto class][model_type of the sub-config], "class" stands
for the default config only. A child's own children are its class's. A child that a config leaves out, or none of whose
names is in memory, changes nothing. Children that cannot matter are left out (nothing in or below them has anything to
say); classes that no default config makes are left out too, and are looked up in "conversions" all the same.

WALK. The classes are visited as named_modules does: a class before its children, children in their order. Each looks
for a conversion by its class name, else by its model_type (the sub-config's if "auto", else the class's own). It gets
none if a visited ancestor had it already: by the same class name, or, if found by model_type, by the same model_type
(an ancestor that found its own by class name claims its class name only). Of the root, names are matched whole. Those
of another class are "scoped": SCOPE is its module's name without the root's base_model_prefix (as a string, then
without a leading dot); a name is matched by the part after BASE.SCOPE. or, if it does not begin so, after SCOPE.
(BASE is the root's base_model_prefix, an empty one is left out with its dot); a name that begins with neither does
not match.
The conversions are found from the root down but applied from the last class found to the first; within a conversion
the transforms stand in the order in which they are applied. Before all of them stand those
of the key "legacy", which are of the root. ("kind" "optional" is left out: see OPTIONAL.)

RENAMING. For each name in memory, in natural order (see natural): the "convert" transforms are tried in order, the
first that matches is applied and no other; then all others in order, each to the result of those before. To apply is:
search "pattern" (not anchored, and its dots stand for any character); take the first source i whose group g<i> took
part; replace the first occurrence of the matched text in the part that was searched (which is not always where the
match was) by the first target, in which each \1 stands for group captures[i]. The renamed name may hold a "*".
"group" is one transform of several pairs: the match of source i is replaced by target i, in which \n stands for group
captures[i] + n - 1, but a source other than 0 matches only after source 0 has matched some name.

CONVERTING. Names that a "convert" matched and that came to the same name are one group; it is converted by the LAST
transform of the list that has the matched source in its "sources" (two scopes of one conversion have the same sources).
The tensors come as a list for each source, in the order of names, and go through "operations" in turn:
  Chunk            the one tensor, in as many pieces as there are targets (torch.chunk: of ceil(n / targets), the last
                   may be smaller); with num_shards_attribute, the only target's "*" counts to that value of the text
                   config
  Concatenate      all tensors, by sources in their order, along dim, as targets[0]
  SplitModulelist  each tensor, cut along dim in pieces of one, and ALL dimensions of 1 are dropped (squeeze); the "*"
                   of the name counts them; the names are those of the operation before, or targets[0] if there is one
                   tensor
  Interleave, Transpose, PermuteForRope, ErnieSplitAndDecoupleTextVisionExperts: see below. Transpose with check_dims
                   leaves a tensor alone if it has the shape that a parameter of the renamed name has in memory
The names of the results are targets: to be put into the renamed name, in which every "*." is "0." first; of the first
of them that it contains, what is before (at its first occurrence) and behind goes around each of them. If it contains
none, they stay as they are. Of tensors of one name the last remains.
A name that no "convert" matched keeps its tensor; of several that come to one name the first remains.

OPTIONAL. save_pretrained applies "optional" transforms, of prefixes and of names of old, only if from_pretrained found
such names in the files. So they depend on the base model: optional() tries each, and takes it if more of the names are
then the base's.

DTYPES. "f32", "f32Float16" and "f32Made" are patterns of names in memory ("*" is ".*", searched), of the root and all
classes below alike, not scoped. from_pretrained makes what "f32" matches F32 for float16 and bfloat16, what
"f32Float16" matches for float16 only, and leaves F32 what "f32Made" matches, for a class makes it so in any case (a few
only for some configs). Every other floating tensor becomes the dtype asked for. save_pretrained writes what is there.

TIES. "tied" maps a parameter (or module, or regular expression from the name's beginning) of the class to the one it
is the same as, if the class's config has tie_word_embeddings; only the latter is saved, if they are one in memory.
"ignoredOnSave" are names, below the class's own, that are not saved. "unexpectedOnLoad" and "missingOnLoad" are
patterns, searched in names in memory, of keys that loading does not complain of; not scoped.
"""

import json
import math
import pathlib
import re
import sys

from form_operations import OPERATIONS
from form_ranges import Tensor


class Transform:
    def __init__(self, data, root, scope):
        self.kind, self.sources, self.targets = data["kind"], data["sources"], data["targets"]
        self.pattern = re.compile(data["pattern"].replace("(?<g", "(?P<g"))
        self.captures, self.operations = data.get("captures"), data.get("operations")
        self.prefixes = None
        if scope is not None:
            below = f"{scope}." if scope else ""
            self.prefixes = [f"{root}.{below}" if root else below, below]
        self.guard_seen = False

    def rename(self, name):
        """The renamed name and the source that matched, or None."""
        prefix = ""
        if self.prefixes is not None:
            prefix = next((prefix for prefix in self.prefixes if name.startswith(prefix)), None)
            if prefix is None:
                return None
        part = name.removeprefix(prefix)
        match = self.pattern.search(part)
        if match is None:
            return None
        source = next(i for i in range(len(self.sources)) if match.group(f"g{i}") is not None)
        target = self.targets[0]
        if self.kind == "group":
            self.guard_seen = self.guard_seen or source == 0
            if not self.guard_seen:
                return None
            target = self.targets[source]
        if self.captures:
            first = self.captures[source] - 1
            target = re.sub(r"\\(\d)", lambda digit: match.group(first + int(digit.group(1))), target)
        return prefix + part.replace(match.group(), target, 1), self.sources[source]

    def convert(self, name, tensors, config, shapes):
        """The published tensors of those collected by source."""
        for operation in self.operations:
            tensors = OPERATIONS[operation["op"]](self, operation, tensors, name, config, shapes)
        full = name.replace("*.", "0.")
        for target in tensors:
            if target in full:
                before, _, behind = full.partition(target)
                return {before + target + behind: tensor for target, tensor in tensors.items()}
        return tensors


def natural(name):
    """The order of names: digits by value, and before words; words by their text, then the number at their end."""
    parts = []
    for part in name.split("."):
        text = part.rstrip("0123456789")
        if part.isdigit():
            parts.append((0, int(part)))
        else:
            parts.append((1, text) if text == part else (1, text, int(part[len(text) :])))
    return parts


def below(config, path):
    """The sub-config at a dotted path; of what a config.json leaves out, nothing."""
    for key in path.split(".") if path else []:
        config = (config or {}).get(key)
    return config or {}


def walk(table, name, config, module="", model_type=None):
    """(module, class name, model_type) of the class and all below."""
    record = table["classes"].get(name, {})
    yield module, name, model_type or record.get("model_type")
    for child in record.get("children", []):
        inner, child_class, child_type = below(config, child["config"]), child["class"], None
        if "auto" in child:
            child_type = inner.get("model_type")
            child_class = table["auto"][child["auto"]].get(child_type, child_class)
        yield from walk(table, child_class, inner, f"{module}.{child['path']}".strip("."), child_type)


def transforms(table, config):
    """All transforms of a model in the order in which they are applied."""
    root = config["architectures"][0]
    base = table["classes"].get(root, {}).get("base_model_prefix", "")
    claimed, found = {}, []

    def has(identifier, module):
        return any(seen == "" or module.startswith(f"{seen}.") for seen in claimed.get(identifier, []))

    for module, name, model_type in walk(table, root, config, model_type=config.get("model_type")):
        if has(name, module):
            continue
        by_class = name in table["conversions"]
        if not by_class and (model_type not in table["conversions"] or has(model_type, module)):
            continue
        conversion = table["conversions"][name if by_class else model_type]
        if isinstance(conversion, str):
            conversion = table["conversions"][conversion]
        scope = module.removeprefix(base).removeprefix(".") if module else None
        found.insert(0, [Transform(data, base, scope) for data in conversion])
        claimed.setdefault(name, []).append(module)
        if not by_class:
            claimed.setdefault(model_type, []).append(module)
    found.insert(0, [Transform(data, base, None) for data in table["conversions"]["legacy"]])
    return [transform for conversion in found for transform in conversion]


def apply(transforms, config, shapes):
    """{published name: Tensor} of {name in memory: shape}."""
    converters = [transform for transform in transforms if transform.kind == "convert"]
    renamings = [transform for transform in transforms if transform.kind != "convert"]
    by_source = {source: transform for transform in converters for source in transform.sources}
    collected = {}
    for transform in transforms:
        transform.guard_seen = False
    for name in sorted(shapes, key=natural):
        renamed, matched = name, None
        for transform in converters:
            found = transform.rename(renamed)
            if found:
                renamed, matched = found
                break
        for transform in renamings:
            renamed = (transform.rename(renamed) or (renamed,))[0]
        tensor = Tensor(shapes[name], [(name, 0, math.prod(shapes[name]))])
        transform, tensors = collected.setdefault(renamed, (by_source.get(matched), {}))
        tensors.setdefault(matched, []).append(tensor)
    published = {}
    for name, (transform, tensors) in collected.items():
        if transform is None:
            published[name] = tensors[None][0]
        else:
            published |= transform.convert(name, tensors, config, shapes)
    return published


def optional(found, config, shapes, base_names):
    """The transforms without those of kind "optional" that do not lead to the base's names."""
    taken = [transform for transform in found if transform.kind != "optional"]
    for transform in found:
        if transform.kind == "optional":
            wider = [other for other in found if other in taken or other is transform]
            if known(wider, config, shapes, base_names) > known(taken, config, shapes, base_names):
                taken = wider
    return taken


def known(transforms, config, shapes, base_names):
    return len(apply(transforms, config, shapes).keys() & base_names)


def plan(table, config, shapes, base_names=frozenset()):
    """{published name: (shape, ranges)}; ranges is None, "not contiguous", where a row has several of one source."""
    found = optional(transforms(table, config), config, shapes, base_names)
    result = {}
    for name, tensor in apply(found, config, shapes).items():
        ranges, rows = tensor.coalesced(), math.prod(tensor.shape[:-1])
        sources = len({source for source, _, _ in ranges})
        result[name] = tensor.shape, ranges if len(ranges) <= max(rows, 1) * sources else None
    return result


def read(path):
    """The entries of a safetensors file and its data."""
    content = pathlib.Path(path).read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    entries = json.loads(content[8:start])
    entries.pop("__metadata__", None)
    return entries, memoryview(content)[start:]


def publish(table, memory, out, base=None):
    """Writes a folder with the published form of one in memory names; the names of what is not contiguous."""
    base_names = {name for file in base.glob("*.safetensors") for name in read(file)[0]} if base else set()
    config = json.loads((memory / "config.json").read_text())
    entries, data = read(memory / "model.safetensors")
    planned = plan(table, config, {name: entry["shape"] for name, entry in entries.items()}, base_names)
    left_out = [name for name, (_, ranges) in planned.items() if ranges is None]
    header, body = {"__metadata__": {"format": "pt"}}, bytearray()
    for name in sorted(planned.keys() - left_out):
        shape, ranges = planned[name]
        start = len(body)
        for source, first, count in ranges:
            low, high = entries[source]["data_offsets"]
            element = (high - low) // max(1, math.prod(entries[source]["shape"]))
            body += data[low + first * element : low + (first + count) * element]
        dtype = entries[ranges[0][0]]["dtype"]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, len(body)]}
    text = json.dumps(header).encode()
    out.mkdir(parents=True, exist_ok=True)
    (out / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + body)
    (out / "config.json").write_text((memory / "config.json").read_text())
    return left_out


if __name__ == "__main__":
    table = json.loads(pathlib.Path(sys.argv[1]).read_text())
    for name in publish(table, *map(pathlib.Path, sys.argv[2:])):
        print(f"not contiguous: {name}")
