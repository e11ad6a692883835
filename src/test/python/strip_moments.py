"""Copies a checkpoint that DeepSpeed made, without the optimizer's moments, which nothing here reads.

python3 src/test/python/strip_moments.py FOLDER COPY

The pickles stay as they are, byte for byte, and so does every other storage; those of moments become empty. What a test compares with
(expected_fp32.safetensors, hf/), config.json, meta.json and latest are copied; of universal checkpoints the moments' files are not.
"""

import pathlib
import pickle
import shutil
import sys
import zipfile

MOMENTS = {"exp_avg", "exp_avg_sq", "momentum_buffer", "sum"}
LEFT_OUT = {"exp_avg.pt", "exp_avg_sq.pt", "step.pt", "optimizer_state.pt", "files.json", "expected_16bit.safetensors"}


class Storage:
    def __init__(self, key):
        self.key = key


class Thing:
    def __init__(self, *arguments):
        self.arguments = arguments

    def __setstate__(self, state):
        pass


class Ordered(dict):
    """A dict that may have attributes, as OrderedDict may."""


class Reader(pickle.Unpickler):
    """Makes nothing but dicts, lists and Things."""

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return Ordered
        return type(name, (Thing,), {})

    def persistent_load(self, identity):
        return Storage(identity[2])


def keys(value, found, seen):
    """Collects the storages of a value."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Storage):
        found.add(value.key)
    elif isinstance(value, Thing):
        keys(list(value.arguments), found, seen)
    elif isinstance(value, dict):
        for part in value.values():
            keys(part, found, seen)
    elif isinstance(value, (list, tuple)):
        for part in value:
            keys(part, found, seen)


def moments(value, found):
    if isinstance(value, dict):
        for name, part in value.items():
            if name in MOMENTS:
                keys(part, found, set())
            else:
                moments(part, found)
    elif isinstance(value, (list, tuple)):
        for part in value:
            moments(part, found)


def strip(source, target):
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as copy:
        names = archive.namelist()
        folder = next(name for name in names if name.endswith("/data.pkl")).rpartition("/")[0]
        empty = set()
        moments(Reader(archive.open(folder + "/data.pkl")).load(), empty)
        for name in names:
            is_empty = name.rpartition("/")[0] == folder + "/data" and name.rpartition("/")[2] in empty
            copy.writestr(zipfile.ZipInfo(name), b"" if is_empty else archive.read(name))


def main(source, target):
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_dir() or path.name in LEFT_OUT:
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".pt":
            strip(path, copy)
        else:
            shutil.copyfile(path, copy)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
