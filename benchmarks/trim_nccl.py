"""Keeps, of libnccl.so.2, the linked device code of one architecture, and overwrites that of the others with zeros, so that
nothing moves and the rest compresses to nothing: NCCL's own kernels for one kind of GPU are about 13 MB.

    python trim_nccl.py libnccl.so.2 OUT ARCHITECTURE    90, say
"""
import struct
import sys

FATBIN_MAGIC = 0xBA55ED50
ELF_KIND = 2
CODE_SECTION = ".nv_fatbin"


def sections(data):
    """Yields name, offset and size of each section of an ELF64 file."""
    (table,) = struct.unpack_from("<Q", data, 40)
    entry_bytes, count, names_index = struct.unpack_from("<HHH", data, 58)

    def entry(index):
        return struct.unpack_from("<IIQQQQ", data, table + index * entry_bytes)

    names_at = entry(names_index)[4]
    for index in range(count):
        name, _, _, _, offset, size = entry(index)
        begin = names_at + name
        yield data[begin : data.index(b"\0", begin)].decode(), offset, size


def trim(data, architecture):
    """Clears the code of other architectures; returns how many bytes were kept, and how many cleared."""
    kept = cleared = 0
    for name, offset, size in list(sections(data)):
        if "fatbin" not in name.lower() or name == ".nvFatBinSegment":
            continue
        at, stop = offset, offset + size
        while at + 16 <= stop:
            magic, version, header_bytes, length = struct.unpack_from("<IHHQ", data, at)
            if (magic, version, header_bytes) != (FATBIN_MAGIC, 1, 16):
                at += 8
                continue
            entry, end = at + header_bytes, at + header_bytes + length
            while entry < end:
                kind, _, code_at, code_bytes = struct.unpack_from("<HHIQ", data, entry)
                (of,) = struct.unpack_from("<I", data, entry + 28)
                if name == CODE_SECTION and kind == ELF_KIND and of == architecture:
                    kept += code_bytes
                else:
                    data[entry + code_at : entry + code_at + code_bytes] = bytes(code_bytes)
                    cleared += code_bytes
                entry += code_at + code_bytes
            at = end
    return kept, cleared


def main():
    source, target, architecture = sys.argv[1:]
    with open(source, "rb") as file:
        data = bytearray(file.read())
    kept, cleared = trim(data, int(architecture))
    if kept == 0:
        sys.exit("no code for sm_%s in %s" % (architecture, source))
    with open(target, "wb") as file:
        file.write(data)
    print("kept %d bytes of device code, cleared %d" % (kept, cleared))


if __name__ == "__main__":
    main()
