"""Shards models with FSDP2 and FSDP1 on 1 to 5 ranks, over gloo, and writes what each rank holds.

python3 src/test/python/shard_with_fsdp.py FOLDER

FOLDER/<world>/full.safetensors holds the tensors as they were before; FOLDER/<world>/<rank>.bin the
bytes of the rank's partitions, one after the other, and FOLDER/<world>/<rank>.json tells which.
Exit code 77: packages are missing.
"""

import json
import os
import pathlib
import sys
import warnings

try:
    import safetensors.torch
    import torch
    import torch._dynamo  # FSDP does: here once, else in every rank
    import torch.distributed as dist
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard
    from torch.distributed.fsdp.wrap import ModuleWrapPolicy
except ImportError as e:
    print(e)
    sys.exit(77)

WORLDS = (1, 2, 3, 4, 5)


class Block(torch.nn.Module):
    """Sizes that no world divides, fewer rows than ranks, one element, three dimensions."""

    def __init__(self):
        super().__init__()
        self.up = torch.nn.Linear(3, 11)
        self.down = torch.nn.Linear(11, 3, bias=False)
        self.norm = torch.nn.LayerNorm(1)
        self.conv = torch.nn.Conv1d(2, 7, 3)


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(13, 3)
        self.blocks = torch.nn.ModuleList([Block(), Block()])
        self.head = torch.nn.Linear(3, 2)


def model(dtype):
    torch.manual_seed(5)
    made = Model().to(dtype)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(torch.randn(parameter.shape))
    return made


def raw(tensor):
    return tensor.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes()


def rows(prefix, dtype, world):
    """FSDP2: every tensor cut by rows."""
    sharded = model(dtype)
    mesh = init_device_mesh("cpu", (world,))
    for block in sharded.blocks:
        fully_shard(block, mesh=mesh)
    fully_shard(sharded, mesh=mesh)
    for name, parameter in sharded.named_parameters():
        assert [p.is_shard(0) for p in parameter.placements] == [True], parameter.placements
        local = parameter.to_local()
        yield dict(name=prefix + name, shape=list(parameter.shape), layout="rows"), raw(local)


def flat(prefix, dtype, world, use_orig_params):
    """FSDP1: one flat parameter for each block, and one for the rest."""
    sharded = FullyShardedDataParallel(
        model(dtype),
        device_id=torch.device("cpu"),
        use_orig_params=use_orig_params,
        auto_wrap_policy=ModuleWrapPolicy({Block}),
    )
    local = {n.replace("_fsdp_wrapped_module.", ""): p for n, p in sharded.named_parameters()}
    for path, module in sharded.named_modules():
        if not isinstance(module, FullyShardedDataParallel):
            continue
        path = path.replace("_fsdp_wrapped_module", "").replace("..", ".").strip(".")
        parameter = module._handle.flat_param
        begin, index = 0, 0
        sizes = zip(parameter._numels_with_padding, parameter._is_padding_mask)
        piece = parameter._sharded_size.numel()
        for numel, is_padding in sizes:
            if not is_padding:
                name = (path + "." if path else "") + parameter._fqns[index]
                told = dict(
                    name=prefix + name, shape=list(parameter._shapes[index]), layout="flat",
                    offsetInFlat=begin, elements=numel, flatElements=piece * world,
                )
                if use_orig_params:
                    mine = local[name]
                else:  # the rank has its piece of the flat parameter, no views into it
                    info = parameter._shard_param_infos[index]
                    offset = info.offset_in_shard or 0
                    mine = parameter[offset : offset + (info.numel_in_shard or 0)]
                yield told, raw(mine)
                index += 1
            begin += numel


def rank_main(folder, rank, world):
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=world
    )
    partitions = [
        *rows("rows32.", torch.float32, world),
        *rows("rows16.", torch.bfloat16, world),
        *flat("flat32.", torch.float32, world, True),
        *flat("flat16.", torch.bfloat16, world, True),
        *flat("pieces.", torch.float32, world, False),
    ]
    told = [dict(t, lengthBytes=len(data)) for t, data in partitions]
    (folder / f"{rank}.bin").write_bytes(b"".join(data for _, data in partitions))
    (folder / f"{rank}.json").write_text(json.dumps(dict(partitions=told)))
    dist.destroy_process_group()


def full():
    kinds = dict(rows32=0, rows16=1, flat32=0, flat16=1, pieces=0)
    dtypes = (torch.float32, torch.bfloat16)
    return {
        f"{kind}.{name}": parameter.detach()
        for kind, dtype in kinds.items()
        for name, parameter in model(dtypes[dtype]).named_parameters()
    }


def main(folder):
    warnings.simplefilter("ignore")  # FSDP1 says that FSDP2 is newer
    torch.set_num_threads(1)
    for world in WORLDS:
        place = folder / str(world)
        place.mkdir(parents=True)
        children = []
        for rank in range(world):
            # Forked: importing torch takes longer than all that follows.
            child = os.fork()
            if child == 0:
                status = 1
                try:
                    rank_main(place, rank, world)
                    status = 0
                finally:
                    sys.stdout.flush()
                    if status:
                        import traceback

                        traceback.print_exc()
                    os._exit(status)
            children.append(child)
        for child in children:
            _, status = os.waitpid(child, 0)
            if status:
                sys.exit(f"a rank failed: world={world}")
        safetensors.torch.save_file(full(), place / "full.safetensors")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]).resolve())
