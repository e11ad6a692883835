"""Leaves of configs: their values, other values that they may have, and random ones."""

import inspect
import json
import pathlib
import re

from transformers import PreTrainedConfig

from form_making.words import IGNORED


def get(config, leaf, default=None):
    for key in leaf.split("."):
        if not isinstance(config, dict) or key not in config:
            return default
        config = config[key]
    return config


def put(config, changes):
    """A copy with leaves set; of those whose value is ABSENT, without."""
    config = json.loads(json.dumps(config))
    for leaf, value in changes.items():
        at, *rest = config, *leaf.split(".")
        for key in rest[:-1]:
            if not isinstance(at.get(key), dict):
                at[key] = {}
            at = at[key]
        if value is ABSENT:
            at.pop(rest[-1], None)
        elif rest[-1] == "id2label" and isinstance(value, int):
            at[rest[-1]] = {str(i): f"LABEL_{i}" for i in range(value)}
            at["label2id"] = {f"LABEL_{i}": i for i in range(value)}
        else:
            at[rest[-1]] = value
    return config


ABSENT = type("Absent", (), {"__repr__": lambda self: "absent"})()


def parent(leaf):
    return leaf.rpartition(".")[0]


def base_name(leaf):
    return leaf.rpartition(".")[2]


def config_leaves(config, prefix=""):
    """{leaf: (value, annotation)} of a config object; a dict that is no config is one leaf."""
    found, hints = {}, {}
    for cls in reversed(type(config).__mro__):
        hints |= getattr(cls, "__annotations__", {})
    for key, value in config.to_dict().items():
        actual = getattr(config, key, None)
        if key in IGNORED or key == "model_type" and not prefix:
            continue
        if isinstance(actual, PreTrainedConfig):
            found |= config_leaves(actual, f"{prefix}{key}.")
        elif key == "id2label":
            found[prefix + key] = len(value or {}) or 2, "int"
        else:
            found[prefix + key] = value, str(hints.get(key, ""))
    if "id2label" not in config.to_dict():
        found[prefix + "id2label"] = 2, "int"
    return found


ACTIVATIONS = ["gelu", "relu", "silu", "tanh", "gelu_new", "sigmoid"]
KINDS = ["full_attention", "conv", "linear_attention", "mamba", "attention", "sliding_attention", "chunked_attention"]
KINDS += ["dense", "sparse", "moe", "recurrent", "hybrid"]


