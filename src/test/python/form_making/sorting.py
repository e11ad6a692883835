"""The second step: which leaves matter, and how."""

import re

from form_making.base import Base
from form_making.failures import Failure
from form_making.leaves import alternatives, base_name, compared_strings, draw, parent, put
from form_making.words import OLD_KEYS, TIES


class Sorting(Base):
    """Sorts the leaves: irrelevant; sizes (integers); toggles (booleans and what may be null); fixed."""

    def classify(self):
        """Sorts the leaves: irrelevant; sizes (integers); toggles (booleans and what may be null); fixed."""
        strings = compared_strings(self.cls)
        self.choices, self.good, self.irrelevant, matters = {}, {}, set(), []
        unknown = []
        for leaf, (value, hint) in self.leaves.items():
            found, nullable = alternatives(leaf, value, hint, strings)
            value_type = "model_type" if base_name(leaf) == "model_type" else None
            if value_type or not found:
                unknown.append(leaf)
            else:
                self.choices[leaf] = found, nullable
        sizes = [leaf for leaf in self.choices if type(self.leaves[leaf][0]) is int and self.is_size(leaf)]
        others = [leaf for leaf in self.choices if leaf not in sizes]
        single = [leaf for leaf in others if isinstance(self.leaves[leaf][0], (str, list))]  # each of many words
        safe = self.same_group([(leaf, 0) for leaf in others if leaf not in single])
        second = [leaf for leaf in safe if len(self.choices[leaf][0]) > 1 or self.choices[leaf][1]]
        safer = self.same_group([(leaf, 1) for leaf in second])
        self.irrelevant = {leaf for leaf in safe if leaf not in second or leaf in safer}
        matters = [leaf for leaf in others if leaf not in self.irrelevant]
        self.sizes, self.toggles, self.fixed, self.depends = [], [], {}, {}
        self.failing = {}
        for leaf in unknown:
            self.fixed[leaf] = self.leaves[leaf][0]
        for leaf in sizes + matters:
            self.late()
            if leaf == "stage_names" and "Backbone" not in self.name:  # follows from other leaves
                self.irrelevant.add(leaf)
                self.good[leaf] = [self.leaves[leaf][0]]
            else:
                self.sort_one(leaf)
        self.reconsider()
        kept = {}
        for leaf, value in self.fixed.items():
            default = self.default_leaves.get(leaf, (value, ""))[0]
            if default != value and not isinstance(value, dict) and base_name(leaf) != "model_type":
                if self.tensors({**kept, leaf: default}) is not None:
                    kept[leaf] = default
        self.fixed |= kept

    def choice(self, leaf, number):
        """The alternative of a leaf with this number: those of its list, then null."""
        found, nullable = self.choices[leaf]
        found = found + [None] * (nullable and self.leaves[leaf][0] is not None)
        return found[min(number, len(found) - 1)]

    def same_group(self, pairs):
        """Those leaves that may be changed without a change of tensors, in halves of halves."""
        if not pairs:
            return []
        self.late()
        if self.tensors({leaf: self.choice(leaf, number) for leaf, number in pairs}) == self.base_tensors:
            for leaf, number in pairs:
                self.good.setdefault(leaf, []).append(self.choice(leaf, number))
            return [leaf for leaf, _ in pairs]
        if len(pairs) == 1:
            leaf, number = pairs[0]
            found, nullable = self.choices[leaf]
            tries = len(found) + (nullable and self.leaves[leaf][0] is not None)
            tensors = self.tensors({leaf: self.choice(leaf, number)})
            if tensors is None and number + 1 < min(tries, 14):
                return self.same_group([(leaf, number + 1)])
            return []
        half = len(pairs) // 2
        return self.same_group(pairs[:half]) + self.same_group(pairs[half:])

    def sort_one(self, leaf):
        value, hint = self.leaves[leaf]
        found, nullable = self.choices[leaf]
        results = []
        for choice in (found + [None] * (nullable and value is not None))[:14]:
            changes = {leaf: choice}
            for kinds, (count, words) in self.kinds.items():
                if count == leaf and type(choice) is int:
                    changes[kinds] = [words[i % len(words)] for i in range(choice)]
            tensors = self.tensors(changes)
            if tensors is not None:
                results.append((choice, tensors))
        if not results:
            self.fixed[leaf] = value
        elif all(tensors == self.base_tensors for _, tensors in results):
            self.irrelevant.add(leaf)
            self.good[leaf] = [choice for choice, _ in results]
        elif type(value) is bool:
            self.toggles.append((leaf, [False, True]))
        elif type(value) is int and self.is_size(leaf):
            self.probe_size(leaf, results)
        elif leaf in self.kinds:
            pass
        elif self.length_only(leaf, results):
            self.sizes.append(leaf)
            self.failing[leaf] = False
        elif self.layer_count(leaf, value):
            raise Failure(f"{leaf} matters")
        else:
            self.fixed[leaf] = value

    def reconsider(self):
        """Looks again for what is irrelevant, with each toggle the other way round."""
        base, base_tensors, done = self.base, self.base_tensors, set()
        while True:
            todo = [(leaf, v) for leaf, values in self.toggles for v in values if v != "size" and (leaf, v) not in done]
            if not todo:
                break
            leaf, value = todo[0]
            done.add((leaf, value))
            self.base = put(base, {leaf: value})
            self.base_tensors = self.tensors({})
            if self.base_tensors is None or self.base_tensors == base_tensors:
                continue
            for number in (0, 1):
                pairs = [(other, number) for other in sorted(self.irrelevant) if len(self.good[other]) > number]
                good = self.good
                self.choices = {**self.choices, **{other: (good[other], False) for other, _ in pairs}}
                self.good = {}
                same = set(self.same_group(pairs))
                self.good = good
                for other, _ in pairs:
                    if other not in same:
                        self.irrelevant.discard(other)
                        value_of_other = self.leaves[other][0]
                        if type(value_of_other) is bool:
                            self.toggles.append((other, [False, True]))
                        elif type(value_of_other) is int and self.is_size(other):
                            self.sizes.append(other)
                            self.failing[other] = False
                        else:
                            self.fixed[other] = value_of_other
        self.base, self.base_tensors = base, base_tensors

    def length_only(self, leaf, results):
        """Whether of a list of integers only the number of entries matters."""
        value, by_length = self.leaves[leaf][0], {}
        if not isinstance(value, list) or not value or not all(type(entry) is int for entry in value):
            return False
        by_length.setdefault(len(value), []).append(self.base_tensors)
        for choice, tensors in results:
            if choice is not None:
                by_length.setdefault(len(choice), []).append(tensors)
        several = [results for results in by_length.values() if len(results) > 1]
        return len(by_length) > 1 and bool(several) and all(t == results[0] for results in several for t in results)

    def probe_size(self, leaf, results):
        value = self.leaves[leaf][0]
        if re.search(r"_step$|interval|period|frequency|offset|pattern|_every", leaf):
            self.fixed[leaf] = value
            return
        worked = sum(
            self.tensors(self.draw_kinds({leaf: draw(leaf, value, self.dice)})) is not None for _ in range(4)
        )
        multiples = [choice for choice, _ in results if choice is not None and choice not in (0, value)]
        if worked == 0 and not multiples:
            self.fixed[leaf] = value
            return
        self.sizes.append(leaf)
        self.failing[leaf] = worked == 0
        for choice, tensors in results:
            if choice == 0 and choice is not None and not re.search(r"shared|nextn|mtp|rank|quer|types", leaf):
                continue
            if choice in (None, 0) and tensors.keys() != self.base_tensors.keys():
                self.toggles.append((leaf, [choice, "size"]))
                break

    def old_keys(self, template):
        """Those of OLD_KEYS, dotted, that the class does not know and that change nothing, whatever their value."""
        prefixes = [""] + sorted({parent(leaf) + "." for leaf in self.leaves if parent(leaf)})
        known = set(self.leaves) | set(template["defaults"]) | set(template["irrelevant"])
        todo = [prefix + key for prefix in prefixes for key in OLD_KEYS if prefix + key not in known]
        self.good = {}
        for value in (3, True, "absolute", 0.5, None):
            factors = {leaf for leaf in todo if leaf.endswith("_factor")}  # no other value makes a model
            self.choices = {leaf: ([0.5 if leaf in factors else value], False) for leaf in todo}
            self.leaves |= {leaf: (None, "") for leaf in todo}
            todo = self.same_group([(leaf, 0) for leaf in todo])
        return todo

    def tied(self):
        """The names that a folder has if what may be tied was not one in memory, each as a list of its variants."""
        found = {}
        ties = {leaf: True for leaf in self.leaves if base_name(leaf) == TIES}
        for changes in ({}, ties):
            config = put(self.base, changes)
            tied, loose = self.builder.tensors(config), self.builder.tensors(config, tie=False)
            for name in sorted((loose or {}).keys() - (tied or loose).keys()):
                found[name] = [name, *(variant[name] for variant in self.builder.variants)]
        return list(found.values())
