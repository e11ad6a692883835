#!/usr/bin/env python3
"""The peers, each doing what Cairn does, in a process that stays alive.

    peers.py WORK PARAMETERS [PATH]

WORK is a key of WORKS below. With PATH it is done once, written there, and all is over.
For each line on standard input, a path to write to, rank 0 does the work once and prints the
seconds that the call took. RANK, WORLD_SIZE and CAIRN_PEERS_STORE (a file that does not exist) say
where the other ranks are; CAIRN_PEERS_INPUT where the files are that a work reads.
"""
import os
import sys
import time

import torch

RANK, WORLD = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def dimensions(parameters):
    hidden = 2048 if parameters >= 8e8 else 1536 if parameters >= 4e8 else 1024 if parameters >= 8e7 else 64
    inner, vocabulary = hidden * 11 // 4, 256 if hidden < 1024 else 32000
    layer = 4 * hidden * hidden + 3 * hidden * inner + 2 * hidden
    return hidden, inner, vocabulary, max(1, round((parameters - 2 * vocabulary * hidden - hidden) / layer))


def shapes(parameters):
    hidden, inner, vocabulary, layers = dimensions(parameters)
    yield "model.embed_tokens.weight", (vocabulary, hidden)
    for index in range(layers):
        prefix = f"model.layers.{index}."
        for letter in "qkvo":
            yield f"{prefix}self_attn.{letter}_proj.weight", (hidden, hidden)
        yield prefix + "mlp.gate_proj.weight", (inner, hidden)
        yield prefix + "mlp.up_proj.weight", (inner, hidden)
        yield prefix + "mlp.down_proj.weight", (hidden, inner)
        yield prefix + "input_layernorm.weight", (hidden,)
        yield prefix + "post_attention_layernorm.weight", (hidden,)
    yield "model.norm.weight", (hidden,)
    yield "lm_head.weight", (vocabulary, hidden)


def made_up(shape):
    tensor = torch.empty(shape, dtype=torch.bfloat16)
    tensor.view(torch.int16).random_(-30000, 30000)
    return tensor


def force(path):
    for name in (path, os.path.dirname(path)):
        descriptor = os.open(name, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def save_file(parameters, forced=False):
    from safetensors.torch import save_file as save

    state = {name: made_up(shape) for name, shape in shapes(parameters)}

    def run(path):
        save(state, path, metadata={"format": "pt"})
        if forced:
            force(path)

    return run


def load_file(parameters):
    from safetensors.torch import load_file as load, save_file as save

    state = {name: made_up(shape) for name, shape in shapes(parameters)}
    source = os.environ["CAIRN_PEERS_STORE"] + ".safetensors"
    save(state, source, metadata={"format": "pt"})

    def run(path):
        # The file is mapped: reading it means to copy it into the model's tensors.
        for name, tensor in load(source).items():
            state[name].copy_(tensor)

    print("note load_file maps the file and reads nothing: all is then copied into tensors that are there", flush=True)
    return run


def torch_save(parameters):
    state = {name: made_up(shape) for name, shape in shapes(parameters)}
    return lambda path: torch.save(state, path)


def save_pretrained(parameters):
    from transformers import LlamaConfig, LlamaForCausalLM

    hidden, inner, vocabulary, layers = dimensions(parameters)
    config = LlamaConfig(
        vocab_size=vocabulary, hidden_size=hidden, intermediate_size=inner, num_hidden_layers=layers,
        num_attention_heads=hidden // 64, num_key_value_heads=hidden // 64, tie_word_embeddings=False)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    model = model.to_empty(device="cpu")
    for parameter in model.parameters():
        parameter.data.view(torch.int16).random_(14000, 16000)
    return model.save_pretrained


def dcp(parameters, consolidated=False, safetensors=True):
    import torch.distributed as dist
    import torch.distributed.checkpoint as checkpoint
    from torch.distributed.checkpoint.hf_storage import HuggingFaceStorageWriter
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.tensor import DTensor, Shard

    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method="file://" + os.environ["CAIRN_PEERS_STORE"], rank=RANK, world_size=WORLD)
    mesh = init_device_mesh("cpu", (WORLD,))
    state = {
        name: DTensor.from_local(made_up((shape[0] // WORLD,) + shape[1:]), mesh, [Shard(0)], run_check=False)
        for name, shape in shapes(parameters)
    }
    mapping = {name: 1 for name in state} if consolidated else None

    def run(path):
        if not safetensors:
            checkpoint.save({"model": state}, checkpoint_id=path)
            return
        writer = HuggingFaceStorageWriter(
            path=path, save_distributed=True, enable_consolidation=consolidated, fqn_to_index_mapping=mapping)
        checkpoint.save(state, storage_writer=writer)
        dist.barrier()

    return run


def dcp_to_torch_save(parameters):
    from torch.distributed.checkpoint.format_utils import dcp_to_torch_save as convert

    return lambda path: convert(os.environ["CAIRN_PEERS_INPUT"] + "/dcp", path)


def dcp_consolidation(parameters):
    from torch.distributed.checkpoint._consolidate_hf_safetensors import consolidate_safetensors_files

    mapping = {name: 1 for name, shape in shapes(parameters)}

    def run(path):
        os.makedirs(path)
        consolidate_safetensors_files(os.environ["CAIRN_PEERS_INPUT"] + "/shards", path, mapping)

    return run


def matmul(dtype):
    """A merge's product, rank 64, added by one thread: at once to F32, to BF16 from F32 as PEFT does."""
    torch.set_num_threads(1)
    weight = torch.zeros(8192, 2048, dtype=dtype)
    left, right = torch.randn(8192, 64), torch.randn(64, 2048)
    if dtype == torch.float32:
        return lambda path: weight.addmm_(left, right)
    return lambda path: weight.add_((left @ right).to(dtype))


WORKS = {
    "matmul F32": lambda parameters: matmul(torch.float32),
    "matmul BF16": lambda parameters: matmul(torch.bfloat16),
    "save_file": save_file,
    "save_file fsync": lambda parameters: save_file(parameters, forced=True),
    "load_file": load_file,
    "torch.save": torch_save,
    "save_pretrained": save_pretrained,
    "dcp": dcp,
    "dcp files": lambda parameters: dcp(parameters, safetensors=False),
    "dcp_to_torch_save": dcp_to_torch_save,
    "dcp consolidation": dcp_consolidation,
    "dcp consolidated": lambda parameters: dcp(parameters, consolidated=True),
}


def next_path():
    line = [sys.stdin.readline().strip() if RANK == 0 else None]
    if WORLD > 1:
        torch.distributed.broadcast_object_list(line, src=0)
    return line[0]


def main():
    run = WORKS[sys.argv[1]](float(sys.argv[2]))
    if len(sys.argv) > 3:
        run(sys.argv[3])
        return
    print("ready", flush=True)
    for path in iter(next_path, ""):
        start = time.perf_counter()
        run(path)
        print("seconds", time.perf_counter() - start, flush=True)


main()
