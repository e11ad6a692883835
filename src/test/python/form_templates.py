r"""Reads templates.json (make_form_templates.py makes it): which tensors a published model has, by its config.json.

  python form_templates.py TEMPLATES FOLDER...      compares the files of folders with what their config.json asks for

expected(templates, config) gives {name: shape}, in which a dimension of None may be any, or None if the templates do
not know it. This is the specification of whoever else reads the file; what follows says how it is to be read.

LEAVES. A config.json is taken apart into leaves: what is neither a non-empty object nor below one, each with the
dotted path of its keys. The object "id2label" is one leaf, whose value is the number of its entries.

FAMILY. templates["templates"][architectures[0]], if config.json has exactly one architecture. A leaf is of no matter
if one of the keys of its path stands in "ignored", or if the path, or one that it is below, stands in the family's
"irrelevant". Every other leaf has to stand in "defaults": if not, nothing is expected (None). "needed" are dotted
paths of objects that config.json must have: if not, None. A config of whose leaves that matter none is a number is a
stub, which nobody means as it stands: None, too, unless whoever asks wants stubs (make_form_templates.py does).

VALUES. "defaults" has all leaves that matter, with the value of one that config.json leaves out (an object that
config.json leaves out, leaves out all of its leaves). A leaf whose value (its own or its default) is null has the
value that "null" says, if it stands there; both values may be expressions, as strings with a leading "=". Instead of
a value a default may be {"needed": true}: what leaves it out has no template. "fixed" has leaves that must have just
this value, which may be an expression as well. Numbers are compared as numbers (2 is 2.0), all else as JSON. If one
differs: None. "kinds" has leaves that must be lists of no other than these words.

EXPRESSIONS are integers, leaves (dotted paths), #LEAF (the number of entries of a list), + - * // (which rounds
down), parentheses and min(a, b), with the usual precedence, left to right. A leaf in it that is no integer (true is
none), a division by zero and a number that is less than zero at the end: None.

TENSORS. "tensors" is a list, or the name of the family that has the same list. Each entry stands for the tensors of
"names", each as often as the entry's loops run, with "at" (if it is there) before each name; {i} stands where the
number of the loop i goes. "if" has conditions, with & between them: LEAF holds if the leaf is neither null, false nor
0, LEAF=LEAF if both are the same, and with ! before it the condition does not hold. "loops" has variables, each with
the expression of how far it runs from 0, or [from, to] (to is not reached; it may be less than from), or, as a string
with a "=" in it, LEAF=WORD, the places in the list LEAF that have this word, or LEAF!=WORD, those that have another.
An entry of which a loop does not run is skipped, before its shape is looked at. "shape" has an expression or an
integer for each dimension, or "?" for one that may be any. A dimension of 0: None (it is a config that the template
was not made for).

VARIANTS. What is published has prefixes in its names or not as the base has them, in some families. There "variants"
is how many there are, and "at" may be a list of what goes before the names in each; one "at" is that of all. Variant
0 is what save_pretrained writes of a model that was not loaded, a later one that of a model whose base had the
prefixes (or had not those that transformers adds). best_variant() chooses: that of which most names are given, the
first of equal ones.

TIED. "tied" are names (a list: of each variant) that a right folder may have besides, though nothing expects them: of
what is one with another tensor in memory. transformers leaves them out if they are one; if a folder had both, they
are two.
"""

import itertools
import json
import pathlib
import re
import sys

TOKEN = re.compile(r"\s*(\d+|//|[-+*(),]|#?[A-Za-z_][A-Za-z0-9_.]*)")


class Unknown(Exception):
    """The templates do not know."""


