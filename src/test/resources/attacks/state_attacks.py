"""Hostile state dicts, in both formats of torch's files; make_attacks.py writes them."""

import struct

from attack_files import call, dct, lst, number, storage, tensor, text, tup


def state_dict(**values):
    return b"\x80\x02" + dct(**(values or {"w": tensor()})) + b"."


MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."


def legacy(root=None, machine=None, protocol=1001, keys=(b"0",), storages=(4,), data=b"\0" * 16, magic=MAGIC):
    """A whole file of the format before the zip one."""
    machine = dct(little_endian=b"\x88") if machine is None else machine
    head = magic + b"\x80\x02" + number(protocol) + b"." + b"\x80\x02" + machine + b"."
    names = lst(*(text(key.decode()) for key in keys))
    body = b"".join(struct.pack("<q", count) + data for count in storages)
    return head + (state_dict() if root is None else root) + b"\x80\x02" + names + b"." + body


def states(write, pickled):
    """Writes the attacks that are read as a state dict: kind "state"."""
    def old(name, error, **values):
        write("legacy_" + name, "state", legacy(**values), error)

    old("good", "")
    old("protocol", "protocol of a torch file not supported", protocol=1002)
    old("protocol_huge", "protocol of a torch file not supported", protocol=2**63)
    old("big_endian", "byte order not supported", machine=dct(little_endian=b"\x89"))
    old("machine_a_list", "byte order not supported", machine=lst())
    old("keys_unknown", "storage that no tensor has", keys=(b"1",))
    old("keys_none", "storage is missing: storage=0", keys=(), storages=())
    old("keys_numbers", "storage that no tensor has", keys=(), root=state_dict() + b"\x80\x02" + lst(number(0)) + b".")
    old("count_lies", "storage has another length than its tensor says", storages=(5,))
    old("count_negative", "storage has another length than its tensor says", storages=(-1,))
    huge = state_dict(w=tensor(where=storage(numel=1 << 62)))
    old("count_huge", "a torch file that is cut short", root=huge, storages=(1 << 62,))
    old("cut", "a torch file that is cut short", data=b"\0" * 15)
    old("cut_in_a_length", "a torch file that is cut short", storages=(), keys=(b"0",))
    old("view", "persistent id that is no storage", root=state_dict(w=call(
        "torch._utils", "_rebuild_tensor_v2", tup(tup(
            text("storage"), b"ctorch\nFloatStorage\n", text("0"), text("cpu"), number(4),
            tup(text("1"), number(0), number(4))) + b"Q", number(0), tup(number(4)), tup(number(1)), b"\x89"))))
    old("class_unknown", "storage class not on Cairn's list", root=state_dict(w=tensor(where=storage(kind="os\nsystem"))))
    old("reaches_out", "tensor does not fit its storage", root=state_dict(w=tensor(size=(5,))))
    old("evil", "a whole Python object of class os.system", root=b"\x80\x02" + call("os", "system", tup(text("true"))) + b".", keys=(), storages=())
    old("evil_magic", "a pickle that `torch.save` did not write", magic=b"\x80\x02" + call("os", "system", tup(text("x" * 40))) + b".")
    head = b"\x80\x02"
    old("dict_in_itself", "a torch file without named tensors", root=head + b"}q\x00" + text("model") + b"h\x00s.", keys=(), storages=())
    old("marks", "pickle nested too deep", root=head + b"(" * 5000)
    old("endless", "pickle opcode not supported", root=head + b"N0" * 5000 + b"\0")
    pickled("state_dict_in_itself", head + b"}q\x00" + text("state_dict") + b"h\x00s.", "without named tensors", "state")
    pickled("state_evil", state_dict(w=call("os", "system", tup(text("true")))), "without named tensors: w", "state")
    pickled("state_names_numbers", head + b"}(" + number(1) + tensor() + b"u.", "without named tensors", "state")
    pickled("state_a_list", head + lst(tensor()) + b".", "root of the file=a list of 1", "state")
    pickled("state_a_tensor", head + tensor() + b".", "a whole Python object of class torch._utils._rebuild_tensor_v2", "state")
