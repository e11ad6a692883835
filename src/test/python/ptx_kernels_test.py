"""nvcc's own code of the GPU kernels, against the CPU kernels, bit for bit.

Compiles native/src/cuda to PTX for each architecture and runs that in the interpreter.
Environment: CAIRN_NVCC, the compiler; CAIRN_CPU_ARCHIVE, libcairn_cpu.a. Run from the
root of the sources.
"""

import ctypes
import os
import subprocess
import tempfile
import unittest

import numpy as np

from ptx_machine import Machine
from ptx_memory import Memory
from ptx_module import Module

ARCHITECTURES = ("sm_80", "sm_90", "sm_100")
F64, F32, BF16, F16, BYTES = range(5)
WIDTHS = (8, 4, 2, 2, 1)
PAIRS = [(a, b) for a in (F64, F32, BF16, F16) for b in (F32, BF16, F16) if a != b] + [(BYTES, BYTES)]
TILE_ELEMENTS = 16384

# Zeros, infinities, NaNs with and without payload, denormals, ties, what overflows.
SPECIAL = {
    F64: [0, 1, 0x7FF << 52, (0x7FF << 52) + 1, 0x7FF4567890ABCDEF, 0x7FF8 << 48, 0xFFFFFFFFFFFFF, 0x36A << 52,
          (0x36A << 52) + 1, 0x369 << 52, 0x380FFFFFFFFFFFFF, 0x47EFFFFFE0000000, 0x47EFFFFFF0000000,
          0x47EFFFFFEFFFFFFF, 0x3FF0000010000000, 0x3FF0000030000000, 0x40EFFDFFFFFFFFFF],
    F32: [0, 1, 0x7F800000, 0x7F800001, 0x7FC00000, 0x7FFFFFFF, 0x7FA12345, 0x7FFFFF, 0x8000, 0x18000, 0x3F808000,
          0x3F818000, 0x7F7FFFFF, 0x477FF000, 0x477FEFFF, 0x38800000, 0x387FFFFF, 0x33000000, 0x33000001,
          0x33800000, 0x3F801000, 0x3F803000],
    BF16: [], F16: [], BYTES: [],
}


def setUpModule():
    global CPU, MODULES, DIFFERENT
    scratch = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(scratch.cleanup)
    CPU = cpu_kernels(scratch.name)
    compilers = {}
    for architecture in ARCHITECTURES:
        target = os.path.join(scratch.name, architecture)
        command = [os.environ["CAIRN_NVCC"], "-std=c++17", "-O3", "-Inative/include", "-Inative/src/cpu", "-ptx",
                   "-arch=" + architecture, "native/src/cuda/cuda.cu", "-o", target]
        compilers[architecture] = subprocess.Popen(command)
    MODULES = {}
    for architecture, compiler in compilers.items():
        if compiler.wait() != 0:
            raise RuntimeError("nvcc failed for " + architecture)
        with open(os.path.join(scratch.name, architecture)) as text:
            MODULES[architecture] = Module(text.read())
    # Code that differs only in what it is said to be for is run once.
    codes = {}
    for architecture, module in MODULES.items():
        codes.setdefault(module.text.partition(".address_size")[2], (architecture, module))
    DIFFERENT = list(codes.values())


# The archive's own functions are hidden from a library's users.
_EXPORT = """
#include "cairn/cpu.h"
extern "C" __attribute__((visibility("default"))) int32_t exported_cast(
    int32_t from, const void* source, int32_t to, void* target, int64_t elements) {
  uint32_t crc = 0;
  return cairn_cast(CAIRN_ISA_BASELINE, from, source, to, target, elements, &crc);
}
"""


def cpu_kernels(folder):
    source, library = os.path.join(folder, "export.cpp"), os.path.join(folder, "cpu.so")
    with open(source, "w") as text:
        text.write(_EXPORT)
    subprocess.run([os.environ.get("CXX", "g++"), "-shared", "-fPIC", "-Inative/include", source,
                    os.environ["CAIRN_CPU_ARCHIVE"], "-o", library], check=True)
    return ctypes.CDLL(library)


