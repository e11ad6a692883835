"""Reads the text of PTX as nvcc writes it: kernels, their parameters and instructions."""

import re
from dataclasses import dataclass, field

WIDTHS = {
    "pred": 8, "b8": 1, "u8": 1, "s8": 1, "b16": 2, "u16": 2, "s16": 2, "f16": 2,
    "b32": 4, "u32": 4, "s32": 4, "f32": 4, "b64": 8, "u64": 8, "s64": 8, "f64": 8,
}

_KERNEL = re.compile(r"\.entry\s+([\w$]+)\s*\((.*?)\)[^{]*\{(.*?)\n\}", re.S)
_PARAMETER = re.compile(r"\.param\s+\.(\w+)\s+(?:\.ptr\s+)?(?:\.align\s+\d+\s+)?([\w$]+)\s*(?:,|$)")
_INSTRUCTION = re.compile(r"(?:@(!?)(%\w+)\s+)?([a-z][\w.]*)\s*(.*)", re.S)
_OPERAND = re.compile(r"\s*(\{[^}]*\}|\[[^\]]*\]|[^,]+)")


@dataclass
class Instruction:
    """`negated` and `predicate` say which threads take it; `name` is the opcode's first word."""

    negated: bool
    predicate: str
    opcode: list
    operands: list
    text: str
    name: str = field(init=False)
    type: str = field(init=False)

    def __post_init__(self):
        self.name = self.opcode[0]
        self.type = self.opcode[-1]


@dataclass
class Kernel:
    name: str
    parameters: list  # of (type, name)
    instructions: list
    labels: dict  # name -> index of the instruction behind it


class Module:
    def __init__(self, text):
        self.text = re.sub(r"/\*.*?\*/", "", re.sub(r"//[^\n]*", "", text), flags=re.S)
        self.kernels = {}
        for name, parameters, body in _KERNEL.findall(self.text):
            self.kernels[name] = _kernel(name, parameters, body)

    def kernel(self, part):
        """Returns the kernel whose mangled name holds `part`."""
        found = [k for name, k in self.kernels.items() if part in name]
        if len(found) != 1:
            raise KeyError("kernels named *%s*: %d" % (part, len(found)))
        return found[0]


def _kernel(name, parameters, body):
    parsed = [_PARAMETER.fullmatch(p.strip()) for p in parameters.split(",") if p.strip()]
    if None in parsed:
        raise NotImplementedError("parameters of %s: %s" % (name, parameters))
    kernel = Kernel(name, [(p.group(1), p.group(2)) for p in parsed], [], {})
    body = re.sub(r"^\s*([\w$]+):", r";\1:;", body, flags=re.M)
    for statement in body.split(";"):
        # A brace in front of a statement is a scope of inline assembly; its names are unique.
        statement = re.sub(r"^[{} ]+", "", " ".join(statement.split()))
        if not statement or statement.startswith((".reg", ".pragma", ".loc")):
            continue
        if statement.endswith(":"):
            kernel.labels[statement[:-1]] = len(kernel.instructions)
        elif statement.startswith("."):
            raise NotImplementedError("in %s: %s" % (name, statement))
        else:
            kernel.instructions.append(_instruction(statement))
    return kernel


def _instruction(text):
    match = _INSTRUCTION.fullmatch(text)
    if not match:
        raise NotImplementedError(text)
    negated, predicate, opcode, operands = match.groups()
    return Instruction(
        negated == "!", predicate, opcode.split("."), [o.strip() for o in _OPERAND.findall(operands)], text
    )
