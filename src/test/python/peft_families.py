"""Adapters that peft makes of small models of many families, and what peft makes of them when it merges.

  python peft_families.py make FOLDER [NAME...]    of these, of form_zoo.json's "sample", or of "all"
  python peft_families.py check FOLDER             prints what is wrong with FOLDER/NAME/merged, a line of JSON each

A name may end on +fp8: then the base's projections are 8-bit floats with scales, which transformers dequantises.

makes of each FOLDER/NAME/base/, what save_pretrained writes, FOLDER/NAME/adapter/, what peft writes, and
FOLDER/NAME/expected.safetensors, the state_dict() in F64 of the model that peft has merged. Ranks are mixed; which
families have rsLoRA, which DoRA and which trained biases follows from their names.
"""

import contextlib
import inspect
import json
import os
import pathlib
import shutil
import sys
import warnings
import zlib

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
try:
    import form_zoo
    import torch
    from peft import LoraConfig, get_peft_model
    from safetensors.torch import load_file, save_file
    from transformers.pytorch_utils import Conv1D
except ImportError as missing:
    print(missing)
    sys.exit(77)

# peft takes layers of these names for experts of old in models that have experts, and refuses two of Mamba's.
EXPERTS = {"gate", "w1", "w2", "w3", "gate_proj", "up_proj", "down_proj"}
MAMBA = {"out_proj", "conv1d"}
LAYERS = (torch.nn.Linear, Conv1D, torch.nn.Conv1d, torch.nn.Conv2d, torch.nn.Conv3d, torch.nn.Embedding)
MOST = 24
FAMILIES = ["LlavaNextForConditionalGeneration", "Qwen2VLForConditionalGeneration", "OPTForCausalLM"]
FAMILIES += ["PaliGemmaForConditionalGeneration", "Mistral3ForConditionalGeneration", "ViTForImageClassification"]
FAMILIES += ["MllamaForConditionalGeneration", "InternVLForConditionalGeneration", "PhiForCausalLM", "FalconForCausalLM"]
FP8 = ["LlamaForCausalLM+fp8", "Qwen3MoeForCausalLM+fp8", "DeepseekV3ForCausalLM+fp8", "MixtralForCausalLM+fp8"]
TOKENS = torch.arange(3, 15)[None]


def randomized(model, seed):
    """Gives what peft trains values that matter."""
    random = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if "magnitude" in name:
            parameter.data.mul_(1 + 0.3 * torch.rand(parameter.shape, generator=random))
        elif "lora_" in name:
            parameter.data.copy_(0.1 * torch.randn(parameter.shape, generator=random))
        elif parameter.requires_grad:
            parameter.data.add_(0.1 * torch.randn(parameter.shape, generator=random))
    return model.eval()


def targets(model, with_embeddings):
    """Full names of layers: the first of each kind, then more; none that shares its weight, none in groups."""
    tied = {id(tensor) for tensor, count in counted(model).values() if count > 1}
    has_experts = any(name.endswith("experts") for name, _ in model.named_modules())
    has_mamba = any("mamba" in type(module).__name__.lower() for module in model.modules())
    kinds, names = (EXPERTS if has_experts else set()) | (MAMBA if has_mamba else set()), []
    refused = set(kinds)
    attention = [name for name, module in model.named_modules() if isinstance(module, torch.nn.MultiheadAttention)]
    for name, module in model.named_modules():
        is_layer = type(module) in LAYERS and (with_embeddings or not isinstance(module, torch.nn.Embedding))
        is_alone = is_layer and id(module.weight) not in tied and getattr(module, "groups", 1) == 1
        is_alone = is_alone and module.weight.numel()
        if is_alone and not any(name.startswith(f"{outer}.") for outer in attention):
            kind = name.rsplit(".", 1)[-1]
            if kind not in refused:
                names.append((kind in kinds, name))
                kinds.add(kind)
    return sorted(name for _, name in sorted(names)[:MOST])


def experts(model):
    """Names of stacked experts' parameters: all of the first module that has any, one of the last; none that is tied."""
    tied = {id(tensor) for tensor, count in counted(model).values() if count > 1}
    stacks = [
        [
            f"{name}.{inner}"
            for inner, parameter in module.named_parameters(recurse=False)
            if parameter.ndim in (2, 3) and id(parameter) not in tied
        ]
        for name, module in model.named_modules()
        if type(module).__name__.endswith("Experts")
    ]
    stacks = [stack for stack in stacks if stack]
    return sorted({*stacks[0], stacks[-1][-1]}) if stacks else []


def counted(model):
    found = {}
    for _, parameter in model.named_parameters(remove_duplicate=False):
        found[id(parameter)] = parameter, found.get(id(parameter), (None, 0))[1] + 1
    return found


def config(model, name):
    seed = zlib.crc32(name.encode())
    names = targets(model, seed % 3 == 0)
    # peft takes a name for the end of others as well: a pattern is of this one alone
    ranks = {"^" + names[i].replace(".", r"\."): 64 for i in range(0, len(names), 3)}
    layers = [model.get_submodule(target) for target in names]
    have_bias = all(getattr(layer, "bias", None) is not None for layer in layers)
    parameters = experts(model)
    ranks |= {"^" + each.replace(".", r"\."): 64 for each in parameters[1:2]}
    use_dora = seed % 5 == 0 and not parameters
    return LoraConfig(
        r=4,
        lora_alpha=5,
        target_modules="|".join(target.replace(".", r"\.") for target in names),
        rank_pattern=ranks,
        use_rslora=seed % 2 == 0,
        use_dora=use_dora,
        bias="none" if use_dora else ["none", "lora_only"][seed % 7 == 0],
        lora_bias=have_bias and not use_dora and not parameters,
        target_parameters=parameters or None,
    )


