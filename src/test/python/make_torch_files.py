#!/usr/bin/env python3
"""Makes src/test/resources/deepspeed/torch_odd: model states with everything odd, by torch itself.

Needs torch and numpy. The client_state part has what users were seen to put there; none of it may
stop a conversion.
"""

import collections
import dataclasses
import datetime
import decimal
import enum
import functools
import pathlib
import random
import sys

import numpy
import torch


class Colour(enum.Enum):
    RED = 1


class Flags(enum.IntFlag):
    A = 1
    B = 2


@dataclasses.dataclass
class Config:
    name: str = "x"
    nested: object = None


class Slots:
    __slots__ = ("a",)

    def __init__(self):
        self.a = 1


Point = collections.namedtuple("Point", "x y")


def client_state():
    loop = []
    loop.append(loop)
    knot = ([],)
    knot[0].append(knot)
    return {
        "numpy": [numpy.float64(1.5), numpy.int32(3), numpy.arange(6).reshape(2, 3), numpy.dtype("f4")],
        "numpy_text": numpy.array(["a", "bc"]),
        "numpy_objects": numpy.array([{"a": 1}, None], dtype=object),
        "large": numpy.zeros(10_000),
        "enums": [Colour.RED, Flags.A | Flags.B],
        "dataclass": Config(nested=Config()),
        "slots": Slots(),
        "tuple": Point(1, 2),
        "paths": [pathlib.Path("/tmp/x"), pathlib.PurePosixPath("y")],
        "rng": [random.getstate(), numpy.random.get_state(), torch.get_rng_state()],
        "generator": numpy.random.default_rng(0).bit_generator.state,
        "times": [datetime.datetime(2026, 1, 2), datetime.timedelta(1), datetime.timezone.utc],
        "decimal": decimal.Decimal("1.5"),
        "numbers": [1 << 200, -(1 << 100), 1.5, complex(1, 2), float("nan"), -1, 2**31, 2**63],
        "bytes": [b"abc", bytearray(b"def"), b"x" * 300],
        "texts": ["", "é𝄞", "\udc80 lone", "x" * 70_000],
        "sets": [set(), {1, 2}, frozenset({3})],
        "counter": collections.Counter("aab"),
        "default": collections.defaultdict(list, a=[1]),
        "deque": collections.deque([1, 2], 5),
        "ordered": collections.OrderedDict(a=1),
        "functions": [len, numpy.mean, functools.partial(int, base=2), torch.nn.functional.relu],
        "types": [int, type(None), Config, Ellipsis, NotImplemented, slice(1, 2)],
        "methods": ["a".upper],
        "keys": {1: 2, (1, 2): 3, None: 4, 1.5: 5, True: 6, frozenset(): 7, Colour.RED: 8},
        "loop": loop,
        "knot": knot,
        "torch": [torch.float16, torch.device("cpu"), torch.Size([1, 2]), torch.strided],
        "sparse": torch.eye(3).to_sparse(),
        "quantized": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        "complex128": torch.ones(2, dtype=torch.complex128),
        "conjugate": torch.ones(2, dtype=torch.complex64).conj(),
        "meta": torch.ones(2, device="meta"),
        "module": torch.nn.Linear(2, 2),
        "optimizer": torch.optim.AdamW([torch.nn.Parameter(torch.ones(2))]).state_dict(),
        "range": range(5),
        "exception": ValueError("x"),
    }


def module():
    base = torch.arange(24, dtype=torch.float32)
    state = collections.OrderedDict()
    state["f64"] = torch.arange(3, dtype=torch.float64)
    state["f32"] = base[4:10].view(2, 3)
    state["transposed"] = base.view(4, 6).t()
    state["sliced"] = base[1::2]
    state["expanded"] = base[3:4].expand(2, 5)
    state["f16"] = torch.arange(3, dtype=torch.float16)
    state["bf16"] = torch.arange(3, dtype=torch.bfloat16)
    for name in ("float8_e4m3fn", "float8_e5m2", "float8_e8m0fnu", "float8_e4m3fnuz", "float8_e5m2fnuz"):
        state[name] = torch.ones(3).to(getattr(torch, name))
    for name in ("int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "uint64", "bool"):
        state[name] = torch.tensor([0, 1, 2, 3]).to(getattr(torch, name))
    state["complex64"] = torch.ones(2, dtype=torch.complex64)
    state["scalar"] = torch.tensor(7.0)
    state["empty"] = torch.zeros(0, 3)
    state["buffer"] = torch.nn.Buffer(torch.ones(2))
    return state


def states():
    tensors = module()
    parameter = torch.nn.Parameter(torch.full((2, 2), 5.0))
    parameter.mine = "state"
    names = list(tensors)
    tensors["parameter"] = torch.nn.Parameter(torch.full((2, 2), 3.0))
    tensors["parameter_with_state"] = parameter
    tensors["layer._extra_state"] = {"amax": 1}
    tensors._metadata = collections.OrderedDict({"": {"version": 1}})
    return {
        "module": tensors,
        "buffer_names": names,
        "param_shapes": [collections.OrderedDict()],
        "frozen_param_shapes": None,
        "shared_params": {},
        "frozen_param_fragments": None,
        "ds_version": "0.19.6",
        **client_state_without_module(),
    }


def client_state_without_module():
    state = client_state()
    state["a_module"] = state.pop("module")
    state["an_optimizer"] = state.pop("optimizer")
    return state


def main():
    torch.manual_seed(1)
    folder = pathlib.Path(__file__).parents[1] / "resources/deepspeed/torch_odd"
    for protocol in (2, 3, 4, 5):
        torch.save(states(), folder / f"protocol_{protocol}.pt", pickle_protocol=protocol)
    torch.serialization.set_crc32_options(False)
    torch.save(states(), folder / "no_checksums.pt")
    print(sys.version, torch.__version__, numpy.__version__)


main()
