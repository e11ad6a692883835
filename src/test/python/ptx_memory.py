"""The memory of a GPU that the PTX interpreter runs on, and its checker.

Every access must lie inside one allocation, be aligned to its whole (vector)
width, and read only bytes that were written before. All addresses of an access
are arrays with one entry per thread.
"""

import numpy as np

_ORIGIN = 0x7000_0000_0000
_ALIGNMENT = 256
_GAP = 4096


class MemoryFault(Exception):
    """A kernel did what hardware would not let it do, or should not have."""


class Memory:
    def __init__(self, capacity=1 << 26):
        self._bytes = np.zeros(capacity, np.uint8)
        self._writes = np.zeros(capacity, np.uint8)  # by kernels, up to 255
        self._load_widths = np.zeros(capacity, np.uint8)  # of the narrowest load; 0: none
        self._filled = np.zeros(capacity, bool)
        self._begins, self._ends = [], []
        self._next = _GAP

    def allocate(self, length, shift=0):
        """Returns the address of `length` new bytes, `shift` behind an aligned one.

        The bytes in front of it belong to nobody.
        """
        begin = self._next + shift
        self._next = (begin + length + _GAP) // _ALIGNMENT * _ALIGNMENT + _ALIGNMENT
        if self._next > self._bytes.size:
            raise ValueError("the interpreter's memory is full: capacity=%d" % self._bytes.size)
        self._begins.append(begin)
        self._ends.append(begin + length)
        return _ORIGIN + begin

    def put(self, array, shift=0):
        """Returns the address of a copy of an array."""
        raw = np.ascontiguousarray(array).view(np.uint8).reshape(-1)
        address = self.allocate(raw.size, shift)
        at = address - _ORIGIN
        self._bytes[at : at + raw.size] = raw
        self._filled[at : at + raw.size] = True
        return address

    def get(self, address, length):
        at = address - _ORIGIN
        return self._bytes[at : at + length].copy()

    def writes(self, address, length):
        """Returns how often kernels wrote each byte."""
        at = address - _ORIGIN
        return self._writes[at : at + length].copy()

    def load_widths(self, address, length):
        """Returns the width of the narrowest load by kernels of each byte; 0 if there was none."""
        at = address - _ORIGIN
        return self._load_widths[at : at + length].copy()

    def load(self, addresses, width, where):
        """Returns an array [thread, width] of bytes."""
        index = self._check(addresses, width, "load", where)
        if not self._filled[index].all():
            raise MemoryFault("load of bytes never written: %s" % where)
        before = self._load_widths[index]
        self._load_widths[index] = np.where(before == 0, width, np.minimum(before, width))
        return self._bytes[index]

    def store(self, addresses, values, where):
        """Stores an array [thread, width] of bytes."""
        index = self._check(addresses, values.shape[1], "store", where)
        self._bytes[index] = values
        self._filled[index] = True
        np.add.at(self._writes, index, 1)

    def _check(self, addresses, width, what, where):
        misaligned = addresses % np.uint64(width) != 0
        if misaligned.any():
            raise MemoryFault(
                "misaligned %s: address=%#x, widthBytes=%d, %s"
                % (what, addresses[misaligned][0], width, where)
            )
        at = addresses.astype(np.int64) - _ORIGIN
        # The last allocation that begins at or before the address.
        owner = np.searchsorted(self._begins, at, side="right") - 1
        ends = np.asarray(self._ends, np.int64)[np.maximum(owner, 0)]
        outside = (owner < 0) | (at + width > ends)
        if outside.any():
            raise MemoryFault(
                "%s outside every allocation: address=%#x, widthBytes=%d, %s"
                % (what, addresses[outside][0], width, where)
            )
        return at[:, None] + np.arange(width)
