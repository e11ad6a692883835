"""Saves models of transformers by torch.distributed.checkpoint from several meshes, over gloo.

python3 src/test/python/dcp_checkpoints.py FOLDER [--both] [--large=TENSORS] [FAMILY ...]

FOLDER/CASE/ is what DCP wrote; FOLDER/MODEL/full/model.safetensors the state dict that torch gathered of it; FOLDER/MODEL/reference
what save_pretrained writes of the model. With --both each family is saved in bf16 and in f32, else in one of them.
With --large FOLDER/large is of so many tensors of 128 MiB, cut along their rows and columns in turn.
FOLDER/cases.tsv has a line for each case: CASE, MODEL, the kind of save, the mesh.
Exit code 77: packages are missing.
"""

import json
import logging
import os
import pathlib
import shutil
import sys
import types
import warnings

try:
    import accelerate.utils.fsdp_utils as accelerates
    import form_zoo
    import torch
    import torch._dynamo  # FSDP does: here once, else in every rank
    import torch.distributed as dist
    import torch.distributed.checkpoint as dcp
    from safetensors.torch import save_file
    from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
    from torch.distributed.device_mesh import DeviceMesh
    from torch.distributed.fsdp import StateDictType, fully_shard
    from torch.distributed.tensor import DTensor, Shard
    from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module
except ImportError as e:
    print(e)
    sys.exit(77)

RANKS = 4
FAMILIES = (
    "LlamaForCausalLM",
    "Qwen2ForCausalLM",
    "MixtralForCausalLM",
    "GPT2LMHeadModel",
    "Olmo2ForCausalLM",
    "GPTNeoXForCausalLM",
    "Phi3ForCausalLM",
    "T5ForConditionalGeneration",
    "BertForMaskedLM",
    "Gemma2ForCausalLM",
)
MESHES = {  # how many ranks, the mesh's shape, the names of its dimensions
    "fsdp1": (1, (1,), ("dp",)),
    "fsdp2": (2, (2,), ("dp",)),
    "fsdp3": (3, (3,), ("dp",)),
    "fsdp4": (4, (4,), ("dp",)),
    "hsdp": (4, (2, 2), ("replicate", "shard")),
    "tp2": (2, (2,), ("tp",)),
    "tp2-fsdp2": (4, (2, 2), ("dp", "tp")),
}
KINDS = ("root", "model", "app", "shards")  # torchtitan saves at the root, torch's tutorial in app


def parallelize(model, mesh):
    """Splits every other linear layer along its rows, the others along its columns."""
    tied = {id(model.get_output_embeddings()), id(model.get_input_embeddings())}
    plan = {}
    for name, module in model.named_modules():
        if type(module) is torch.nn.Linear and id(module) not in tied:
            plan[name] = RowwiseParallel() if len(plan) % 2 else ColwiseParallel()
    parallelize_module(model, mesh, plan)


def spread(model, mesh, names):
    if "tp" in names:
        parallelize(model, mesh["tp"] if len(names) > 1 else mesh)
    if names != ("tp",):
        over = mesh["dp"] if "tp" in names else mesh
        done = (".",)
        for name, module in list(model.named_modules()):
            if isinstance(module, torch.nn.ModuleList) and not name.startswith(done):
                done += (name + ".",)
                for layer in module:
                    fully_shard(layer, mesh=over)
        fully_shard(model, mesh=over)


def save_by_accelerate(model, folder):
    """What Accelerator.save_state does with FSDP2, here without an Accelerator; all ranks have to be there."""
    accelerates.logger = logging.getLogger("accelerate")
    plugin = types.SimpleNamespace(
        fsdp_version=2, state_dict_type=StateDictType.SHARDED_STATE_DICT, state_dict_config=None)
    accelerates.save_fsdp_model(plugin, types.SimpleNamespace(process_index=dist.get_rank()), model, str(folder))
    dcp.save({"optimizer": {"state": {"exp_avg": torch.ones(5)}}}, checkpoint_id=str(folder / "optimizer_0"))


