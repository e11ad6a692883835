"""The fourth step: an entry of the template for each pattern of names."""

import itertools
import math

import form_templates
import numpy

from form_making.expressions import fit, tidy
from form_making.failures import Unfit
from form_making.leaves import parent
from form_making.patterns import Shapes
from form_making.sampling import Sampling

SAMPLES = 36


class Fitting(Sampling):
    """Finds the loops, the condition and the shape of each pattern."""

    def fit_all(self, sizes, toggles, ties):
        samples = self.sample(SAMPLES, self.draw_all, sizes, toggles, ties)
        for leaf, _ in toggles:  # a base with all there is
            pass
        free = [leaf for leaf in sizes if leaf not in ties]
        singles = self.singles(free, toggles, ties, samples)
        everything = samples + [pair for several in singles.values() for pair in several]
        literal = self.literal_places(everything)
        shapes = [Shapes(tensors, literal).found for _, tensors in samples]
        single_shapes = {
            leaf: [Shapes(tensors, literal).found for _, tensors in several] for leaf, several in singles.items()
        }
        entries = []
        patterns = list(dict.fromkeys(pattern for found in shapes for pattern in found))
        for pattern in patterns:
            entries += self.fit_kinds(pattern, samples, shapes, single_shapes, free, toggles)
        return entries

    def fit_kinds(self, pattern, samples, shapes, single_shapes, free, toggles):
        """The entries of a pattern: one, or one for each kind of layer if they have other shapes."""
        if all(len(set(found.get(pattern, {}).values())) < 2 for found in shapes):
            return [self.fit_pattern(pattern, samples, shapes, single_shapes, free, toggles)]
        for leaf, (_, words) in self.kinds.items():
            for place in range(pattern.count("{}")):
                entries = []
                for word in words:
                    part = [self.part(pattern, found, samples[i][0][leaf], place, word) for i, found in enumerate(shapes)]
                    if not any(part):
                        continue
                    if any(len(set(found.get(pattern, {}).values())) > 1 for found in part):
                        break
                    singles = {key: [{}] * len(several) for key, several in single_shapes.items()}
                    for key, several in single_shapes.items():
                        if key != self.kinds[leaf][0]:
                            lists = [samples[number][0][leaf] for number in self.single_origin[key]]
                            singles[key] = [self.part(pattern, f, l, place, word) for f, l in zip(several, lists)]
                    entries.append(self.fit_pattern(pattern, samples, part, singles, free, toggles, (place, leaf, word)))
                else:
                    return entries
        return [self.fit_pattern(pattern, samples, shapes, single_shapes, free, toggles)]

    def part(self, pattern, found, words, place, word):
        """What is of the layers of one kind."""
        chosen = {at: s for at, s in found.get(pattern, {}).items() if at[place] < len(words) and words[at[place]] == word}
        return {pattern: chosen} if chosen else {}

    def kind_loop(self, pattern, place, present, samples, shapes):
        for leaf, (_, words) in self.kinds.items():
            for word in words:
                for sign in ("=", "!="):
                    if all(
                        {at[place] for at in shapes[i][pattern]}
                        == {n for n, w in enumerate(samples[i][0][leaf]) if (w == word) == (sign == "=")}
                        for i in present
                    ):
                        return f"{leaf}{sign}{word}"

    def dependence(self, value_of, shapes, single_shapes):
        found = []
        for leaf, several in single_shapes.items():
            for number, changed in zip(self.single_origin[leaf], several):
                before, after = value_of(shapes[number]), value_of(changed)
                if before != after and before is not None and after is not None:
                    found.append(leaf)
                    break
        return found

    def fit_pattern(self, pattern, samples, shapes, single_shapes, free, toggles, kind=None):
        places = pattern.count("{}")
        present = [i for i, found in enumerate(shapes) if pattern in found]

        def fitted(value_of, what):
            target = numpy.array([value_of(shapes[i]) for i in present])
            if numpy.all(target == target[0]):
                if len(target) < 4:
                    raise Unfit(f"{what} of {pattern}: too few samples", pattern)
                return int(target[0])
            leaves = self.dependence(value_of, shapes, single_shapes)
            rows = [i for i in present if all(type(samples[i][0].get(leaf)) in (int, list) for leaf in leaves)]
            if len(rows) < 6:
                raise Unfit(f"{what} of {pattern}: too few samples", pattern)
            columns = {}
            for leaf in leaves:
                values = [samples[i][0][leaf] for i in rows]
                if isinstance(values[0], list):
                    columns["#" + leaf] = numpy.array([len(value) for value in values])
                else:
                    columns[leaf] = numpy.array(values)
            return tidy(fit(list(columns), columns, numpy.array([value_of(shapes[i]) for i in rows])))

        # loops
        loops = []
        for place in range(places):
            if kind and kind[0] == place:
                loops.append(f"{kind[1]}={kind[2]}")
                continue
            if self.kinds and self.kind_loop(pattern, place, present, samples, shapes):
                loops.append(self.kind_loop(pattern, place, present, samples, shapes))
                continue
            low = lambda found, p=place: min(at[p] for at in found[pattern]) if pattern in found else None
            high = lambda found, p=place: max(at[p] for at in found[pattern]) + 1 if pattern in found else None
            for i in present:
                mine = sorted({at[place] for at in shapes[i][pattern]})
                if mine != list(range(mine[0], mine[-1] + 1)):
                    raise Unfit(f"numbers of {pattern} have gaps", pattern)
            start, end = fitted(low, "first number"), fitted(high, "last number")
            if start is None or end is None:
                raise Unfit(f"numbers of {pattern} follow no expression", pattern)
            loops.append(end if start == 0 else [start, end])
        for i in present:
            keys = list(shapes[i][pattern])
            count = math.prod(len({key[p] for key in keys}) for p in range(places))
            if count != len(keys):
                raise Unfit(f"numbers of {pattern} do not vary alone", pattern)
        # dimensions
        ranks = {len(shape) for i in present for shape in shapes[i][pattern].values()}
        if len(ranks) != 1:
            raise Unfit(f"{pattern} has several ranks", pattern)
        shape = []
        for dim in range(ranks.pop()):
            varies = any(len({s[dim] for s in shapes[i][pattern].values()}) > 1 for i in present)
            size = None
            if not varies:
                value = lambda found, d=dim: next(iter(found[pattern].values()))[d] if pattern in found else None
                try:
                    size = fitted(value, "size")
                except Unfit:
                    size = None
            if size is None and not self.lenient:
                raise Unfit(f"size {dim} of {pattern} follows no expression", pattern)
            shape.append("?" if size is None else size)
        # conditions
        entry = {"name": pattern}
        absent = [i for i, found in enumerate(shapes) if pattern not in found]
        absent = [i for i in absent if not self.empty(loops, samples[i][0])]
        if absent:
            entry["if"] = self.condition(pattern, samples, present, absent, toggles)
        if loops:
            entry["loops"] = {"ijkl"[place]: loop for place, loop in enumerate(loops)}
            for place in range(places):
                entry["name"] = entry["name"].replace("{}", "{" + "ijkl"[place] + "}", 1)
        entry["shape"] = shape
        return entry

    def empty(self, loops, changes):
        for loop in loops:
            start, end = loop if isinstance(loop, list) else (0, loop)
            values = form_templates.Values({"defaults": changes}, changes)
            try:
                if isinstance(loop, str) and "=" in loop:
                    if not values.numbers(loop):
                        return True
                elif values.evaluate(end) <= values.evaluate(start):
                    return True
            except form_templates.Unknown:
                pass
        return False

    def condition(self, pattern, samples, present, absent, toggles):
        literals = [(leaf, sign) for leaf, _ in toggles for sign in (True, False)]
        literals += [(f"{a}={b}", sign) for a, b in self.pairs for sign in (True, False)]

        def truth(i, leaf):
            a, _, b = leaf.partition("=")
            return samples[i][0].get(a) == samples[i][0].get(b) if b else bool(samples[i][0].get(leaf))

        for count in (1, 2, 3):
            for several in itertools.combinations(literals, count):
                holds = lambda i: all(truth(i, leaf) == sign for leaf, sign in several)
                if all(map(holds, present)) and not any(map(holds, absent)):
                    return "&".join(("" if sign else "!") + leaf for leaf, sign in several)
        sizes = [leaf for leaf in samples[0][0] if type(samples[0][0][leaf]) is int]
        for a, b in itertools.combinations(sizes, 2):  # where two sizes differ, perhaps: then with more samples
            if parent(a) == parent(b) and (a, b) not in self.pairs and len(self.pairs) < 8:
                equal = [i for i in range(len(samples)) if samples[i][0].get(a) == samples[i][0].get(b)]
                if set(absent) <= set(equal) or set(present) <= set(equal):
                    self.pairs.append((a, b))
        raise Unfit(f"when there is {pattern} follows no condition", pattern)