def numbers(kind, elements, rng):
    """Returns bit patterns of every class, in a random order, as bytes."""
    width = WIDTHS[kind]
    drawn = rng.integers(0, 256, (elements, width), dtype=np.uint8).view("<u%d" % width).reshape(-1)
    if SPECIAL[kind] and elements:
        special = np.array(SPECIAL[kind], drawn.dtype)
        sign = drawn & drawn.dtype.type(1 << (8 * width - 1))
        around_one = (drawn & drawn.dtype.type((1 << (8 * width - 5)) - 1)) | special.dtype.type(0x38 << (8 * width - 8))
        choice = rng.integers(0, 3, elements)
        drawn = np.where(choice == 0, rng.choice(special, elements) | sign, drawn)
        drawn = np.where(choice == 1, around_one | sign, drawn)
    return drawn.view(np.uint8)


def expected(source, kind, source_kind, elements):
    """Returns what the CPU's kernel makes of the elements."""
    if kind == source_kind:
        return source
    target = np.zeros(elements * WIDTHS[kind] + 1, np.uint8)
    status = CPU.exported_cast(source_kind, source.ctypes.data_as(ctypes.c_void_p), kind,
                               target.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(elements))
    if status != 0:
        raise RuntimeError("cairn_cast: %d" % status)
    return target[:-1]


class Case:
    """One cast: where it lies and what it must give."""

    def __init__(self, memory, pair, elements, source_shift, target_shift, rng):
        self.pair, self.elements = pair, elements
        self.source_shift, self.target_shift = source_shift, target_shift
        self.data = numbers(pair[0], elements, rng)
        self.source = memory.put(self.data, source_shift)
        self.target_bytes = elements * WIDTHS[pair[1]]
        self.target = memory.allocate(self.target_bytes, target_shift)

    def __str__(self):
        return "from=%d to=%d elements=%d sourceShift=%d targetShift=%d" % (
            *self.pair, self.elements, self.source_shift, self.target_shift)

    def check(self, memory):
        want = expected(self.data, self.pair[1], self.pair[0], self.elements)
        got = memory.get(self.target, self.target_bytes)
        wrong = np.flatnonzero(want != got)
        if wrong.size:
            raise AssertionError("%s: byte %d is %#x, expected %#x" % (self, wrong[0], got[wrong[0]], want[wrong[0]]))
        if (memory.writes(self.target, self.target_bytes) != 1).any():
            raise AssertionError("%s: a byte was not written exactly once" % self)

    def check_widths(self, traffic):
        """All but the ends, of less than two groups each, moves 16 bytes at a time."""
        ends = 4 * 16 // min(WIDTHS[kind] for kind in self.pair)
        for moved, kind in ((traffic.loads, self.pair[0]), (traffic.stores, self.pair[1])):
            narrow = sum(n for width, n in moved.items() if width != 16)
            if narrow >= ends * WIDTHS[kind] or narrow + moved.get(16, 0) < self.elements * WIDTHS[kind]:
                raise AssertionError("%s: narrow accesses: %s" % (self, traffic))