def save(kind, state, folder, group):
    if kind == "shards":
        writer = dcp.HuggingFaceStorageWriter(str(folder), save_distributed=True)
        dcp.save(state, storage_writer=writer, process_group=group)
        return
    optimizer = {"state": {"step": torch.tensor(3.0), "exp_avg": torch.ones(5)}, "lr": 0.1}
    if kind == "root":
        saved = state | {"optimizer": optimizer, "train_state": {"step": torch.tensor(7)}}
        saved |= {"lr_scheduler": {"last_epoch": 7}, "dataloader": {"dp_rank_0": b"state"}}
    elif kind == "model":
        saved = {"model": state, "optimizer": optimizer}
    else:
        saved = {"app": {"model": state, "optim": optimizer}}
    dcp.save(saved, checkpoint_id=str(folder), process_group=group)


def one(root, rank, groups, family, dtype, index):
    model_name = f"{family}-{str(dtype)[6:]}"
    cases = []
    for number, (mesh_name, (ranks, shape, names)) in enumerate(MESHES.items()):
        if rank < ranks:
            model = form_zoo.tiny_model(family).to(dtype)
            if mesh_name == "fsdp1":
                model.save_pretrained(root / model_name / "reference")
            mesh = DeviceMesh("cpu", torch.arange(ranks).reshape(shape), mesh_dim_names=names)
            spread(model, mesh, names)
            by_accelerate = mesh_name == "fsdp4" and index % 2 == 0
            kind = "accelerate" if by_accelerate else KINDS[(index + number) % len(KINDS)]
            case = f"{model_name}-{mesh_name}-{kind}"
            if by_accelerate:
                save_by_accelerate(model, root / case)
            else:
                save(kind, model.state_dict(), root / case, groups[ranks])
            full = get_model_state_dict(model, options=StateDictOptions(full_state_dict=True))
            if rank == 0:
                full = {key: value.clone().contiguous() for key, value in full.items()}
                target = root / model_name / "full"
                target.mkdir(exist_ok=True)
                if not (target / "model.safetensors").exists():
                    save_file(full, target / "model.safetensors", {"format": "pt"})
                    shutil.copy(root / model_name / "reference/config.json", target)
                cases.append((case, model_name, kind, mesh_name))
        else:
            DeviceMesh("cpu", torch.arange(ranks).reshape(shape), mesh_dim_names=names)
        dist.barrier()
    return cases


def save_large(folder, tensors):
    """Tensors [4096, 16384] in bf16: of those that are cut along their columns every row is a run of 8 KiB."""
    mesh = DeviceMesh("cpu", torch.arange(RANKS))
    state = {}
    for index in range(tensors):
        axis = index % 2
        local = torch.full((4096, 16384 // RANKS) if axis else (4096 // RANKS, 16384), index, dtype=torch.bfloat16)
        state[f"layers.{index}.weight"] = DTensor.from_local(local, mesh, [Shard(axis)], run_check=False)
    dcp.save({"model": state}, checkpoint_id=str(folder))


def run(rank, root, both, large, families):
    warnings.filterwarnings("ignore")
    torch.set_num_threads(1)
    store = dist.FileStore(str(root / "store"), RANKS)
    dist.init_process_group("gloo", store=store, rank=rank, world_size=RANKS)
    groups = {ranks: dist.new_group(list(range(ranks))) for ranks in range(1, RANKS + 1)}
    cases = []
    for index, family in enumerate(families):
        dtypes = (torch.bfloat16, torch.float32)
        for dtype in dtypes if both else dtypes[index % 2 :][:1]:
            cases += one(root, rank, groups, family, dtype, index)
    if large:
        save_large(root / "large", large)
    if rank == 0:
        lines = ["\t".join(case) for case in cases]
        (root / "cases.tsv").write_text("\n".join(lines) + "\n")
        print(json.dumps({"cases": len(cases)}))
    dist.destroy_process_group()


if __name__ == "__main__":
    root = pathlib.Path(sys.argv[1])
    root.mkdir(parents=True, exist_ok=True)
    os.environ["TORCH_CPP_LOG_LEVEL"] = "ERROR"
    children = []
    for rank in range(RANKS):
        child = os.fork()  # the imports above are slow
        if child == 0:
            large = [int(option[8:]) for option in sys.argv[2:] if option.startswith("--large=")]
            families = [name for name in sys.argv[2:] if not name.startswith("--")] or FAMILIES
            run(rank, root, "--both" in sys.argv, sum(large), families)
            sys.stdout.flush()
            os._exit(0)
        children.append(child)
    sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0 for child in children))
