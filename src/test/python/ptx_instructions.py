"""What each PTX instruction does, as the PTX ISA says. Those not here are refused by name.

A handler takes the run (whose active threads it works on) and the instruction.
"""

import re

import numpy as np

from ptx_memory import MemoryFault
from ptx_module import WIDTHS

_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
_SIGNED = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}
_FLOAT = {4: np.float32, 8: np.float64}
_ADDRESS = re.compile(r"\[\s*(%?[\w$.]+)\s*(?:\+\s*(-?\d+))?\s*\]")


class _Handlers(dict):
    def __missing__(self, name):
        raise NotImplementedError("PTX instruction: " + name)


HANDLERS = _Handlers()


def _handles(*names):
    def register(function):
        for name in names:
            HANDLERS[name] = function
        return function

    return register


def _names(operand):
    return [name.strip() for name in operand.strip("{}").split(",")]


def _convert(kind, values):
    width = WIDTHS[kind]
    return values.astype({"s": _SIGNED, "f": _FLOAT}.get(kind[0], _UNSIGNED)[width])


def _only(i, *modifiers):
    """Refuses modifiers that change what an instruction does and are not known here."""
    unknown = set(i.opcode[1:-1]) - set(modifiers)
    if unknown:
        raise NotImplementedError(i.text)


@_handles("ld", "st")
def _memory(run, i):
    _only(i, "param", "global", "nc", "v2", "v4", "v8")
    base, offset = _ADDRESS.fullmatch(i.operands[1 if i.name == "ld" else 0]).groups()
    if "param" in i.opcode:
        if offset or i.name == "st":
            raise NotImplementedError(i.text)
        run.write(i.operands[0], _convert(i.type, run.parameters[base][run.active]))
        return
    element = WIDTHS[i.type]
    registers = _names(i.operands[0 if i.name == "ld" else 1])
    width = element * len(registers)
    addresses = run.read_raw(base) + np.uint64(int(offset or 0) & (2**64 - 1))
    run.count(i.name, width)
    if i.name == "st":
        columns = [run.read(r, "u%d" % (8 * element)) for r in registers]
        raw = np.stack(columns, 1).view(np.uint8).reshape(addresses.size, width)
        run.memory.store(addresses, raw, i.text)
        return
    raw = np.ascontiguousarray(run.memory.load(addresses, width, i.text))
    values = raw.view(_UNSIGNED[element])
    for column, register in enumerate(registers):
        loaded = np.ascontiguousarray(values[:, column])
        if i.type[0] == "s":  # fills a register that may be wider
            loaded = loaded.view(_SIGNED[element]).astype(np.int64)
        run.write(register, loaded)


@_handles("mov")
def _mov(run, i):
    _only(i)
    target, source = i.operands
    if target.startswith("{"):
        parts = _names(target)
        bits = 8 * WIDTHS[i.type] // len(parts)
        whole = run.read(source, "u%d" % (8 * WIDTHS[i.type]))
        for n, part in enumerate(parts):
            run.write(part, _convert("u%d" % bits, whole >> whole.dtype.type(bits * n)))
    elif source.startswith("{"):
        parts = _names(source)
        bits = 8 * WIDTHS[i.type] // len(parts)
        whole = np.zeros(run.active.size, np.uint64)
        for n, part in enumerate(parts):
            whole |= run.read(part, "u%d" % bits).astype(np.uint64) << np.uint64(bits * n)
        run.write(target, whole)
    else:
        run.write(target, run.read(source, i.type))


@_handles("cvta")
def _cvta(run, i):
    run.write(i.operands[0], run.read_raw(i.operands[1]))


@_handles("cvt")
def _cvt(run, i):
    target, source = i.opcode[-2:]
    modifiers = set(i.opcode[1:-2])
    values = run.read(i.operands[1], source)
    if target[0] in "usb" and source[0] in "usb" and not modifiers:
        run.write(i.operands[0], _convert(target, values))
    elif (target, source, modifiers) == ("f32", "f64", {"rn"}):
        # Of a NaN the ISA promises no payload; so give one that a test would notice.
        narrow = np.where(np.isnan(values), np.uint32(0x7FFFFFFF).view(np.float32), values.astype(np.float32))
        run.write(i.operands[0], narrow)
    elif (target, source, modifiers) == ("f64", "f32", set()):
        run.write(i.operands[0], values.astype(np.float64))
    else:
        raise NotImplementedError(i.text)


_COMPARISONS = {
    "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal, "lo": np.less, "ls": np.less_equal, "hi": np.greater, "hs": np.greater_equal,
}


@_handles("setp")
def _setp(run, i):
    if len(i.opcode) != 3 or i.type[0] == "f":
        raise NotImplementedError(i.text)
    a, b = (run.read(operand, i.type) for operand in i.operands[1:])
    run.write(i.operands[0], _COMPARISONS[i.opcode[1]](a, b).astype(np.uint64))


@_handles("selp")
def _selp(run, i):
    _only(i)
    a, b = (run.read(operand, i.type) for operand in i.operands[1:3])
    run.write(i.operands[0], np.where(run.read_raw(i.operands[3]) != 0, a, b))


