"""The third step: random configs, and random ones in which one size alone is changed."""

import re

from form_making.failures import Failure
from form_making.leaves import HEADS, ODD_HEADS, UNIT, draw
from form_making.patterns import numbers, pattern_of
from form_making.sorting import Sorting


class Sampling(Sorting):
    """Draws configs and makes their models."""

    def draw_all(self, sizes, toggles, ties):
        changes = {}
        for leaf in sizes:
            base = self.leaves[leaf][0]
            changes[leaf] = base * self.dice.choice([1, 2, 3, 4]) if self.failing[leaf] else draw(leaf, base, self.dice)
        for leaf, values in toggles:
            value = self.dice.choice(values)
            if value != "size":
                changes[leaf] = value
        if self.pairs and self.dice.random() < 0.3:
            leaf, other = self.dice.choice(self.pairs)
            changes[leaf] = changes[other]
        for leaf, other in ties.items():
            changes[leaf] = changes[other]
        return self.draw_kinds(changes)

    def draw_kinds(self, changes):
        """The lists of words, as long as there are layers."""
        for leaf, (count, words) in self.kinds.items():
            if type(changes.get(count)) is int and len(changes.get(leaf, ())) != changes[count]:
                changes[leaf] = [self.dice.choice(words) for _ in range(changes[count])]
        return changes

    def equal_sizes(self, sizes, toggles, ties):
        """Sizes as in draw_all, many of them equal."""
        changes = self.draw_all(sizes, toggles, ties)
        one = UNIT * self.dice.choice([1, 2])
        for leaf in changes:
            if leaf in sizes and type(changes[leaf]) is int and changes[leaf] >= UNIT and changes[leaf] % UNIT == 0:
                changes[leaf] = one
        return changes

    def sample(self, count, drawn, sizes, toggles, ties, least=None):
        found, tries = [], 0
        while len(found) < count and tries < 4 * count:
            self.late()
            tries += 1
            changes = drawn(sizes, toggles, ties)
            tensors = self.tensors({**self.fixed_changes, **changes})
            if tensors is not None:
                found.append((changes, tensors))
        if len(found) < (count if least is None else least):
            raise Failure(f"only {len(found)} of {tries} random configs make a model: {self.builder.last}")
        return found

    def literal_places(self, samples):
        """{pattern: places whose numbers are the same in all samples}."""
        seen = {}
        for _, tensors in samples:
            mine = {}
            for name in tensors:
                mine.setdefault(pattern_of(name), []).append(numbers(name))
            for pattern, several in mine.items():
                sets = tuple(frozenset(values) for values in zip(*several))
                seen.setdefault(pattern, set()).add(sets)
        found = {}
        for pattern, variants in seen.items():
            places = range(len(next(iter(variants))))
            found[pattern] = tuple(p for p in places if len({sets[p] for sets in variants}) == 1)
            found[pattern] = tuple(p for p in found[pattern])
        return found

    def singles(self, free, toggles, ties, samples):
        """{leaf: pairs}: the first samples, and each again with one leaf changed."""
        self.origins, found = [], {}
        patterns = [{pattern_of(name) for name in tensors} for _, tensors in samples]
        wanted, chosen = {pattern: 2 for several in patterns for pattern in several}, []
        while len(chosen) < 7 and (len(chosen) < 3 or any(wanted.values())):
            rest = [i for i in range(len(samples)) if i not in chosen]
            best = max(rest, key=lambda i: sum(wanted[pattern] for pattern in patterns[i]))
            chosen.append(best)
            for pattern in patterns[best]:
                wanted[pattern] = max(0, wanted[pattern] - 1)
        samples[:] = [samples[i] for i in chosen] + [pair for i, pair in enumerate(samples) if i not in chosen]
        self.origins += samples[: len(chosen)]
        for leaf in free:
            found[leaf] = []
            for number, (changes, _) in enumerate(self.origins):
                for attempt in range(5):
                    self.late()
                    value = draw(leaf, self.leaves[leaf][0], self.dice)
                    if attempt == 0 and re.search(r"heads?$", leaf) and value in HEADS and changes[leaf] in HEADS:
                        value = self.dice.choice(ODD_HEADS)  # what divides UNIT may seem not to matter
                    if self.failing[leaf]:
                        value = self.leaves[leaf][0] * self.dice.choice([1, 2, 3, 4, 5])
                    if value == changes[leaf]:
                        continue
                    changed = {**changes, leaf: value}
                    changed |= {tied: changed[other] for tied, other in ties.items()}
                    tensors = self.tensors({**self.fixed_changes, **self.draw_kinds(changed)})
                    if tensors is not None:
                        found[leaf].append((number, tensors))
                        break
        self.single_origin = {leaf: [number for number, _ in several] for leaf, several in found.items()}
        return {leaf: [(None, tensors) for _, tensors in several] for leaf, several in found.items()}
