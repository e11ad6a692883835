"""Makes the table of the published form: what transformers' save_pretrained does to a model's names, as data.

  python make_form_table.py src/main/resources/dev/cairn/form/transformers.json [--conversions]

How the file is to be read stands in form_table.py, which reads it without transformers.
"""

import collections
import importlib
import inspect
import json
import os
import pathlib
import re
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

try:
    import form_configs
    import torch
    import transformers
    from transformers import PreTrainedConfig, PreTrainedModel, conversion_mapping, core_model_loading
    from transformers.models.auto import auto_factory, modeling_auto
except ImportError as missing:
    print(missing)
    sys.exit(77)


KINDS = {
    core_model_loading.WeightRenaming: "rename",
    core_model_loading.GroupWeightRename: "group",
    core_model_loading.PrefixChange: "optional",
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


def transform(forward, key):
    """One entry of the mapping, reversed: from the name in memory to the published one."""
    reverse = forward.reverse_transform()
    data = {
        "kind": "optional" if key == "legacy" else KINDS[type(reverse)],
        "pattern": pattern(reverse.compiled_sources),
        "sources": reverse.source_patterns,
        "targets": reverse.target_patterns,
    }
    if any("\\" in target for target in data["targets"]):
        groups = reverse.compiled_sources.groupindex
        data["captures"] = [groups[f"g{i}"] + 1 for i in range(len(reverse.source_patterns))]
    if data["kind"] == "convert":
        data["operations"] = [operation(op) for op in reverse.operations]
    return data


def conversions():
    """All keys of the mapping; a list that several have stands once, the others name its key.

    "legacy" is for all models, and only if from_pretrained found such names in the files: LayerNorm.gamma and beta.
    """
    mapping = conversion_mapping._build_checkpoint_conversion_mapping()
    table, holders = {}, {}
    for key in sorted(mapping, key=lambda key: (len(key), key)):
        transforms = [transform(forward, key) for forward in reversed(mapping[key])]
        holder = holders.setdefault(json.dumps(transforms), key)
        table[key] = transforms if holder == key else holder
    return table


def model_classes():
    """All model classes of transformers that are not abstract, by name."""
    folder, found = pathlib.Path(transformers.models.__file__).parent, {}
    for file in sorted(folder.glob("*/modeling_*.py")):
        try:
            module = importlib.import_module(f"transformers.models.{file.parent.name}.{file.stem}")
        except ModuleNotFoundError:  # needs a package that is not here
            continue
        form_configs.waive(module)
        for name, value in vars(module).items():
            if inspect.isclass(value) and issubclass(value, PreTrainedModel) and value.__module__ == module.__name__:
                found[name] = value
    return {name: found[name] for name in sorted(found) if not name.endswith("PreTrainedModel")}


def shortened(config):
    """A config with four layers of each kind: as good as eighty for who stands where, and past what is dense first."""
    for key in ("num_hidden_layers", "encoder_layers", "decoder_layers", "num_layers", "depth"):
        count = getattr(config, key, None)
        if isinstance(count, int) and count > 4:
            for list_key, value in list(vars(config).items()):
                if isinstance(value, (list, tuple)) and len(value) == count:
                    setattr(config, list_key, value[:4])
            setattr(config, key, 4)
    for value in list(vars(config).values()):
        if isinstance(value, PreTrainedConfig):
            shortened(value)
    return config


def observed(from_config):
    def made(cls, config, *arguments, **keywords):
        model = from_config(cls, config, *arguments, **keywords)
        model.made_by = cls.__name__
        return model

    return made


def observe():
    """Has models say what made them: the Auto class, and the patterns of their class before those of their children."""

    def post_init(self):
        self.own = {
            "tied": self._tied_weights_keys,
            "f32": self._keep_in_fp32_modules_strict,
            "f32Float16": self._keep_in_fp32_modules,
            "ignoredOnSave": self._keys_to_ignore_on_save,
            "unexpectedOnLoad": self._keys_to_ignore_on_load_unexpected,
            "missingOnLoad": self._keys_to_ignore_on_load_missing,
        }

    PreTrainedModel.post_init = post_init
    for cls in AUTO.values():
        cls.from_config = classmethod(observed(cls.from_config.__func__))
    for name in [name for name in vars(torch.nn.init) if name.endswith("_") and not name.startswith("_")]:
        setattr(torch.nn.init, name, lambda tensor=None, *_, **__: tensor)
    for name, module in TIMM.items():  # without timm: they have no children
        cls = getattr(importlib.import_module(f"transformers.models.{module}"), name)
        cls.__init__ = lambda self, config, *_, **__: (PreTrainedModel.__init__(self, config), post_init(self))[0]


AUTO = {
    name: cls
    for name, cls in vars(modeling_auto).items()
    if inspect.isclass(cls) and issubclass(cls, auto_factory._BaseAutoModelClass) and cls.__name__ == name
}

TIMM = {
    "TimmWrapperModel": "timm_wrapper.modeling_timm_wrapper",
    "TimmWrapperForImageClassification": "timm_wrapper.modeling_timm_wrapper",
    "TimmBackbone": "timm_backbone.modeling_timm_backbone",
}


def nested(config, prefix=""):
    for key, value in sorted(vars(config).items()):
        if isinstance(value, PreTrainedConfig):
            yield prefix + key, value
            yield from nested(value, f"{prefix}{key}.")


def config_path(config, inner):
    """Where a config stands in another: itself, or its equal, or what is of its class and nearest to it."""
    candidates = [("", config), *nested(config)]
    same = [path for path, value in candidates if value is inner]
    if not same:  # a copy that knows, for example, that it is a decoder's
        alike = {path: likeness(value, inner) for path, value in candidates if type(value) is type(inner)}
        same = [path for path in alike if alike[path] == max(alike.values())]
    return same[0] if same else None


def likeness(config, other):
    mine, others = config.to_dict(), other.to_dict()
    return sum(1 for key, value in mine.items() if key in others and others[key] == value)


def nearest(module, prefix=""):
    """The nearest models below a module, in the order of named_modules."""
    for name, child in module.named_children():
        if isinstance(child, PreTrainedModel):
            yield prefix + name, child
        else:
            yield from nearest(child, f"{prefix}{name}.")


def made_f32(model, children):
    """Patterns of the tensors that a class makes in F32 whatever the default is; those of its children are theirs."""
    found = set()
    for name, tensor in model.state_dict(keep_vars=True).items():
        if tensor.dtype == torch.float32 and not name.startswith(children):
            found.add(r"\.".join(r"\d+" if part.isdigit() else part for part in name.split(".")) + "$")
    return sorted(found)


def record(model):
    """What the table has of a model's class."""
    data = {"model_type": model.config.model_type, "base_model_prefix": model.base_model_prefix}
    children = []
    for path, child in nearest(model):
        entry = {"path": path, "class": type(child).__name__, "config": config_path(model.config, child.config) or ""}
        if hasattr(child, "made_by"):
            entry["auto"] = child.made_by
        children.append(entry)
    own = getattr(model, "own", {})
    data["children"] = children
    data["f32Made"] = made_f32(model, tuple(f"{entry['path']}." for entry in children))
    for key, value in own.items():
        data[key] = value if isinstance(value, dict) else sorted(value or [])
    return {key: value for key, value in data.items() if value}


def classes():
    """The records of all classes that can be made of their default config, and of those that stand in them."""
    form_configs.stub()
    torch.set_default_dtype(torch.bfloat16)
    transformers.logging.set_verbosity(transformers.logging.CRITICAL)
    observe()
    standalone, inside, failures = {}, {}, collections.defaultdict(list)
    for name, cls in model_classes().items():
        model = None
        for make in (shortened, lambda config: config):
            try:
                with torch.device("meta"):
                    model = cls(make(form_configs.default(cls.config_class)))
                break
            except Exception as error:  # of any kind: a default config that is none
                failure = f"{type(error).__name__}: {error}".strip().split("\n")[0]
        if model is None:
            failures[failure[:120]].append(name)
            continue
        for module in model.modules():
            if isinstance(module, PreTrainedModel):
                (standalone if module is model else inside).setdefault(type(module).__name__, record(module))
    table = inside | standalone
    for failure, names in failures.items():
        names = [name for name in names if name not in table]
        if names:
            print(f"not in the table: {', '.join(names)}: {failure}", file=sys.stderr)
    return table


def pruned(table, keys):
    """The table without the children that cannot matter: none below has a conversion or anything of its own."""

    def matters(name):
        entry = table[name]
        plain = entry.keys() <= {"model_type", "base_model_prefix", "children"}
        known = name in keys or entry.get("model_type") in keys
        return known or not plain or any(map(needed, entry.get("children", [])))

    def needed(child):
        return "auto" in child or matters(child["class"])

    found = {name: dict(entry, children=[*filter(needed, entry.get("children", []))]) for name, entry in table.items()}
    return {name: {key: value for key, value in entry.items() if value} for name, entry in found.items()}


def auto_classes(table):
    """model_type to class of each Auto class that a child was made by; the first where an Auto class has several."""
    used = {child["auto"] for entry in table.values() for child in entry.get("children", []) if "auto" in child}
    found = {}
    for name in used:
        mapping = AUTO[name]._model_mapping._model_mapping
        found[name] = {key: value if isinstance(value, str) else value[0] for key, value in sorted(mapping.items())}
    return found


def lines(value, indent=""):
    """JSON in a layout that shows a change as the lines that changed: maps and lists of maps open, all else closed."""
    inner = indent + " "
    if isinstance(value, dict) and len(indent) < 2 and value:
        entries = [f"{inner}{json.dumps(key)}: {lines(value[key], inner)}" for key in sorted(value)]
        return "{\n" + ",\n".join(entries) + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], dict) and len(indent) < 3:
        return "[\n" + ",\n".join(inner + json.dumps(entry) for entry in value) + f"\n{indent}]"
    return json.dumps(value)


if __name__ == "__main__":
    transforms = conversions()
    if sys.argv[2:] == ["--conversions"]:  # which takes no time
        pathlib.Path(sys.argv[1]).write_text(lines({"conversions": transforms}) + "\n")
        sys.exit()
    records = pruned(classes(), transforms)
    table = {
        "transformers": transformers.__version__,
        "conversions": transforms,
        "classes": records,
        "auto": auto_classes(records),
    }
    pathlib.Path(sys.argv[1]).write_text(lines(table) + "\n")
