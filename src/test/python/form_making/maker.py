"""All steps, again and again with more that is fixed until a template is right."""

import itertools
import re
import sys
import time

from form_making.checking import Checking
from form_making.failures import Failure, Mismatch, Unfit
from form_making.leaves import base_name, parent
from form_making.words import TIES

TRIES = 3


class Maker(Checking):
    """Makes the template of a class."""

    def make(self):
        self.find_base()
        self.classify()
        ties, toggles, sizes = {}, list(self.toggles), list(self.sizes)
        self.set_fixed({})
        self.pairs = []
        self.pairs = [(a, b) for a, b in self.equal_in_default(sizes, ties) if (b, a) not in self.pairs or a > b]
        last = None
        for lenient in (False, True):
            if lenient and "size" not in (last or ""):
                break
            for gone, tied in list(self.plans(toggles, sizes))[lenient:]:
                self.late()
                self.lenient = lenient
                rest = [toggle for toggle in toggles if toggle not in gone]
                before = dict(self.fixed)
                free = list(sizes)
                for leaf, values in gone:
                    default = self.default_leaves.get(leaf, self.leaves[leaf])[0]
                    if "size" not in values or default is None:
                        self.fixed[leaf] = default
                        free = [size for size in free if size != leaf]
                self.set_fixed({})
                try:
                    entries = self.fit_all(free, rest, tied)
                    template = self.template(entries, free, rest, tied)
                    self.with_variants(template, free, rest, tied)
                    self.validate(template, free, rest, tied)
                    return template
                except (Unfit, Mismatch) as problem:
                    last = last or str(problem)
                    if "--trace" in sys.argv:
                        print("   ", [leaf for leaf, _ in gone], tied, problem)
                self.fixed = before
        raise Failure(last)

    def plans(self, toggles, sizes):
        """What to try: as it is, with one toggle fixed, with more of them, with a size tied to another."""
        loose = [toggle for toggle in toggles if base_name(toggle[0]) != TIES]
        yield [], {}
        yield [], {}
        for toggle in loose:
            yield [toggle], {}
        if len(loose) > 1:
            yield loose, {}
        for a, b in self.pairs[:4]:
            yield [], {a: b}
        if len(toggles) > len(loose):
            yield toggles, {}

    def set_fixed(self, more):
        self.fixed |= more
        self.fixed_changes = {
            leaf: value
            for leaf, value in self.fixed.items()
            if base_name(leaf) != "model_type" and not isinstance(value, dict) and value != self.leaves[leaf][0]
        }

    def equal_in_default(self, sizes, ties):
        values = {leaf: self.default_leaves.get(leaf, (None,))[0] for leaf in sizes}
        found = []
        for a, b in itertools.permutations(sizes, 2):
            if values[a] is not None and values[a] == values[b] and parent(a) == parent(b) and a not in ties:
                if re.search(r"hidden|model|embd", base_name(b)) and not re.search(r"layers|heads", a + b):
                    found.append((a, b))
        return found


def made(name):
    """A template, or the reason why there is none."""
    start = time.time()
    maker, result = None, {}
    try:
        for seed in range(TRIES):
            maker = Maker(name, seed)
            result = {"template": maker.make()}
            if not any(base_name(leaf) == TIES for leaf in result["template"]["fixed"]):
                break  # otherwise chance would have it that nothing else fitted
    except Failure as failure:
        result = result or {"failure": str(failure)}
    except Exception as error:
        if "--trace" in sys.argv:
            raise
        result = result or {"failure": f"{type(error).__name__}: {error}".split("\n")[0][:300]}
    if maker is not None:
        result["models"] = maker.builder.built
        result["seconds"] = round(time.time() - start, 1)
    return result
