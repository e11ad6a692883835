"""The PTX interpreter on snippets whose results are known, and on mistakes that it must catch."""

import unittest

import numpy as np

from ptx_machine import Machine
from ptx_memory import Memory, MemoryFault
from ptx_module import Module

_FRAME = """
.version 8.0
.target sm_80
.address_size 64
.visible .entry _Z4testPKvPvl(
    .param .u64 .ptr .align 1 in,
    .param .u64 out,
    .param .u64 count
)
{
    .reg .b32 %%r<99>;
    ld.param.u64 %%in, [in];
    ld.param.u64 %%out, [out];
    ld.param.u64 %%count, [count];
    mov.u32 %%tid, %%tid.x;   // of this block
    mul.wide.u32 %%at, %%tid, 8;
    add.s64 %%in, %%in, %%at;
    add.s64 %%out, %%out, %%at;
    %s
    ret;
}
"""


def kernel(body):
    return Module(_FRAME % body).kernel("4test")


def run(body, values, count=0):
    """Gives each thread a u64 of `values` in %a and returns the u64 that it left in %d."""
    memory = Memory(1 << 20)
    source = memory.put(np.array(values, np.uint64))
    target = memory.put(np.zeros(len(values), np.uint64))
    body = "ld.global.u64 %a, [%in]; mov.u64 %d, 0; " + body + " st.global.u64 [%out], %d;"
    Machine(memory).launch(kernel(body), 1, len(values), [(source, target, count)])
    return list(memory.get(target, 8 * len(values)).view(np.uint64))


