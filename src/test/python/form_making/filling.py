"""The fifth step: what a config stands for that leaves things out, and names of variants."""

import contextlib
import io
import itertools
import re

import form_templates

from form_making.failures import Failure
from form_making.fitting import Fitting
from form_making.leaves import ABSENT, config_leaves, parent, put


class Filling(Fitting):
    """Puts the template together."""

    def template(self, entries, sizes, toggles, ties):
        used = set(ties) | set(self.fixed)
        for entry in entries:
            texts = list(entry["shape"]) + [entry.get("if", "")]
            for loop in entry.get("loops", {}).values():
                texts += loop if isinstance(loop, list) else [re.sub("!?=.*", "", str(loop))]
            for text in texts:
                if isinstance(text, str):
                    used |= set(re.findall(r"[A-Za-z_][\w.]*", text)) - {"min"}
        used |= {ties[leaf] for leaf in ties} | set(self.kinds)
        for leaf in sizes + [leaf for leaf, _ in toggles]:
            if leaf not in used:  # matters, and in no expression: a dimension is "?"
                used.add(leaf)
        template = {"defaults": {}, "null": {}, "fixed": {}, "irrelevant": sorted(self.irrelevant), "tensors": entries}
        for leaf in sorted(used):
            template["defaults"][leaf] = self.default_of(leaf, sizes, ties)
            null = self.null_of(leaf, sizes, ties)
            if null is not None:
                template["null"][leaf] = null
        if self.kinds:
            template["kinds"] = {leaf: words for leaf, (_, words) in sorted(self.kinds.items())}
        template["defaults"]["model_type"] = self.cls.config_class.model_type
        template["fixed"] = {"model_type": self.cls.config_class.model_type}
        template["fixed"] |= {leaf: value for leaf, value in sorted(self.fixed.items())}
        template["fixed"] |= {leaf: f"={other}" for leaf, other in ties.items()}
        template["defaults"] = dict(sorted(template["defaults"].items()))
        return {key: value for key, value in template.items() if value or key in ("defaults", "irrelevant")}

    def default_of(self, leaf, sizes, ties):
        """What a leaf is if config.json leaves it out: a value, or an expression of the others."""
        if leaf in self.hidden:
            return self.hidden[leaf]
        seen, rows = [], []
        for _ in range(5):
            changes = self.draw_all(sizes, [], ties)
            if leaf in self.kinds:
                break
            try:
                with contextlib.redirect_stderr(io.StringIO()):
                    config = self.builder.config(put(self.base, {**self.fixed_changes, **changes, leaf: ABSENT}))
                    if leaf not in config_leaves(config):
                        break
                    value = config_leaves(config)[leaf][0]
            except Exception:
                continue
            seen.append(value)
            rows.append({key: value for key, value in changes.items() if key != leaf})
        if not seen:
            return {"needed": True}
        if all(form_templates.same(value, seen[0]) for value in seen):
            return seen[0]
        if all(type(value) is int and value > 0 for value in seen):
            text = self.simple(seen, rows, leaf)
            if text is not None:
                return "=" + text
        return {"needed": True}

    def simple(self, target, rows, leaf):
        """A leaf, or a quotient of two, that gives the target in all rows."""
        near = [key for key in rows[0] if parent(key) == parent(leaf) and type(rows[0][key]) is int]
        for key in near:
            if all(row[key] == value for row, value in zip(rows, target)):
                return key
        for a, b in itertools.permutations(near, 2):
            if all(row[b] and row[a] // row[b] == value for row, value in zip(rows, target)):
                return f"{a}//{b}"
        for key in near:
            for factor in (2, 3, 4, 8):
                if all(row[key] * factor == value for row, value in zip(rows, target)):
                    return f"{factor}*{key}"
        return None

    def null_of(self, leaf, sizes, ties):
        """What null stands for: an expression, if there is one whose value has the same effect."""
        if leaf in self.fixed or leaf in ties or leaf not in sizes or isinstance(self.leaves[leaf][0], list):
            return None
        rows, results = [], []
        for _ in range(24):
            if len(rows) == 8:
                break
            changes = self.draw_all(sizes, [], ties)
            tensors = self.tensors({**self.fixed_changes, **changes, leaf: ABSENT if leaf in self.hidden else None})
            if tensors is not None:
                rows.append(changes)
                results.append(tensors)
        if len(rows) < 4:
            return None
        near = [key for key in sizes if parent(key) == parent(leaf) and key != leaf]
        near = [key for key in near if not isinstance(self.leaves[key][0], list)]
        candidates = [(key, lambda row, k=key: row[k]) for key in near]
        for factor in (2, 3, 4, 8):
            candidates += [(f"{factor}*{key}", lambda row, k=key, f=factor: f * row[k]) for key in near]
        for a, b in itertools.permutations(near, 2):
            candidates.append((f"{a}//{b}", lambda row, a=a, b=b: row[a] // max(1, row[b])))
        for text, value in candidates:
            self.late()
            if all(value(row) > 0 for row in rows) and all(
                self.tensors({**self.fixed_changes, **row, leaf: value(row)}) == tensors
                for row, tensors in zip(rows, results)
            ):
                return "=" + text
        return None

    def with_variants(self, template, sizes, toggles, ties):
        """The template with a list of names where a variant has others."""
        variants = []
        for _ in range(12):
            if self.tensors({**self.fixed_changes, **self.draw_all(sizes, toggles, ties)}) is not None:
                for number, variant in enumerate(self.builder.variants):
                    variants += [{}] * (number + 1 - len(variants))
                    variants[number] = variants[number] | variant
        for entry in template["tensors"]:
            names = [entry["name"]]
            for variant in variants:
                pattern = re.compile("^" + re.sub(r"\\\{\w\\\}", r"(\\d+)", re.escape(entry["name"])) + "$")
                renamed = set()
                for name, other in variant.items():
                    match = pattern.match(name)
                    if match:
                        parts = re.split(r"(\{\w\})", entry["name"])
                        parts[1::2] = match.groups()
                        renamed |= set(self.renamed(entry["name"], name, other))
                if len(renamed) != 1:
                    raise Failure(f"{entry['name']} has no one name in a variant")
                names += renamed
            if len(set(names)) > 1:
                entry["name"] = names
                template["variants"] = len(names)

    def renamed(self, pattern, name, other):
        """The pattern of a name with the change of its beginning that makes the name another."""
        end = 0
        while end < min(len(name), len(other)) and name[-1 - end] == other[-1 - end]:
            end += 1
        before, after = name[: len(name) - end], other[: len(other) - end]
        if re.search(r"\d", before + after) or not pattern.startswith(before):
            raise Failure(f"{name} is {other} in a variant")
        yield after + pattern[len(before) :]
