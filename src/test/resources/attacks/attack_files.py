"""Pickles, opcode by opcode, and zips, record by record: what the files of make_attacks.py are made of."""

import struct
import zlib


# --- pickles, opcode by opcode -------------------------------------------------------------------
def text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value):
    return b"\x8a\x09" + value.to_bytes(9, "little", signed=True)


def call(module, name, arguments):
    return f"c{module}\n{name}\n".encode() + arguments + b"R"


def tup(*items):
    return b"(" + b"".join(items) + b"t"


def lst(*items):
    return b"](" + b"".join(items) + b"e"


def dct(**items):
    return b"}(" + b"".join(text(k) + v for k, v in items.items()) + b"u"


def storage(key="0", kind="torch\nFloatStorage", numel=4):
    return tup(text("storage"), f"c{kind}\n".encode(), text(key), text("cpu"), number(numel)) + b"Q"


def tensor(where=None, offset=0, size=(4,), stride=(1,), extra=b""):
    arguments = tup(
        storage() if where is None else where,
        number(offset),
        tup(*map(number, size)),
        tup(*map(number, stride)),
        b"\x89",
        call("collections", "OrderedDict", b")"),
        extra,
    )
    return call("torch._utils", "_rebuild_tensor_v2", arguments)


def optimizer(groups=None, count=None, stage=None, **more):
    states = {
        "zero_stage": number(3) if stage is None else stage,
        "partition_count": number(1) if count is None else count,
        "fp32_flat_groups": lst(tensor()) if groups is None else groups,
    }
    states.update(more)
    states = {k: v for k, v in states.items() if v != b""}
    return b"\x80\x02" + dct(optimizer_state_dict=dct(**states)) + b"."


def model(**more):
    parts = {
        "module": dct(),
        "buffer_names": lst(),
        "param_shapes": lst(dct(w=tup(number(4)))),
        "shared_params": dct(),
    }
    parts.update(more)
    return b"\x80\x02" + dct(**parts) + b"."


GOOD = optimizer()


# --- zips, record by record ----------------------------------------------------------------------
def local(name, data, method=0, flags=0, size=None, crc=None):
    size = len(data) if size is None else size
    crc = zlib.crc32(data) if crc is None else crc
    head = struct.pack("<IHHHIIIIHH", 0x04034B50, 0, flags, method, 0, crc, size, size, len(name), 0)
    return head + name + data


def central(name, data, offset, method=0, flags=0, size=None, crc=None, extra=b"", mode=0):
    size = len(data) if size is None else size
    crc = zlib.crc32(data) if crc is None else crc
    head = struct.pack(
        "<IHHHHIIIIHHHHHII",
        0x02014B50, 0, 0, flags, method, 0, crc, size, size, len(name), len(extra), 0, 0, 0,
        mode << 16, offset,
    )
    return head + name + extra


def end(entries, directory_bytes, directory_offset):
    return struct.pack(
        "<IHHHHIIH", 0x06054B50, 0, 0, entries, entries, directory_bytes, directory_offset, 0
    )


def end64(entries, directory_bytes, directory_offset, own_offset, own_bytes=44):
    return struct.pack(
        "<IQHHIIQQQQ", 0x06064B50, own_bytes, 45, 45, 0, 0, entries, entries, directory_bytes,
        directory_offset,
    ) + struct.pack("<IIQI", 0x07064B50, 0, own_offset, 1)


def archive(pickle=GOOD, data=None, change=None):
    """A whole .pt; change(i, name, arguments of central) may lie in the directory."""
    files = [(b"x/data.pkl", pickle), (b"x/byteorder", b"little")]
    files += [(b"x/data/0", b"\0" * 16)] if data is None else data
    body, directory = b"", b""
    for i, (name, content) in enumerate(files):
        arguments = {"name": name, "data": content, "offset": len(body)}
        if change:
            change(i, arguments)
        body += local(name, content)
        directory += central(**arguments)
    return body + directory + end(len(files), len(directory), len(body))
