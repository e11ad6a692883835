"""The sixth step: whether a template foretells further configs."""

import json
import re

import form_templates

from form_making.failures import Mismatch
from form_making.filling import Filling
from form_making.leaves import ABSENT, UNIT, parent, put
from form_making.text import compact
from form_making.words import ignored

CHECKS = 40


class Checking(Filling):
    """Holds a template against models that it was not made of."""

    def foretold(self, template, json_config, kind, full=False):
        tensors = self.builder.tensors(json_config)
        if tensors is None:
            return None
        given = self.builder.full(json_config) if full else json_config
        given = json.loads(json.dumps(given, default=str))
        why = []
        wanted = form_templates.expected(
            {"ignored": ignored(), "templates": {"X": compact(template)}},
            {**given, "architectures": ["X"]},
            why,
            stubs=True,
        )
        if wanted is None:
            self.unknown.append(why[0])
            return False
        if wanted.keys() != tensors.keys():
            name = sorted(wanted.keys() ^ tensors.keys())[0]
            raise Mismatch(kind, f"{kind}: {name} {'foretold' if name in wanted else 'not foretold'}")
        for name, shape in tensors.items():
            if len(shape) != len(wanted[name]) or any(w not in (None, s) for w, s in zip(wanted[name], shape)):
                raise Mismatch(kind, f"{kind}: {name} is {shape}, foretold {wanted[name]}")
        for number, variant in enumerate(self.builder.variants, 1):
            other = form_templates.expected(
                {"ignored": ignored(), "templates": {"X": compact(template)}},
                {**given, "architectures": ["X"]},
                variant=number,
                stubs=True,
            )
            if other.keys() != set(variant.values()):
                raise Mismatch(kind, f"{kind}: variant {number} has other names")
        return True

    def validate(self, template, sizes, toggles, ties):
        self.unknown = []
        for number in range(CHECKS):
            self.late()
            changes = self.draw_all(sizes, toggles, ties)
            if number % 2:
                for leaf in sorted(self.irrelevant):
                    value = self.dice.choice(self.good[leaf])
                    if self.dice.random() < 0.2 and not (isinstance(value, list) and self.layer_count(leaf, value)):
                        changes[leaf] = value
            elif number % 4 == 0:
                optional = sizes + [leaf for leaf, _ in toggles]
                for leaf in self.dice.sample(optional, min(2, len(optional))):
                    changes[leaf] = ABSENT
            known = self.foretold(template, put(self.base, {**self.fixed_changes, **changes}), "random", number % 3 == 0)
            if known is None and number % 2:  # the irrelevant did not fit together
                changes = self.draw_all(sizes, toggles, ties)
                known = self.foretold(template, put(self.base, {**self.fixed_changes, **changes}), "random", True)
        for _ in range(8):
            self.late()
            changes = self.equal_sizes(sizes, toggles, ties)
            self.foretold(template, put(self.base, {**self.fixed_changes, **changes}), "equal", True)
        for leaf in sizes + [leaf for leaf, _ in toggles]:
            for value in (0, 1, None):
                self.late()
                changes = self.draw_all(sizes, [], ties)
                if isinstance(self.leaves[leaf][0], list) or value == 0 and re.search(r"(layers|layer|depth|blocks)$", leaf):
                    continue
                if value == 0 and any(key == leaf and None in values for key, values in toggles):
                    continue  # a rank of 0, where null is none
                if leaf in ties.values() or value == 1 and changes.get(leaf, 0) >= UNIT:
                    continue
                config = put(self.base, {**self.fixed_changes, **changes, leaf: value})
                self.foretold(template, config, f"{leaf} = {value}")
        # the default config of the class, as it is saved and left out
        self.unknown = []
        default = self.default.to_dict()
        default["model_type"] = self.cls.config_class.model_type
        default = json.loads(json.dumps(default, default=str))
        for key in ("dtype", "torch_dtype"):
            default.pop(key, None)
        for config in (default, {"model_type": default["model_type"], **self.needs}):
            try:
                known = self.foretold(template, config, "default")
            except Mismatch:
                objects = sorted({parent(leaf) for leaf in self.leaves} - {""})
                if config is default or not objects:
                    raise
                template["needed"] = objects  # what stands in their place is not what their classes have by default
                known = self.foretold(template, config, "default")
            if known is False and config is default:  # one that leaves all out may be unknown
                raise Mismatch("default", f"the default config is not covered: {self.unknown[-1]}")
            if known is None:
                raise Mismatch("default", f"the default config makes no model: {self.builder.last}")
