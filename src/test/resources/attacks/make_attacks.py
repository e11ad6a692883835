#!/usr/bin/env python3
"""Makes the hostile .pt files of this folder and expected.tsv: file, how it is read, the error.

Needs only Python's standard library. Run it here: python3 make_attacks.py
Each file reads as rank 0's optimizer states (kind "optimizer") or model states (kind "model") of a
DeepSpeed checkpoint, or as a state dict (kind "state"). The files are reproducible: run it again and nothing changes.
"""

import pathlib
import pickletools
import random
import struct
import zlib

from attack_files import GOOD, archive, call, dct, end, end64, lst, model, number, optimizer
from attack_files import storage, tensor, text, tup
from state_attacks import states

HERE = pathlib.Path(__file__).parent
EXPECTED = []


def write(name, kind, data, error):
    (HERE / (name + ".pt")).write_bytes(data)
    EXPECTED.append(f"{name}.pt\t{kind}\t{error}")


def pickled(name, pickle, error, kind="optimizer", **more):
    write(name, kind, archive(pickle, **more), error)


def lie(**values):
    return lambda i, arguments: arguments.update(values) if i == 2 else None


# --- the attacks ---------------------------------------------------------------------------------
def zips():
    good = archive()
    write("zip_empty", "optimizer", b"", "an empty file")
    write("zip_is_legacy_pickle", "optimizer", GOOD, "a pickle that `torch.save` did not write")
    write("zip_cut_at_the_end", "optimizer", good[:-10], "no end of a zip archive was found")
    write("zip_cut_in_half", "optimizer", good[: len(good) // 2], "no end of a zip archive was found")
    write("zip_cut_in_front", "optimizer", good[100:], "a file of no format")
    write("zip_grown_in_front", "optimizer", b"MZ" * 50 + good, "a file of no format")
    write("zip_comment", "optimizer", good[:-2] + b"\x05\x00" + b"hello", "")
    write("zip_comment_lie", "optimizer", good[:-2] + b"\x05\x00", "no end of a zip archive was found")

    def entry(file, error, **values):
        write(file, "optimizer", archive(change=lie(**values)), error)

    entry("zip_compressed", "zip entry is compressed", method=8)
    entry("zip_encrypted", "zip entry is encrypted", flags=1)
    entry("zip_link", "zip entry is a symbolic link", mode=0o120777)
    entry("zip_name_up", "leads out of the archive", name=b"../../etc/x")
    entry("zip_name_absolute", "leads out of the archive", name=b"/etc/passwd")
    entry("zip_name_backslash", "leads out of the archive", name=b"..\\x")
    entry("zip_name_not_text", "zip entry name is not UTF-8", name=b"x/data/\xff\xfe")
    entry("zip_name_empty", "zip entry name has an odd length", name=b"")
    entry("zip_entry_twice", "zip entries overlap", name=b"x/byteorder", offset=0)
    entry("zip_entries_overlap", "zip entries overlap", offset=60)
    entry("zip_entry_too_long", "zip entry", size=1 << 20)
    entry("zip_entry_far_out", "zip entry lies outside the file", offset=1 << 30)
    wide = struct.pack("<HHQQ", 1, 16, 1 << 62, 1 << 62)
    entry("zip64_size_huge", "zip entry lies outside the file", size=0xFFFFFFFF, extra=wide)
    wide = struct.pack("<HHQQ", 1, 16, 1 << 63, 1 << 63)
    entry("zip64_size_negative", "zip entry lies outside the file", size=0xFFFFFFFF, extra=wide)
    wide = struct.pack("<HHQQ", 1, 16, 16, 17)
    entry("zip64_two_sizes", "zip entry has two different sizes", size=0xFFFFFFFF, extra=wide)
    entry("zip64_missing", "zip64 field is missing", size=0xFFFFFFFF)
    wide = struct.pack("<HHQ", 1, 8, 16)
    entry("zip64_short", "zip64 field is cut short", size=0xFFFFFFFF, extra=wide)
    entry("zip64_cut", "zip entry has a cut extra field", extra=struct.pack("<HH", 1, 60000))

    body, directory = good[: good.index(b"PK\x01\x02")], good[good.index(b"PK\x01\x02") : -22]
    offset, size = len(body), len(directory)
    here = offset + size

    def ends(name, error, tail):
        write(name, "optimizer", body + directory + tail, error)

    ends("zip_count_too_high", "zip directory", end(4, size, offset))
    ends("zip_count_too_low", "zip directory is longer", end(2, size, offset))
    ends("zip_count_full", "too many entries", end(0xFFFF, size, offset))
    ends("zip_directory_far_out", "zip end records contradict", end(3, size, 1 << 30))
    full = end(0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    ends("zip64_good", "", end64(3, size, offset, here) + full)
    ends("zip64_count_huge", "too many entries", end64(1 << 62, size, offset, here) + full)
    ends("zip64_count_negative", "too many entries", end64(1 << 63, size, offset, here) + full)
    ends("zip64_offset_huge", "contradict", end64(3, size, 1 << 62, here) + full)
    ends("zip64_offset_negative", "contradict", end64(3, size, (1 << 64) - 1, here) + full)
    ends("zip64_sum_overflows", "contradict", end64(3, (1 << 63) - 1, 1 << 62, here) + full)
    ends("zip64_record_far_out", "zip64 end record offset", end64(3, size, offset, 1 << 62) + full)
    ends("zip64_record_elsewhere", "zip64 end record sign", end64(3, size, offset, 0) + full)
    ends("zip64_record_long", "zip64 end record bytes", end64(3, size, offset, here, 1 << 40) + full)
    ends("zip64_two_opinions", "zip64 entries", end64(3, size, offset, here) + end(2, size, offset))

    other = body.replace(b"x/data/0", b"x/data/1") + directory + end(3, size, offset)
    write("zip_local_name_differs", "optimizer", other, "local header contradicts")
    place = body.index(b"x/data.pkl") - 8
    changed = body[:place] + struct.pack("<I", 5) + body[place + 4 :]
    write("zip_local_size_differs", "optimizer", changed + directory + end(3, size, offset),
          "local header contradicts")
    changed = body[: place + 6] + struct.pack("<H", 0xFFFF) + body[place + 8 :]
    write("zip_local_extra_too_long", "optimizer", changed + directory + end(3, size, offset),
          "of local header of x/data.pkl")
    flipped = bytearray(good)
    flipped[60] ^= 4
    write("pickle_bit_flipped", "optimizer", bytes(flipped), "checksum of the pickle differs")

    two = [(b"x/data/0", b"\0" * 16), (b"y/data.pkl", GOOD)]
    write("two_pickles", "optimizer", archive(data=two), "more than one pickle")
    write("no_pickle", "optimizer", archive().replace(b"data.pkl", b"data.txt"), "no pickle")
    big = archive().replace(b"little", b"bigbig")
    crc = struct.pack("<I", zlib.crc32(b"little")), struct.pack("<I", zlib.crc32(b"bigbig"))
    write("byte_order_big", "optimizer", big.replace(*crc), "byte order not supported")


def machines():
    head = b"\x80\x02"

    def raw(name, body, error):
        pickled("machine_" + name, head + body, error)

    raw("empty", b"", "unexpected end")
    raw("no_stop", b"}" * 10, "unexpected end")
    raw("stop_on_nothing", b".", "empty stack")
    raw("goes_on", b"}.}}", "pickle goes on after its end")
    raw("pop_nothing", b"0.", "empty stack")
    raw("pop_below_mark", b"N(0.", "empty stack")
    raw("no_mark", b"Nt.", "no mark")
    raw("tuple_of_nothing", b"\x87.", "empty stack")
    raw("odd_items", b"}(Nu.", "sets a key without a value")
    raw("append_to_number", b"K\x01(Ne.", "appends to what is no list")
    raw("items_of_number", b"K\x01(NNu.", "sets items of what is no dict")
    raw("call_a_number", b"K\x01)R.", "calls what is no global")
    raw("call_a_tuple", b"))R.", "calls what is no global")
    raw("global_of_numbers", b"K\x01K\x02\x93.", "pickle global has no name")
    raw("persistent_text", text("storage") + b"Q.", "persistent id that is no storage")
    raw("persistent_short", tup(text("storage")) + b"Q.", "persistent id that is no storage")
    raw("protocol_9", b"\x80\x09N.", "pickle protocol not supported")
    raw("extension", b"\x82\x01.", "opcode=0x82")
    raw("instance", b"(ios\nsystem\n.", "opcode=0x69")
    raw("ascii_number", b"I01\n.", "opcode=0x49")
    raw("out_of_band_buffer", b"\x97.", "opcode=0x97")
    raw("unknown_opcode", b"\xfe.", "opcode=0xfe")
    raw("frame_too_long", b"\x95" + struct.pack("<Q", 1 << 40) + b"N.", "pickle frame is longer")
    raw("text_too_long", b"X\xff\xff\xff\x7fabc.", "unexpected end")
    raw("text_negative", b"\x8d" + b"\xff" * 8 + b"abc.", "unexpected end")
    raw("bytes_too_long", b"\x8e" + struct.pack("<Q", 1 << 62) + b"abc.", "unexpected end")
    raw("number_negative_length", b"\x8b\xff\xff\xff\xff.", "unexpected end")
    raw("number_too_long", b"\x8b\xff\xff\xff\x7f.", "unexpected end")
    raw("global_unended", b"cos", "unexpected end")
    raw("global_too_long", b"c" + b"a" * 5000 + b"\nb\n.", "global name too long")
    raw("memo_hole", b"Nq\x05.", "memo index out of order")
    raw("memo_huge", b"Nr\xff\xff\xff\x7f.", "memo index out of order")
    raw("memo_huger", b"Nr\xff\xff\xff\xff.", "memo index out of order")
    raw("memo_unknown", b"h\x00.", "memo index unknown")
    raw("memo_unknown_huge", b"j\xff\xff\xff\xff.", "memo index unknown")
    raw("memo_of_nothing", b"q\x00.", "empty stack")


def bombs():
    head = b"\x80\x02"
    pickled("bomb_deep_tuples", head + b")" + b"\x85" * 5000 + b".", "nested too deep")
    pickled("bomb_deep_lists", head + b"]" * 5000 + b"a" * 4999 + b".", "nested too deep")
    pickled("bomb_deep_marks", head + b"(" * 5000 + b".", "nested too deep")
    pickled("bomb_deep_calls", head + b"cos\nsystem\n)Rq\x000" + (b"h\x00h\x00\x85R" + b"q\x000") * 5000 + b"h\x00.", "nested too deep")
    pickled("bomb_high_stack", head + b"(" + b"N" * ((1 << 20) + 1) + b"t.", "stack too high")
    block = b"(" + b")" * 1000 + b"1"
    pickled("bomb_many_tuples", head + block * 2200 + b"N.", "pickle builds too much")
    memo = b"N" + b"".join(b"r" + struct.pack("<I", i) for i in range(3000))
    pickled("bomb_memo_is_fine", head + memo + b".", "optimizer file=null")
    laughs = b"]q\x000" + b"".join(
        b"(" + b"h" + bytes([i]) + b"h" + bytes([i]) + b"tq" + bytes([i + 1]) + b"0" for i in range(200)
    ) + b"h\xc8"
    pickled("laughs_as_root", head + laughs + b".", "optimizer file=a list of 2")
    pickled("laughs_as_groups", optimizer(groups=laughs), "expected a tensor")
    pickled("laughs_as_key", head + b"}" + laughs + b"Ns.", "optimizer_state_dict=null")
    pickled("laughs_as_shape", optimizer(groups=lst(call(
        "torch._utils", "_rebuild_tensor_v2",
        tup(storage(), number(0), laughs, tup(number(1)), b"\x89", b"}")))), "expected a whole number")
    pickled("laughs_as_wrappers", optimizer(groups=lst(
        b"ctorch._utils\n_rebuild_parameter\nq\x000h\x00N\x85Rq\x010" + b"h\x00h\x01\x85Rq\x010" * 300 + b"h\x01")), "expected a tensor")
    itself = b"]q\x00h\x00a"
    pickled("list_in_itself", optimizer(groups=itself), "expected a tensor")
    pickled("dict_in_itself", head + b"}q\x00" + text("optimizer_state_dict") + b"h\x00s.",
            "not a ZeRO checkpoint")


def tensors():
    def group(name, value, error, **more):
        pickled("tensor_" + name, optimizer(groups=lst(value)), error, **more)

    group("size_negative", tensor(size=(-4,)), "negative dimension")
    group("size_overflows", tensor(size=(1 << 40, 1 << 40), stride=(1, 1)), "element count overflows")
    group("size_beyond_long", tensor(size=(1 << 63,)), "expected a whole number")
    group("size_of_text", tensor().replace(number(4) + b"t(", text("4") + b"t("), "expected a whole number")
    group("offset_negative", tensor(offset=-1), "does not fit its storage")
    group("offset_huge", tensor(offset=(1 << 63) - 1), "does not fit its storage")
    group("stride_negative", tensor(stride=(-1,)), "does not fit its storage")
    group("stride_huge", tensor(stride=((1 << 62) + 1,)), "does not fit its storage")
    group("stride_missing", tensor(stride=()), "does not fit its storage")
    group("strides_overflow", tensor(size=(3, 3), stride=((1 << 62), (1 << 62))), "does not fit")
    group("dimensions", tensor(size=(1,) * 200, stride=(1,) * 200), "too many dimensions")
    group("longer_than_storage", tensor(size=(5,)), "does not fit its storage")
    group("storage_lies", tensor(storage(numel=5), size=(5,)), "storage is shorter than its tensor")
    group("storage_lies_much", tensor(storage(numel=1 << 62), size=(1 << 62,)), "shorter than its")
    group("storage_negative", tensor(storage(numel=-1)), "does not fit its storage")
    group("storage_missing", tensor(storage(key="1")), "storage is missing")
    group("storage_path", tensor(storage(key="../../../etc/passwd")), "storage is missing")
    group("storage_other", tensor(storage(key="0/../0")), "storage is missing")
    group("storage_unknown", tensor(storage(kind="torch\nQInt8Storage")),
          "global torch.QInt8Storage at position")
    group("storage_evil", tensor(storage(kind="os\nsystem")), "global os.system at position")
    group("of_integers", tensor(storage(kind="torch\nLongStorage", numel=2), size=(2,)),
          "masters are not flat floating point")
    group("strided", tensor(storage(numel=4), size=(2,), stride=(2,)), "masters are not flat")
    group("negated", tensor(extra=dct(neg=b"\x88")), "lazily conjugated or negated")
    group("evil_call", call("os", "system", tup(text("id"))), "global os.system at position")
    group("evil_name", call("os\tx", "a" * 1000, b")"), "global os?x.aaa")
    group("from_type_evil", call("torch._tensor", "_rebuild_from_type_v2", tup(
        b"cbuiltins\neval\n", b"ctorch\nTensor\n", tup(text("1")), b"}")), "global builtins.eval at")
    group("nothing", b"N", "=null, expected a tensor")
    group("no_arguments", call("torch._utils", "_rebuild_tensor_v2", b")"), "expected a storage")
    group("arguments_are_text", call("torch._utils", "_rebuild_tensor_v2", text("x")), "a storage")


def layouts():
    def states(name, error, **more):
        pickled("layout_" + name, optimizer(**more), error)

    states("count_zero", "world size out of range", count=number(0))
    states("count_negative", "world size out of range", count=number(-2))
    states("count_huge", "world size out of range", count=number(1 << 40))
    states("count_none", "world size out of range", count=lst())
    states("counts_differ", "expert-parallel checkpoint not supported yet",
           count=lst(number(2), number(1)))
    states("count_text", "expected a whole number", count=text("2"))
    states("stage_7", "ZeRO stage contradicts", stage=number(7))
    states("stage_2_of_3", "ZeRO stage contradicts", stage=number(2))
    states("stage_text", "zero_stage", stage=call("os", "system", tup(text("3"))))
    states("two_kinds", "not a ZeRO checkpoint", single_partition_of_fp32_groups=lst())
    states("no_kind", "not a ZeRO checkpoint", groups=b"")
    states("partition_groups", "expert-parallel", ds_zero_partition_groups=lst(number(1)))
    states("groups_a_dict", "expected a list", groups=dct())
    pickled("layout_root_a_list", b"\x80\x02].", "optimizer file=a list of 0")

    def states_model(name, error, **more):
        pickled("model_" + name, model(**more), error, kind="model")

    states_model("module_a_list", "module=a list of 0", module=lst())
    states_model("module_evil", "global os.system at position", module=call("os", "system", b")"))
    states_model("name_a_number", "name in module", module=b"}" + number(1) + tensor() + b"s")
    states_model("value_evil", "global numpy.load at", module=dct(w=call("numpy", "load", b")")))
    states_model("names_of_numbers", "buffer_names=1", buffer_names=lst(number(1)))
    states_model("shape_overflows", "element count overflows",
                 param_shapes=lst(dct(w=tup(number(1 << 40), number(1 << 40)))))
    states_model("shape_negative", "negative dimension", param_shapes=lst(dct(w=tup(number(-1)))))
    states_model("shape_a_text", "expected a tuple of numbers", param_shapes=lst(dct(w=text("4"))))
    states_model("parameter_twice", "parameter is in two groups",
                 param_shapes=lst(dct(w=tup()), dct(w=tup())))
    states_model("shared_a_number", "value in shared_params", shared_params=dct(a=number(1)))
    states_model("tensor_parallel", "tensor- or pipeline-parallel", mp_world_size=number(2))
    states_model("pipeline_parallel", "tensor- or pipeline-parallel",
                 checkpoint_parallel_dimensions=dct(pp_degree=number(4), tp_degree=number(1)))
    states_model("expert_parallel", "expert-parallel", ds_autoep_layers=lst(dct()))
    states_model("fine", "")


def main():
    random.seed(8)
    for old in HERE.glob("*.pt"):
        old.unlink()
    pickletools.dis(GOOD, out=open("/dev/null", "w"))
    write("good", "optimizer", archive(), "")
    zips()
    machines()
    bombs()
    tensors()
    layouts()
    states(write, pickled)
    (HERE / "expected.tsv").write_text("\n".join(EXPECTED) + "\n")


main()