@_handles("and", "or", "xor", "not")
def _logic(run, i):
    _only(i)
    values = [run.read(operand, i.type) for operand in i.operands[1:]]
    if i.name == "not":
        run.write(i.operands[0], (values[0] == 0).astype(np.uint64) if i.type == "pred" else ~values[0])
    else:
        operation = {"and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor}[i.name]
        run.write(i.operands[0], operation(*values))


@_handles("shl", "shr")
def _shift(run, i):
    _only(i)
    values = run.read(i.operands[1], i.type)
    bits = 8 * values.dtype.itemsize
    counts = run.read(i.operands[2], "u32")
    within = np.minimum(counts, bits - 1).astype(values.dtype)
    shifted = values << within if i.name == "shl" else values >> within
    if not (i.name == "shr" and i.type[0] == "s"):  # which fills with the sign
        shifted = np.where(counts >= bits, values.dtype.type(0), shifted)
    run.write(i.operands[0], shifted)


@_handles("shf")
def _funnel_shift(run, i):
    if i.opcode[1:] not in (["r", "wrap", "b32"], ["l", "wrap", "b32"]):
        raise NotImplementedError(i.text)
    lower, upper = (run.read(operand, "u32").astype(np.uint64) for operand in i.operands[1:3])
    count = run.read(i.operands[3], "u32").astype(np.uint64) & np.uint64(31)
    pair = lower | (upper << np.uint64(32))
    shifted = pair >> count if i.opcode[1] == "r" else (pair << count) >> np.uint64(32)
    run.write(i.operands[0], _convert("u32", shifted))


@_handles("bfi")
def _bit_field_insert(run, i):
    _only(i)
    field, base = (run.read_raw(operand) for operand in i.operands[1:3])
    at, length = (run.read_raw(operand) & np.uint64(255) for operand in i.operands[3:5])
    if (at + length > 8 * WIDTHS[i.type]).any() or (length > 63).any():
        raise NotImplementedError(i.text)
    mask = ((np.uint64(1) << length) - np.uint64(1)) << at
    inserted = (base & ~mask) | ((field << at) & mask)
    run.write(i.operands[0], _convert("u%d" % (8 * WIDTHS[i.type]), inserted))


@_handles("prmt")
def _permute(run, i):
    if i.opcode != ["prmt", "b32"]:
        raise NotImplementedError(i.text)
    lower, upper, selector = (run.read(o, "u32").astype(np.uint64) for o in i.operands[1:])
    pair = lower | (upper << np.uint64(32))
    result = np.zeros_like(pair)
    for byte in range(4):
        nibble = (selector >> np.uint64(4 * byte)) & np.uint64(15)
        chosen = (pair >> ((nibble & np.uint64(7)) * np.uint64(8))) & np.uint64(255)
        sign = np.where(chosen & np.uint64(128), np.uint64(255), np.uint64(0))
        result |= np.where(nibble & np.uint64(8), sign, chosen) << np.uint64(8 * byte)
    run.write(i.operands[0], _convert("u32", result))


@_handles("clz")
def _count_leading_zeros(run, i):
    _only(i)
    values = run.read(i.operands[1], "u%d" % (8 * WIDTHS[i.type]))
    bits = 8 * WIDTHS[i.type]
    zeros = np.full(values.shape, bits, np.uint32)
    for bit in range(bits):
        zeros[(values >> values.dtype.type(bit)) != 0] = bits - 1 - bit
    run.write(i.operands[0], zeros)


@_handles("add", "sub", "min", "max", "neg", "abs")
def _integer(run, i):
    _only(i)
    if i.type[0] == "f":
        raise NotImplementedError(i.text)
    values = [run.read(operand, i.type) for operand in i.operands[1:]]
    operation = {
        "add": np.add, "sub": np.subtract, "min": np.minimum, "max": np.maximum,
        "neg": np.negative, "abs": np.abs,
    }[i.name]
    run.write(i.operands[0], operation(*values))


@_handles("mul", "mad")
def _multiply(run, i):
    _only(i, "lo", "wide")
    if i.type[0] == "f" or len(i.opcode) != 3:
        raise NotImplementedError(i.text)
    kind = i.type
    a, b = (run.read(operand, kind) for operand in i.operands[1:3])
    if "wide" in i.opcode:
        kind = "%s%d" % (kind[0], 16 * WIDTHS[kind])
        a, b = _convert(kind, a), _convert(kind, b)
    product = a * b
    if i.name == "mad":
        product = product + run.read(i.operands[3], kind)
    run.write(i.operands[0], product)


@_handles("div", "rem")
def _divide(run, i):
    _only(i)
    if i.type[0] != "u":
        raise NotImplementedError(i.text)
    a, b = (run.read(operand, i.type) for operand in i.operands[1:])
    if (b == 0).any():
        raise MemoryFault("division by zero: " + i.text)
    run.write(i.operands[0], a // b if i.name == "div" else a % b)
