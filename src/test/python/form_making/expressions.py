"""Expressions of sizes that hold in every sample."""

from fractions import Fraction
import itertools

import numpy


def monomials(leaves, columns):
    """(text, column, cost): products and quotients of leaves."""
    atoms = [(leaf, columns[leaf], 1) for leaf in leaves]
    for a, b in itertools.permutations(leaves, 2):
        if numpy.all(columns[b] > 0) and numpy.all(columns[a] >= columns[b]):
            atoms.append((f"({a}//{b})", columns[a] // columns[b], 2))
    found = list(atoms)
    degrees = (2, 3) if len(leaves) < 4 else (2,)
    for degree in degrees:
        pool = atoms if degree == 2 else atoms[: len(leaves)]
        for several in itertools.combinations_with_replacement(pool, degree):
            found.append(
                ("*".join(atom[0] for atom in several), math_prod(several), sum(atom[2] for atom in several) + 1)
            )
    found.sort(key=lambda entry: (entry[2], len(entry[0])))
    return found[:60]


def math_prod(several):
    result = several[0][1]
    for atom in several[1:]:
        result = result * atom[1]
    return result


def fit(leaves, columns, target):
    """The text of an expression of some leaves that gives the target in all samples, or None."""
    if numpy.all(target == target[0]):
        return int(target[0])
    if not leaves or len(leaves) > 5:
        return None
    pool = monomials(leaves, columns)
    target = target.astype(float)
    ones = numpy.ones(len(target))
    for terms in (1, 2, 3):
        if terms == 3:
            pool = pool[: 24]
        for constant in (False, True):
            for several in itertools.combinations(pool, terms):
                matrix = numpy.stack([entry[1].astype(float) for entry in several] + [ones] * constant, axis=1)
                solution, _, rank, _ = numpy.linalg.lstsq(matrix, target, rcond=None)
                if rank < matrix.shape[1] or numpy.abs(matrix @ solution - target).max() > 1e-6:
                    continue
                text = written([entry[0] for entry in several], solution, constant)
                if text is not None:
                    return text
    for a, b in itertools.permutations(leaves, 2):
        if numpy.all(numpy.minimum(columns[a], columns[b]) == target):
            return f"min({a},{b})" if a > b else f"min({b},{a})"
    return None


def written(texts, solution, constant):
    parts = []
    for text, value in zip([*texts, ""], solution):
        ratio = Fraction(float(value)).limit_denominator(16)
        if abs(float(ratio) - value) > 1e-6 or ratio == 0 or abs(ratio) > 4096:
            return None
        top, bottom = abs(ratio.numerator), ratio.denominator
        if not text:
            body = str(top) if bottom == 1 else None
            if body is None:
                return None
        else:
            body = text if top == 1 else f"{top}*{text}"
            if bottom != 1:
                body = f"{body}//{bottom}" if "//" not in body else f"({body})//{bottom}"
        parts.append(("-" if ratio < 0 else "+", body))
    parts.sort(key=lambda part: part[0] == "-")
    if parts[0][0] == "-":
        return None
    return "".join(sign + body for sign, body in parts)[1:].strip("+") if parts else None


def tidy(text):
    """Without brackets around the whole."""
    if isinstance(text, str) and text.startswith("(") and text.endswith(")") and text.count("(") == 1:
        return text[1:-1]
    return text
