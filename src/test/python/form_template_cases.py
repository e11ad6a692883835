"""Draws configs of all families of templates, and says what is expected of them: for whoever else reads the templates.

  python form_template_cases.py TEMPLATES OUT COUNT    COUNT configs of each family, a line of JSON for each

A line has a config, a few names that are given, what form_templates.py expects (null if nothing), and what may stand besides.
"""

import json
import pathlib
import random
import re
import sys
import zlib

import form_templates

COUNTS = r"layers?$|depth|blocks$|experts|id2label"
LARGE = 2000


def number(leaf, dice):
    return dice.randint(1, 4) if re.search(COUNTS, leaf) else 12 * dice.randint(1, 8)


def odd(leaf, default, dice):
    """A value that may say something, or that the template was not made for."""
    return dice.choice([None, True, False, 0, 1, float(number(leaf, dice)), 0.5, "silu", [], [1, 2], ["x"], default])


def drawn(family, leaf, dice):
    """A value of a leaf that fits the template."""
    default = family["defaults"][leaf]
    fixed = family.get("fixed", {}).get(leaf, default)
    if leaf in family.get("kinds", {}):
        return [dice.choice(family["kinds"][leaf]) for _ in range(dice.randint(1, 4))]
    if leaf in family.get("fixed", {}):
        return None if form_templates.is_expression(fixed) else fixed
    if isinstance(default, bool):
        return dice.random() < 0.5
    if isinstance(default, (str, list, float)) and not form_templates.is_expression(default):
        return default
    return number(leaf, dice)


def config_of(templates, name, dice):
    family, config = templates["templates"][name], {}
    oddity = dice.choice(["none", "none", "odd", "absent", "other", "foreign"])
    leaves = sorted(family["defaults"])
    chosen = set(dice.sample(leaves, min(2, len(leaves)))) if oddity in ("odd", "absent") else ()
    for leaf in leaves:
        value = odd(leaf, family["defaults"][leaf], dice) if leaf in chosen else drawn(family, leaf, dice)
        is_alias = form_templates.is_expression(family.get("fixed", {}).get(leaf))
        if not is_alias and (oddity != "absent" or leaf not in chosen):
            put(config, leaf, value)
    if oddity == "other" and family["irrelevant"]:
        leaf = dice.choice(family["irrelevant"])
        put(config, leaf, odd(leaf, None, dice))
    if oddity == "foreign":
        put(config, dice.choice(leaves).rpartition(".")[0] + ".foreign", 1)
    config["architectures"] = [name]
    config[dice.choice(templates["ignored"])] = {"foreign": 1} if oddity == "none" else 1
    config["architectures"] = [name]
    return config


def put(config, leaf, value):
    *path, key = leaf.lstrip(".").split(".")
    for part in path:
        config = config.setdefault(part, {})
        if not isinstance(config, dict):
            return
    is_labels = key == "id2label" and type(value) is int
    config[key] = {str(i): f"LABEL_{i}" for i in range(value)} if is_labels else value


def case(templates, name, dice):
    config = config_of(templates, name, dice)
    variant = dice.randrange(templates["templates"][name].get("variants", 1))
    names = sorted(form_templates.expected(templates, config, variant=variant) or ["weight"])
    given = dice.sample(names, min(5, len(names)))
    best = form_templates.best_variant(templates, config, given)
    expected = form_templates.expected(templates, config, variant=best)
    besides = sorted(form_templates.allowed(templates, config, best))
    return {"config": config, "given": given, "expected": expected, "besides": besides}


def main(file, out, count):
    templates = json.loads(pathlib.Path(file).read_text())
    with open(out, "w") as lines:
        for name in sorted(templates["templates"]):
            dice = random.Random(zlib.crc32(name.encode()))
            for _ in range(count):
                found = case(templates, name, dice)
                if len(found["expected"] or ()) < LARGE:
                    lines.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
