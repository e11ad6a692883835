"""Makes the small checkpoints of torch.distributed.checkpoint under src/test/resources/dcp.

python3 src/test/python/make_dcp_fixtures.py src/test/resources/dcp

tp2_fsdp2 is of four ranks over gloo, the others of one. Only what the tests of refusals and attacks need; dcp_checkpoints.py makes what is compared.
"""

import os
import pathlib
import sys

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from torch.distributed.checkpoint._extension import StreamTransformExtension
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module


class Same(StreamTransformExtension):
    @staticmethod
    def registry_name():
        return "stream.same"

    @staticmethod
    def from_descriptor(version):
        return Same()

    def get_descriptor(self):
        return "stream.same/1"

    def transform_to(self, output):
        return output

    def transform_from(self, input):
        return input


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Linear(6, 10)
        self.b = torch.nn.Linear(10, 7)
        self.register_buffer("n", torch.tensor(3))


def rank(number, folder):
    store = dist.FileStore(str(folder / "store"), 4)
    dist.init_process_group("gloo", store=store, rank=number, world_size=4)
    torch.manual_seed(1)
    model = Model()
    mesh = init_device_mesh("cpu", (2, 2), mesh_dim_names=("dp", "tp"))
    parallelize_module(model, mesh["tp"], {"a": ColwiseParallel(), "b": RowwiseParallel()})
    fully_shard(model, mesh=mesh["dp"])
    saved = {"app": {"model": model.state_dict(), "optim": {"lr": torch.ones(3)}}, "step": 5}
    dcp.save(saved, checkpoint_id=str(folder / "tp2_fsdp2"))
    dist.destroy_process_group()


if __name__ == "__main__":
    target = pathlib.Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    children = []
    for number in range(4):
        children.append(os.fork())
        if children[-1] == 0:
            rank(number, target)
            os._exit(0)
    for child in children:
        os.waitpid(child, 0)
    (target / "store").unlink(missing_ok=True)
    writer = dcp.FileSystemWriter(str(target / "transformed"), _extensions=[Same()])
    dcp.save({"model": {"w": torch.ones(2)}}, storage_writer=writer, no_dist=True)
    dcp.save({"optimizer": {"w": torch.ones(2)}}, checkpoint_id=str(target / "optimizer"), no_dist=True)
    dcp.save({"a": {"w": torch.ones(2)}, "b": {"w": torch.ones(2)}}, checkpoint_id=str(target / "several"), no_dist=True)