class InstructionTest(unittest.TestCase):
    def expect(self, body, pairs):
        self.assertEqual([hex(d) for _, d in pairs], [hex(d) for d in run(body, [a for a, _ in pairs])])

    def test_arithmetic_wraps_at_the_width_of_its_type(self):
        self.expect("add.s32 %d, %a, 1;", [(0xFFFFFFFF, 0), (0x7FFFFFFF, 0x80000000)])
        self.expect("add.s16 %d, %a, -2;", [(1, 0xFFFF), (0x10002, 0)])
        self.expect("sub.s64 %d, 0, %a;", [(1, 2**64 - 1)])
        self.expect("neg.s64 %d, %a;", [(5, 2**64 - 5), (0, 0)])
        self.expect("mul.lo.s64 %d, %a, 3;", [(2**63, 2**63), (7, 21)])
        self.expect("mad.lo.s64 %d, %a, 3, 5;", [(7, 26)])
        self.expect("mul.wide.u32 %d, %a, 4294967295;", [(0xFFFFFFFF, 0xFFFFFFFE00000001)])
        self.expect("mul.wide.s32 %d, %a, 2;", [(0xFFFFFFFF, 2**64 - 2)])
        self.expect("div.u64 %d, %a, 10;", [(2**64 - 1, (2**64 - 1) // 10)])
        self.expect("rem.u32 %d, %a, 10;", [(2**32 - 1, 5)])

    def test_minimum_and_comparison_heed_the_sign(self):
        self.expect("min.s64 %d, %a, 1;", [(2**64 - 1, 2**64 - 1), (5, 1)])
        self.expect("min.u64 %d, %a, 1;", [(2**64 - 1, 1)])
        self.expect("setp.lt.s32 %p, %a, 0; selp.b64 %d, 1, 2, %p;", [(0x80000000, 1), (0, 2)])
        self.expect("setp.lt.u32 %p, %a, 1; selp.b64 %d, 1, 2, %p;", [(0x80000000, 2), (0, 1)])
        self.expect("setp.eq.s16 %p, %a, 1; selp.b64 %d, 1, 2, %p;", [(0x10001, 1), (0, 2)])

    def test_shifts_by_too_much_give_zero_or_the_sign(self):
        self.expect("shl.b32 %d, %a, 31;", [(3, 0x80000000)])
        self.expect("shl.b32 %d, %a, 32;", [(3, 0)])
        self.expect("shr.u64 %d, %a, 64;", [(2**63, 0)])
        self.expect("shr.s64 %d, %a, 99;", [(2**63, 2**64 - 1), (1, 0)])
        self.expect("shr.u16 %d, %a, 8;", [(0xABCDEF, 0xCD)])
        self.expect("shf.r.wrap.b32 %d, 2864434397, %a, 8;", [(0x11223344, 0x44AABBCC)])
        self.expect("shf.l.wrap.b32 %d, 2864434397, %a, 8;", [(0x11223344, 0x223344AA)])
        self.expect("shf.r.wrap.b32 %d, %a, 0, 32;", [(0x11223344, 0x11223344)])

    def test_bits(self):
        self.expect("and.b32 %d, %a, 15;", [(0xFFFFFFFFFF, 15)])
        self.expect("not.b32 %d, %a;", [(0, 0xFFFFFFFF)])
        self.expect("xor.b64 %d, %a, 1;", [(3, 2)])
        self.expect("clz.b32 %d, %a;", [(0, 32), (1, 31), (0x80000000, 0)])
        self.expect("bfi.b64 %d, %a, 4660, 8, 8;", [(0xABCD, 0xCD34)])
        self.expect("prmt.b32 %d, %a, 0, 12816;", [(0x11223344, 0x11223344)])
        self.expect("prmt.b32 %d, %a, 0, 0x4bb3;", [(0x81223344, 0x00FFFF81)])
        self.expect("setp.eq.s64 %p, %a, 1; not.pred %q, %p; selp.b64 %d, 1, 2, %q;", [(1, 2), (3, 1)])

    def test_moves_take_words_apart_and_put_them_together(self):
        self.expect("mov.b64 {%x, %y}, %a; mov.b64 %d, {%y, %x};", [(0x1122334455667788, 0x5566778811223344)])
        self.expect("{ .reg .b16 %t; mov.b32 {%t, %u}, %a; mov.b32 %d, {%u, %t}; }", [(0x11223344, 0x33441122)])

    def test_conversions(self):
        self.expect("cvt.u64.u32 %d, %a;", [(0x1FFFFFFFF, 0xFFFFFFFF)])
        self.expect("cvt.s64.s32 %d, %a;", [(0xFFFFFFFF, 2**64 - 1)])
        self.expect("cvt.u16.u32 %d, %a;", [(0x12345, 0x2345)])
        self.expect("cvt.rn.f32.f64 %d, %a;", [(0x3FF0000010000000, 0x3F800000), (0x3FF0000030000000, 0x3F800002)])
        self.expect("cvt.rn.f32.f64 %d, %a;", [(0x36A0000000000000, 1), (0x7FF4000000000001, 0x7FFFFFFF)])

    def test_threads_that_diverge_meet_again(self):
        body = """
            mov.u64 %i, 0;
            $L_loop:
            setp.ge.u64 %p, %i, %a;
            @%p bra $L_end;
            add.s64 %i, %i, 1;
            add.s64 %d, %d, %i;
            bra.uni $L_loop;
            $L_end:
            @!%p ret;
            add.s64 %d, %d, 1000;"""
        self.expect(body, [(0, 1000), (4, 1010), (1, 1001), (10, 1055)])

    def test_blocks_and_launches_have_their_own_indices(self):
        body = """
            mov.u32 %b, %ctaid.x; mov.u32 %n, %ntid.x; mad.lo.s32 %i, %b, %n, %tid;
            ld.param.u64 %out, [out];
            mul.wide.u32 %at, %i, 8; add.s64 %to, %out, %at; cvt.u64.u32 %v, %i;
            add.s64 %v, %v, %count; st.global.u64 [%to], %v;"""
        memory = Memory(1 << 20)
        targets = [memory.allocate(48), memory.allocate(48)]
        Machine(memory).launch(kernel(body), 2, 3, [(0, targets[0], 100), (0, targets[1], 200)])
        for target, base in zip(targets, (100, 200)):
            self.assertEqual(list(range(base, base + 6)), list(memory.get(target, 48).view(np.uint64)))

    def test_what_is_unknown_is_refused_by_name(self):
        for text in ("atom.add.u32 %d, [%in], 1;", "shfl.sync.b32 %d, %a, 1, 2, 3;", "cvt.rz.f32.f64 %d, %a;",
                     "add.sat.s32 %d, %a, 1;", "mul.hi.u32 %d, %a, 1;", "ld.local.u32 %d, [%in];"):
            with self.assertRaisesRegex(NotImplementedError, text.split()[0].split(".")[0]):
                run(text, [1])

    def test_a_loop_without_end_is_left(self):
        with self.assertRaisesRegex(RuntimeError, "does not end"):
            memory = Memory(1 << 20)
            Machine(memory, most_steps=50).launch(kernel("$L_a: bra.uni $L_a;"), 1, 1, [(0, 0, 0)])


class MemoryTest(unittest.TestCase):
    def access(self, body, source_shift=0, launches=1):
        memory = Memory(1 << 20)
        source = memory.put(np.arange(192, 256).astype(np.uint8), source_shift)
        target = memory.allocate(64)
        traffic = Machine(memory).launch(kernel(body), 1, 1, [(source, target, 0)] * launches)
        return memory, target, traffic

    def test_vectors_move_and_are_counted_by_their_width(self):
        body = "ld.global.nc.v4.u32 {%a, %b, %c, %d}, [%in+16]; st.global.v2.u32 [%out+8], {%d, %a};"
        memory, target, traffic = self.access(body)
        self.assertEqual([220, 221, 222, 223, 208, 209, 210, 211], list(memory.get(target + 8, 8)))
        self.assertEqual([0] * 8 + [1] * 8 + [0] * 48, list(memory.writes(target, 64)))
        self.assertEqual(({16: 16}, {8: 8}), (traffic[0].loads, traffic[0].stores))

    def test_signed_loads_extend_the_sign(self):
        memory, target, _ = self.access("ld.global.s8 %a, [%in+62]; st.global.u64 [%out], %a;")
        self.assertEqual(2**64 - 2, int(memory.get(target, 8).view(np.uint64)[0]))

    def test_a_misaligned_vector_is_caught_though_its_elements_are_aligned(self):
        with self.assertRaisesRegex(MemoryFault, "misaligned load.*widthBytes=16"):
            self.access("ld.global.v4.u32 {%a, %b, %c, %d}, [%in];", source_shift=4)

    def test_bytes_before_and_behind_an_allocation_are_caught(self):
        for text, shift in (("[%in+-1]", 0), ("[%in+64]", 0), ("[%in+-1]", 5), ("[%in+64]", 5)):
            with self.assertRaisesRegex(MemoryFault, "load outside every allocation"):
                self.access("ld.global.u8 %a, " + text + ";", source_shift=shift)
        with self.assertRaisesRegex(MemoryFault, "store outside every allocation"):
            self.access("mov.u64 %a, 0; st.global.v2.u64 [%out+56], {%a, %a};".replace("+56", "+64"))

    def test_a_vector_that_only_begins_inside_is_caught(self):
        with self.assertRaisesRegex(MemoryFault, "load outside every allocation"):
            self.access("ld.global.v4.u32 {%a, %b, %c, %d}, [%in+56];", source_shift=8)

    def test_bytes_never_written_are_caught(self):
        with self.assertRaisesRegex(MemoryFault, "never written"):
            self.access("ld.global.u32 %a, [%out];")

    def test_writes_are_counted_over_launches(self):
        memory, target, _ = self.access("mov.u32 %a, 7; st.global.u8 [%out], %a;", launches=3)
        self.assertEqual(3, memory.writes(target, 1)[0])

    def test_of_a_byte_loaded_twice_the_narrower_width_is_told(self):
        wide = "ld.global.u64 %a, [%out]; "
        narrow = "ld.global.u16 %a, [%out+2]; "
        for loads in (wide + narrow, narrow + wide):
            memory, target, _ = self.access("st.global.u64 [%out], 7; " + loads)
            self.assertEqual([0 if at >= 8 else 2 if at in (2, 3) else 8 for at in range(12)],
                             list(memory.load_widths(target, 12)))


if __name__ == "__main__":
    unittest.main()
