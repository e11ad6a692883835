"""Names of tensors as patterns with loops."""

import re


def tokens(name):
    return re.split(r"(\d+)", name)


def numbers(name):
    return tuple(int(part) for part in tokens(name)[1::2])


def pattern_of(name, literal=()):
    """The name with {} for each number, but those at literal positions."""
    parts = tokens(name)
    for place, at in enumerate(range(1, len(parts), 2)):
        if place not in literal:
            parts[at] = "{}"
    return "".join(parts)


class Shapes:
    """Tensors of one sample, by pattern: {pattern: {numbers: shape}}."""

    def __init__(self, tensors, literal):
        self.found = {}
        for name, shape in tensors.items():
            loose = pattern_of(name)
            fixed = literal.get(loose, ())
            at = tuple(n for place, n in enumerate(numbers(name)) if place not in fixed)
            self.found.setdefault(pattern_of(name, fixed), {})[at] = shape