def logits(model):
    """What a model of texts says of some tokens; None of another kind."""
    if list(inspect.signature(model.forward).parameters)[:1] != ["input_ids"] or model.config.is_encoder_decoder:
        return None
    if hasattr(model, "set_experts_implementation"):
        model.set_experts_implementation("eager")  # others have no F64
    with torch.no_grad(), contextlib.suppress(Exception):
        said = model(input_ids=TOKENS).logits.double()
        return said if torch.equal(said, model(input_ids=TOKENS).logits.double()) else None  # or it draws lots
    return None


def exact(model):
    """The trained model itself: of some families' adapters peft finds only a part when it loads them."""
    return model.double().merge_and_unload().eval()


def state(model):
    return {name: value.contiguous() for name, value in form_zoo.in_memory(model).items()}


def quantise(base, seed):
    """Makes 8-bit floats of a folder's projections, with scales for blocks of 16 x 16, or one for all."""
    tensors, plain = {}, load_file(base / "model.safetensors")
    largest = torch.finfo(torch.float8_e4m3fn).max
    for name, value in plain.items():
        if value.ndim != 2 or not name.endswith(("proj.weight", "w1.weight", "w2.weight", "w3.weight")):
            tensors[name] = value
            continue
        is_one = zlib.crc32(name.encode()) % 4 == seed % 4
        rows, columns = (1 if is_one or size % 16 else size // 16 for size in value.shape)
        blocks = value.float().reshape(rows, value.shape[0] // rows, columns, value.shape[1] // columns)
        scales = blocks.abs().amax((1, 3), keepdim=True) / largest
        tensors[name] = (blocks / scales).reshape(value.shape).to(torch.float8_e4m3fn)
        tensors[name.removesuffix("weight") + "weight_scale_inv"] = scales.reshape(rows, columns)
    save_file(tensors, base / "model.safetensors", {"format": "pt"})
    path = base / "config.json"
    how = {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [16, 16]}
    path.write_text(json.dumps({**json.loads(path.read_text()), "quantization_config": how}))


def make(name, folder):
    folder = pathlib.Path(folder, name.rpartition(":")[2])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    name, _, kind = name.partition("+")
    cls = form_zoo.model_class(name)
    model = form_zoo.tiny_model(name)
    model.tie_weights()
    model.save_pretrained(folder / "base")
    if kind:
        quantise(folder / "base", zlib.crc32(name.encode()))
    model = cls.from_pretrained(folder / "base", dtype=torch.float32)
    model = get_peft_model(model, config(model, name))
    randomized(model, zlib.crc32(name.encode())).save_pretrained(
        folder / "adapter", save_embedding_layers=False
    )
    merged = exact(model)
    expected = state(merged)
    before = state(cls.from_pretrained(folder / "base", dtype=torch.float32))
    said = logits(merged)
    if said is not None:
        expected["the model's logits"] = said
    save_file(expected, folder / "expected.safetensors", {"class": name})
    changed = sum(not torch.equal(value, before[key].double()) for key, value in state(merged).items())
    return {"class": name, "changed": changed, "logits": said is not None, "quantised": bool(kind)}


def check(folder):
    """What is wrong with a merged model."""
    expected = load_file(folder / "expected.safetensors")
    cls = form_zoo.model_class(json.loads((folder / "zoo.json").read_text())["class"])
    model, info = cls.from_pretrained(folder / "merged", dtype=torch.float32, output_loading_info=True)
    wrong = {key: sorted(map(str, value))[:3] for key, value in info.items() if value}
    said = expected.pop("the model's logits", None)
    merged = state(model)
    if merged.keys() != expected.keys():
        wrong["names"] = sorted(merged.keys() ^ expected.keys())[:3]
    for name in merged.keys() & expected.keys():
        value = expected[name]
        # F32 of it; sums are as exact as their largest terms
        allowed = value.abs() * 2.0**-24 + value.abs().max() * 1e-6 if value.numel() else value
        if value.numel() and ((merged[name].double() - value).abs() > allowed).any():
            wrong.setdefault("values", []).append([name, (merged[name] - value).abs().max().item()])
    if said is not None:
        error = (logits(model.double().eval()) - said).abs().max() / said.abs().max()
        if not error <= 1e-3:  # what layers that recur make of one rounding
            wrong["logits"] = error.item()
    return wrong


if __name__ == "__main__":
    form_zoo.quiet()
    if sys.argv[1] == "make":
        lists = {"all": form_zoo.ZOO["architectures"] + FP8, "sample": form_zoo.ZOO["sample"] + FAMILIES + FP8[:2]}
        given = sys.argv[3:] or ["sample"]
        for name in lists.get(given[0], given):
            folder = pathlib.Path(sys.argv[2], name.rpartition(":")[2])
            try:
                with contextlib.redirect_stderr(None):
                    said = make(name, sys.argv[2])
                (folder / "zoo.json").write_text(json.dumps(said))
            except Exception as error:  # peft cannot
                said = f"{type(error).__name__}: {error}".split("\n")[0][:200]
            print(json.dumps([name, said]), flush=True)
    else:
        for folder in sorted(pathlib.Path(sys.argv[2]).iterdir()):
            if (folder / "merged").is_dir():
                try:
                    with contextlib.redirect_stderr(None):
                        wrong = check(folder)
                except Exception as error:  # one must not hide the others
                    wrong = {"error": f"{type(error).__name__}: {error}"[:300]}
                print(json.dumps([folder.name, wrong]), flush=True)