def alternatives(leaf, value, hint, strings):
    """Other values that a leaf may have, None among them."""
    name, found = base_name(leaf), []
    nullable = value is None or "None" in hint
    if isinstance(value, bool):
        found = [not value]
    elif isinstance(value, int):
        found = [value + 1, value * 2, value * 3, max(1, value // 2), 0 if value > 1 else 1]
        if re.search(r"(_id|_ids|_token|_index)$", name):
            found = [value + 1, max(0, value - 1), 0]
    elif isinstance(value, float):
        found = [value * 0.5 + 0.01, value * 0.25, value + 1, value * 2]
    elif isinstance(value, str):
        found = [word for word in strings.get(name, []) if word != value]
        if value in ACTIVATIONS or "act" in name:
            found += [word for word in ACTIVATIONS if word != value]
    elif isinstance(value, list):
        found = list_alternatives(value)
    elif isinstance(value, dict):
        found = [{}]
    elif value is None:
        if "int" in hint or not hint:
            found += [1, 2, 7]
        if "float" in hint:
            found += [0.5, 1.5]
        if "bool" in hint or not hint:
            found += [True, False]
        if "str" in hint or not hint:
            found += strings.get(name, ["x", *ACTIVATIONS])
        if "list" in hint:
            found += [[1], [0, 1]]
    return found, nullable


def list_alternatives(value):
    if not value:
        return [[0], [1], [0, 1]]
    if all(isinstance(entry, str) and re.fullmatch(r"stem|stage\d+", entry) for entry in value):
        return [other for other in (["stem"], ["stage1"], ["stem", "stage1"]) if other != value]
    if all(isinstance(entry, str) for entry in value):
        found = [value[::-1], [value[0]] * len(value), [value[-1]] * len(value)]
        found += [[kind] * len(value) for kind in KINDS]
        found += [[kind, *value[1:]] for kind in KINDS]
    elif all(isinstance(entry, (int, float)) for entry in value):
        found = [[not e if isinstance(e, bool) else e + 1 for e in value], [e * 2 for e in value], value[::-1]]
        found += [[not e if isinstance(e, bool) else e + 1 for e in value[:1]] + value[1:], value + value[-1:]]
        if all(type(entry) is int for entry in value):
            found += [value + [max(value) + 1], value[:1] if len(value) > 1 else value + [value[0] + 1]]
    else:
        found = [value[::-1]]
    return [entry for entry in found if entry != value]


def compared_strings(cls):
    """{key of a config: words that the sources of a model compare it with}."""
    found = {}
    folder = pathlib.Path(inspect.getfile(cls)).parent
    for file in sorted(folder.glob("*.py")):
        text = file.read_text()
        for key, words in re.findall(r"(\w+)\s*(?:==|!=|in|not in)\s*([\[({]?(?:\s*\"[\w-]+\",?\s*)+)", text):
            found.setdefault(key, []).extend(re.findall(r"\"([\w-]+)\"", words))
        for key, words in re.findall(r"(\w+)\s*:[^\n]*Literal\[([^\]]*)\]", text):
            found.setdefault(key, []).extend(re.findall(r"\"([\w-]+)\"", words))
    return {key: list(dict.fromkeys(words)) for key, words in found.items()}


UNIT = 48
HEADS = [2, 3, 4, 6, 8, 12]
ODD_HEADS = [5, 7, 10]  # do not divide UNIT: not all models allow it


def draw(leaf, base, dice):
    """A random value of an integer leaf; multiples of UNIT where others have to divide it."""
    name = base_name(leaf)
    small = lambda low, high: dice.randint(low, high)
    if isinstance(base, list):
        return sorted(dice.sample(range(6), small(1, 4)))
    rules = [
        (r"id2label", lambda: small(3, 20)),
        (r"vocab|num_embeddings|codebook_size", lambda: small(60, 400)),
        (r"_experts?$|^n_experts|experts", lambda: small(2, 6)),
        (r"first_k_dense|dense_layers|moe_layer_start", lambda: small(0, 4)),
        (r"(^|_)(layers?|depth|blocks|hidden_layers)$", lambda: small(1, 5)),
        (r"kv_heads|key_value_heads|num_key_heads|^multi_query", lambda: dice.choice([1, 2, 4])),
        (r"head_dim|dim_head|d_head|d_kv|head_size|rope_dim", lambda: 2 * small(3, 40)),
        (r"heads?$", lambda: dice.choice(HEADS * 2 + ODD_HEADS)),
        (r"image_size|spec_size|input_size|resolution|img_size", lambda: UNIT * small(1, 4)),
        (r"patch_size", lambda: dice.choice(HEADS)),
        (r"position|max_(seq|source|target|text)|context|window|n_ctx", lambda: small(20, 200)),
        (r"_rank$", lambda: 2 * small(2, 40)),
        (r"intermediate|inner|ffn|d_ff|mlp_dim|feed_forward", lambda: UNIT * small(1, 15)),
        (r"^num_|_num$", lambda: max(1, base) * small(1, 4)),
        (r"kernel", lambda: dice.choice([1, 3, 5, 7])),
        (r"size|dim$|_dim_|channels|width|d_model|embd|units|filters|^dim|hidden", lambda: UNIT * small(1, 12)),
    ]
    for pattern, rule in rules:
        if re.search(pattern, name):
            return rule()
    return max(1, base) * small(1, 4)
