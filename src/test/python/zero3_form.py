"""Puts a model into the files of a checkpoint that DeepSpeed has written: same records, other tensors and ranks.

Whatever these records hold besides the tensors is DeepSpeed's. ZeRO-3 cuts each flattened parameter into pieces of
ceil(elements / ranks), padded with zeros; a rank's master weights are its pieces of all of them, one after the other.
"""

import copy
import enum
import importlib.abc
import importlib.machinery
import pathlib
import sys
from collections import OrderedDict

import torch

MOULD = pathlib.Path(__file__).parents[1] / "resources/deepspeed/b_z3_w4_qwen2_tied_odd_buf/global_step3"
MODEL_STATES = "zero_pp_rank_{}_mp_rank_00_model_states.pt"
OPTIM_STATES = "bf16_zero_pp_rank_{}_mp_rank_00_optim_states.pt"


class ZeroStageEnum(int, enum.Enum):
    weights = 3


class DeepSpeed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Stands for a package that is not installed, and whose classes its records name."""

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if name.split(".")[0] == "deepspeed" else None

    def exec_module(self, module):
        def made(name):
            cls = ZeroStageEnum if name == ZeroStageEnum.__name__ else type(name, (), {})
            cls.__module__ = module.__name__
            setattr(module, name, cls)
            return cls

        module.__getattr__ = made


sys.meta_path.append(DeepSpeed())


def piece(tensor, rank, ranks):
    flat = tensor.detach().flatten().float()
    length = -(-flat.numel() // ranks)
    return torch.nn.functional.pad(flat, (0, length * ranks - flat.numel()))[rank * length : (rank + 1) * length]


def write(model, folder, ranks):
    """Writes what DeepSpeed leaves of a model that trains on so many ranks, all of it trainable."""
    folder = pathlib.Path(folder)
    (folder / MOULD.name).mkdir(parents=True)
    (folder / "latest").write_text(MOULD.name)
    parameters = OrderedDict(model.named_parameters())
    names = {id(parameter): name for name, parameter in parameters.items()}
    every = dict(model.named_parameters(remove_duplicate=False))
    shared = {name: names[id(parameter)] for name, parameter in every.items() if names[id(parameter)] != name}
    buffers = OrderedDict((name, tensor) for name, tensor in model.state_dict().items() if name not in every)
    states = torch.load(MOULD / MODEL_STATES.format(0), weights_only=False)
    optimizer = torch.load(MOULD / OPTIM_STATES.format(0), weights_only=False)
    holes = OrderedDict((name, torch.empty(0, dtype=tensor.dtype)) for name, tensor in parameters.items())
    states["module"] = holes | buffers | {name: holes[canonical] for name, canonical in shared.items()}
    states["buffer_names"] = list(buffers)
    groups = [list(parameters.items())[index::2] for index in range(2)]  # as many as there are
    states["param_shapes"] = [OrderedDict((name, tensor.shape) for name, tensor in group) for group in groups]
    states["dp_world_size"] = optimizer["optimizer_state_dict"]["partition_count"] = ranks
    for rank in range(ranks):
        states["shared_params"] = shared if rank == 0 else {}
        torch.save(states, folder / MOULD.name / MODEL_STATES.format(rank))
        own = copy.copy(optimizer)
        masters = [torch.cat([piece(tensor, rank, ranks) for _, tensor in group]) for group in groups]
        own["optimizer_state_dict"] = optimizer["optimizer_state_dict"] | {"fp32_flat_groups": masters}
        torch.save(own, folder / MOULD.name / OPTIM_STATES.format(rank))