class CastTest(unittest.TestCase):
    def run_cases(self, pair, shapes, blocks, threads):
        for architecture, module in DIFFERENT:
            with self.subTest(architecture=architecture, pair=pair):
                rng = np.random.default_rng(7)
                memory = Memory()
                cases = [Case(memory, pair, *shape, rng) for shape in shapes]
                kernel = module.kernel("CastKernelILi%dELi%dE" % pair)
                arguments = [(case.source, case.target, case.elements) for case in cases]
                traffic = Machine(memory).launch(kernel, blocks, threads, arguments)
                for case, moved in zip(cases, traffic):
                    case.check(memory)
                    case.check_widths(moved)

    def test_every_size_at_every_alignment(self):
        for pair in PAIRS:
            source_shifts = range(0, 16, WIDTHS[pair[0]])
            target_shifts = range(0, 16, WIDTHS[pair[1]])
            sizes = (0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 19, 31, 33, 35, 67, 131) if pair[0] != BYTES else (0, 1, 15, 16, 17, 33, 67)
            self.run_cases(pair, [(n, s, t) for n in sizes for s in source_shifts for t in target_shifts], 1, 32)

    def test_many_elements_by_blocks_that_stride(self):
        for pair in PAIRS:
            shapes = [(n, s * WIDTHS[pair[0]], t * WIDTHS[pair[1]]) for n in (1023, 20_011) for s in (0, 1) for t in (0, 1)]
            self.run_cases(pair, shapes, 2, 256)

    def test_every_number_of_sixteen_bits(self):
        for source in (BF16, F16):
            for target in (F32, BF16, F16):
                if source == target:
                    continue
                for architecture, module in DIFFERENT:
                    with self.subTest(architecture=architecture, source=source, target=target):
                        memory = Memory()
                        data = np.arange(1 << 16, dtype=np.uint16).view(np.uint8)
                        address, out = memory.put(data), memory.allocate(WIDTHS[target] << 16)
                        kernel = module.kernel("CastKernelILi%dELi%dE" % (source, target))
                        Machine(memory).launch(kernel, 8, 256, [(address, out, 1 << 16)])
                        got = memory.get(out, WIDTHS[target] << 16)
                        self.assertTrue((got == expected(data, target, source, 1 << 16)).all())


class UnpackTest(unittest.TestCase):
    def test_rows_of_every_kind_and_size(self):
        self.check_rows(lambda tiles: tiles)

    def test_blocks_that_stride_over_tiles(self):
        self.check_rows(lambda tiles: 7)

    def check_rows(self, blocks):
        pairs = PAIRS + [(F64, F64), (F32, F32), (BF16, BF16)]
        for architecture, module in DIFFERENT:
            with self.subTest(architecture=architecture):
                rng = np.random.default_rng(3)
                rows, source, source_at, target_at, tile = [], [], 0, 0, 0
                for elements in (1, 9, 40, 1000, TILE_ELEMENTS, TILE_ELEMENTS + 5):
                    for pair in pairs:
                        gap = -source_at % WIDTHS[pair[0]] + WIDTHS[pair[0]]  # padding, to be dropped
                        source.append(np.full(gap, 0xEE, np.uint8))
                        target_at += -target_at % WIDTHS[pair[1]]
                        source.append(numbers(pair[0], elements, rng))
                        rows.append((source_at + gap, target_at, elements, tile, pair[0] | pair[1] << 32))
                        source_at += gap + source[-1].size
                        target_at += elements * WIDTHS[pair[1]]
                        tile += -(-elements // TILE_ELEMENTS)
                memory = Memory()
                table = memory.put(np.array(rows, np.int64))
                packed = np.concatenate(source)
                address, out = memory.put(packed), memory.allocate(target_at)
                kernel = module.kernel("UnpackKernel")
                arguments = [(table, len(rows), tile, address, out)]
                traffic = Machine(memory).launch(kernel, blocks(tile), 64, arguments)[0]
                loaded = []
                for begin, at, elements, _, kinds in rows:
                    kind, to = kinds & 0xFF, kinds >> 32
                    want = expected(packed[begin : begin + elements * WIDTHS[kind]], to, kind, elements)
                    self.assertTrue((want == memory.get(out + at, want.size)).all(), (kind, to, elements))
                    self.assertTrue((memory.writes(out + at, want.size) == 1).all())
                    loaded.append(memory.load_widths(address + begin, elements * WIDTHS[kind]))
                # Not those of the table, which are as wide as its numbers.
                self.assertGreater((np.concatenate(loaded) == 16).mean(), 0.98)
                wide = traffic.stores[16]
                self.assertGreater(wide, 0.98 * sum(traffic.stores.values()))


class CodeTest(unittest.TestCase):
    def test_no_kernel_uses_local_memory(self):
        for architecture, module in MODULES.items():
            self.assertEqual(len(PAIRS) + 1, len(module.kernels), architecture)
            self.assertNotRegex(module.text, r"\.local|__local_depot", architecture)


if __name__ == "__main__":
    unittest.main()