def leaves(config, prefix=""):
    found = {}
    for key, value in config.items():
        if key == "id2label" and isinstance(value, dict):
            found[prefix + key] = len(value)
        elif isinstance(value, dict):
            found |= leaves(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = value
    return found


class Values:
    """The values of the leaves that matter."""

    def __init__(self, family, given):
        self.given, self.defaults, self.null = given, family["defaults"], family.get("null", {})

    def of(self, leaf, depth=0):
        if depth > 8 or leaf not in self.defaults:
            raise Unknown(leaf)
        value = self.given.get(leaf, self.defaults[leaf])
        if value == {"needed": True}:
            raise Unknown(leaf)
        if value is None and leaf in self.null:
            value = self.null[leaf]
            return self.evaluate(value[1:], depth + 1) if is_expression(value) else value
        return self.evaluate(value[1:], depth + 1) if leaf not in self.given and is_expression(value) else value

    def evaluate(self, expression, depth=0):
        if isinstance(expression, int):
            return expression
        tokens = TOKEN.findall(expression)
        value = self.sum(tokens, depth)
        if tokens or value < 0:
            raise Unknown(expression)
        return value

    def sum(self, tokens, depth):
        value = self.product(tokens, depth)
        while tokens and tokens[0] in "+-":
            sign = 1 if tokens.pop(0) == "+" else -1
            value += sign * self.product(tokens, depth)
        return value

    def product(self, tokens, depth):
        value = self.atom(tokens, depth)
        while tokens and tokens[0] in ("*", "//"):
            if tokens.pop(0) == "*":
                value *= self.atom(tokens, depth)
            else:
                divisor = self.atom(tokens, depth)
                if divisor == 0:
                    raise Unknown("division by zero")
                value //= divisor
        return value

    def atom(self, tokens, depth):
        token = tokens.pop(0)
        if token.isdigit():
            return int(token)
        if token == "(":
            value = self.sum(tokens, depth)
            tokens.pop(0)
            return value
        if token == "min":
            tokens.pop(0)
            first = self.sum(tokens, depth)
            tokens.pop(0)
            second = self.sum(tokens, depth)
            tokens.pop(0)
            return min(first, second)
        value = self.of(token.lstrip("#"), depth)
        if token.startswith("#"):
            if not isinstance(value, list):
                raise Unknown(token)
            return len(value)
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is not int:
            raise Unknown(token)
        return value

    def holds(self, condition):
        for part in condition.split("&"):
            leaf, equals, other = part.lstrip("!").partition("=")
            held = same(self.of(leaf), self.of(other)) if equals else bool(self.of(leaf))
            if held == part.startswith("!"):
                return False
        return True

    def numbers(self, loop):
        """The numbers that a loop's variable runs through."""
        if isinstance(loop, str) and "=" in loop:
            leaf, word = loop.split("=", 1)
            values = self.of(leaf.rstrip("!"))
            if not isinstance(values, list):
                raise Unknown(leaf)
            return [i for i, value in enumerate(values) if (value != word) == leaf.endswith("!")]
        start, end = loop if isinstance(loop, list) else (0, loop)
        return range(self.evaluate(start), self.evaluate(end))


def is_expression(value):
    return isinstance(value, str) and value.startswith("=")


def same(value, other):
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def covers(paths, leaf):
    parts = leaf.split(".")
    return any(".".join(parts[:i]) in paths for i in range(1, len(parts) + 1))


def best_variant(templates, config, names):
    """The number of the variant that has most of these names."""
    names = set(names)
    count = templates["templates"].get((config.get("architectures") or [""])[0], {}).get("variants", 1)
    return max(range(count), key=lambda i: len(names & (expected(templates, config, variant=i) or {}).keys()))


def allowed(templates, config, variant=0):
    """Names that may be there besides."""
    tied = templates["templates"][config["architectures"][0]].get("tied", [])
    return {name if isinstance(name, str) else name[variant] for name in tied}


def family_expects(family, tensors, ignored, config, variant, stubs):
    given = {leaf: value for leaf, value in leaves(config).items() if not ignored & set(leaf.split("."))}
    irrelevant = set(family["irrelevant"])
    given = {leaf: value for leaf, value in given.items() if not covers(irrelevant, leaf)}
    for path in family.get("needed", []):
        at = config
        for key in path.split("."):
            at = at.get(key) if isinstance(at, dict) else None
        if not isinstance(at, dict):
            raise Unknown(path)
    unknown = given.keys() - family["defaults"].keys()
    if unknown:
        raise Unknown(sorted(unknown)[0])
    if not stubs and not any(type(value) in (int, float) for value in given.values()):
        raise Unknown("no sizes")
    values = Values(family, given)
    for leaf, value in family.get("fixed", {}).items():
        wanted = values.evaluate(value[1:]) if is_expression(value) else value
        if not same(values.of(leaf), wanted):
            raise Unknown(leaf)
    for leaf, words in family.get("kinds", {}).items():
        value = values.of(leaf)
        if not isinstance(value, list) or any(word not in words for word in value):
            raise Unknown(leaf)
    found = {}
    for tensor in tensors:
        if "if" in tensor and not values.holds(tensor["if"]):
            continue
        loops = tensor.get("loops", {})
        numbers = [values.numbers(loop) for loop in loops.values()]
        if not all(numbers):
            continue
        shape = [None if size == "?" else values.evaluate(size) for size in tensor["shape"]]
        if 0 in shape:
            raise Unknown(str(tensor["names"][0]))
        at = tensor.get("at", "")
        for name in tensor["names"]:
            name = (at if isinstance(at, str) else at[variant]) + name
            pieces = re.split(r"\{(\w)\}", name)
            for chosen in itertools.product(*numbers):
                run = dict(zip(loops, chosen))
                full = "".join(str(run[piece]) if i % 2 else piece for i, piece in enumerate(pieces))
                if full in found:
                    raise Unknown(f"{full} twice")
                found[full] = shape
    return found


def expected(templates, config, why=None, variant=0, stubs=False):
    """{name: shape} or None; then why, a list, has the reason."""
    architectures = config.get("architectures") or []
    family = templates["templates"].get(architectures[0]) if len(architectures) == 1 else None
    try:
        if family is None:
            raise Unknown("architectures")
        tensors = family["tensors"]
        if isinstance(tensors, str):
            tensors = templates["templates"][tensors]["tensors"]
        return family_expects(family, tensors, set(templates["ignored"]), config, variant, stubs)
    except Unknown as unknown:
        if why is not None:
            why.append(str(unknown))
        return None


if __name__ == "__main__":
    import form_table

    templates = json.loads(pathlib.Path(sys.argv[1]).read_text())
    for folder in map(pathlib.Path, sys.argv[2:]):
        actual = {}
        for file in sorted(folder.glob("*.safetensors")):
            actual |= {name: entry["shape"] for name, entry in form_table.read(file)[0].items()}
        why = []
        config = json.loads((folder / "config.json").read_text())
        chosen = best_variant(templates, config, actual)
        wanted = expected(templates, config, why, chosen)
        if wanted is None:
            print(json.dumps([folder.name, None, why]))
            continue
        shapes = [
            name
            for name in sorted(wanted.keys() & actual.keys())
            if len(wanted[name]) != len(actual[name])
            or any(size not in (None, real) for size, real in zip(wanted[name], actual[name]))
        ]
        missing = sorted(wanted.keys() - actual.keys())
        unknown = sorted(actual.keys() - wanted.keys() - allowed(templates, config, chosen))
        print(json.dumps([folder.name, len(wanted), {"missing": missing, "unknown": unknown, "shape": shapes}]))
