"""Executes kernels of a ptx_module.Module on numpy arrays with one entry per thread.

Many launches of one kernel run side by side, each with its own parameters, as one
wide program. Threads that diverge run the lowest instruction first.
"""

from dataclasses import dataclass

import numpy as np

from ptx_instructions import HANDLERS
from ptx_module import WIDTHS

_UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}
_SIGNED = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}
_FLOAT = {2: np.float16, 4: np.float32, 8: np.float64}


@dataclass
class Traffic:
    """Bytes that one launch moved, by the width of one access."""

    loads: dict
    stores: dict


class Machine:
    def __init__(self, memory, most_steps=1_000_000):
        self.memory = memory
        self._most_steps = most_steps

    def launch(self, kernel, blocks, threads, arguments):
        """Runs len(arguments) launches of blocks x threads threads; returns the Traffic of each.

        arguments: one tuple of integers per launch, as the kernel's parameters.
        """
        run = _Run(self.memory, kernel, blocks, threads, arguments)
        run.run(self._most_steps)
        return run.traffic()


class _Run:
    def __init__(self, memory, kernel, blocks, threads, arguments):
        for values in arguments:
            if len(values) != len(kernel.parameters):
                raise ValueError("%s takes %d parameters" % (kernel.name, len(kernel.parameters)))
        self.memory = memory
        self.kernel = kernel
        lanes = len(arguments) * blocks * threads
        lane = np.arange(lanes, dtype=np.uint64)
        self.launch_of = (lane // np.uint64(blocks * threads)).astype(np.int64)
        self._launches = len(arguments)
        self._counts = {"ld": {}, "st": {}}
        table = np.array([[v & (2**64 - 1) for v in values] for values in arguments], np.uint64)
        self.parameters = {
            name: table[self.launch_of, i] for i, (_, name) in enumerate(kernel.parameters)
        }
        self._registers = {
            "%tid.x": lane % np.uint64(threads),
            "%ctaid.x": lane // np.uint64(threads) % np.uint64(blocks),
            "%ntid.x": np.full(lanes, threads, np.uint64),
            "%nctaid.x": np.full(lanes, blocks, np.uint64),
        }
        self._lanes = lanes
        self._at = np.zeros(lanes, np.int64)
        self.active = None  # the threads that take the current instruction

    def run(self, most_steps):
        end = len(self.kernel.instructions)
        steps = 0
        while True:
            at = int(self._at.min(initial=end))
            if at == end:
                return
            group = np.flatnonzero(self._at == at)
            others = self._at[self._at != at]
            until = min(int(others.min(initial=end)), end)
            at, taken = self._straight(group, at, until)
            self._at[group] = at
            if taken is not None:
                self._at[taken[0]] = taken[1]
            steps += 1
            if steps > most_steps:
                raise RuntimeError("%s does not end" % self.kernel.name)

    def _straight(self, group, at, until):
        """Runs instructions up to a jump or `until`; returns where the group is, and who jumped where."""
        while at < until:
            instruction = self.kernel.instructions[at]
            at += 1
            self.active = group
            if instruction.predicate:
                chosen = self.read_raw(instruction.predicate) != 0
                self.active = group[chosen != instruction.negated]
            if instruction.name == "bra":
                return at, (self.active, self.kernel.labels[instruction.operands[0]])
            if instruction.name in ("ret", "exit"):
                return at, (self.active, len(self.kernel.instructions))
            if self.active.size:
                with np.errstate(all="ignore"):
                    HANDLERS[instruction.name](self, instruction)
        return at, None

    def read_raw(self, operand):
        """Returns an operand of every active thread as 64 bits."""
        if operand.startswith("%"):
            if operand not in self._registers:
                raise NotImplementedError("register read before it is written: " + operand)
            return self._registers[operand][self.active]
        if operand[:2] in ("0f", "0F", "0d", "0D"):
            value = int(operand[2:], 16)
        else:
            value = int(operand.rstrip("U"), 0) & (2**64 - 1)
        return np.full(self.active.size, value, np.uint64)

    def read(self, operand, kind):
        """Returns an operand as numpy numbers of a PTX type."""
        width = WIDTHS[kind]
        raw = self.read_raw(operand).astype(_UNSIGNED[width])
        if kind[0] == "s":
            return raw.view(_SIGNED[width])
        return raw.view(_FLOAT[width]) if kind[0] == "f" else raw

    def write(self, operand, values):
        """Sets a register of every active thread; values are 1 to 8 bytes wide, zero-extended."""
        if operand == "_":
            return
        raw = np.ascontiguousarray(values)
        raw = raw.view(_UNSIGNED[raw.dtype.itemsize]).astype(np.uint64)
        if operand not in self._registers:
            self._registers[operand] = np.zeros(self._lanes, np.uint64)
        self._registers[operand][self.active] = raw

    def count(self, kind, width):
        per_launch = self._counts[kind].setdefault(width, np.zeros(self._launches, np.int64))
        per_launch += width * np.bincount(self.launch_of[self.active], minlength=self._launches)

    def traffic(self):
        def of(kind, launch):
            return {width: int(n[launch]) for width, n in self._counts[kind].items() if n[launch]}

        return [Traffic(of("ld", i), of("st", i)) for i in range(self._launches)]
