"""Makes LoRA adapters with the real peft, and loads what Cairn has made of them.

  peft_adapters.py make FOLDER    cases with their state dicts, base models and what peft writes
  peft_adapters.py check FOLDER   loads Cairn's folders, writes answers.json

Exits with 77 if a package is missing.
"""

import copy
import json
import os
import sys
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
try:
    import torch
    import transformers
    from peft import LoraConfig, PeftModel, get_peft_model
    from peft_cases import CASES, biased
    from safetensors.torch import load_file, save_file
except ImportError as e:
    print(e)
    sys.exit(77)

transformers.logging.set_verbosity_error()
torch.set_num_threads(1)

TOKENS = torch.arange(3, 19)[None]


def randomize(model, bias):
    """Gives everything that was trained values that matter."""
    for name, parameter in model.named_parameters():
        if "lora_" in name and "magnitude" in name:
            parameter.data.mul_(1 + 0.3 * torch.rand_like(parameter))
        elif "lora_" in name:
            parameter.data.normal_(0, 0.2)
        elif "modules_to_save" in name or "trainable_tokens_delta" in name:
            parameter.data.add_(0.1 * torch.randn_like(parameter))
        elif name.endswith(".bias" if bias == "all" else ".base_layer.bias") and bias != "none":
            parameter.data.normal_(0, 0.1)
    return model.eval()


def logits(model):
    with torch.no_grad():
        more = {"decoder_input_ids": TOKENS + 2} if model.config.is_encoder_decoder else {}
        return model(input_ids=TOKENS, **more).logits.float()


def make(folder, name):
    factory, fields, more = (*CASES[name], {})[:3]
    case = os.path.join(folder, name)
    os.makedirs(case)
    torch.manual_seed(len(name))
    base = factory().to(more.get("dtype", torch.float32))
    if factory in (biased,):
        for key, parameter in base.named_parameters():
            if key.endswith("bias"):
                parameter.data.normal_(0, 0.1)
    base.save_pretrained(os.path.join(case, "base"), max_shard_size=more.get("shard", "50GB"))
    # a cast model has cast buffers; a loaded one has not
    base = type(base).from_pretrained(os.path.join(case, "base"), dtype="auto")
    adapter = more.get("adapter", "default")
    config = LoraConfig(**{"r": 4, "task_type": "CAUSAL_LM", **fields},
                        base_model_name_or_path="some/base")
    model = get_peft_model(copy.deepcopy(base), config, adapter_name=adapter,
                           autocast_adapter_dtype=not more.get("half", False))
    for other, other_fields in more.get("others", {}).items():
        model.add_adapter(other, LoraConfig(**{"task_type": "CAUSAL_LM", **other_fields}))
    randomize(model, config.bias)
    for field, value in more.get("edit", {}).items():
        setattr(model.peft_config[adapter], field, value)
    with open(os.path.join(case, "config.json"), "w") as file:
        fields = model.peft_config[adapter].to_dict()
        json.dump({k: sorted(v) if isinstance(v, set) else v for k, v in fields.items()}, file)
    targets = model.peft_config[adapter].target_modules
    model.peft_config[adapter].target_modules = more.get("seen_as", targets)
    model.save_pretrained(os.path.join(case, "peft"), selected_adapters=[adapter],
                          save_embedding_layers=more.get("save", "auto"))
    if "seen_as" in more:
        model.peft_config[adapter].target_modules = targets
        model.peft_config[adapter].inference_mode = True
        model.peft_config[adapter].save_pretrained(os.path.join(case, "peft"))
    state = {}
    for key, value in model.state_dict().items():
        if more.get("rename"):
            parts = key.split(".")
            parts = [more["rename"] if p == adapter else p for p in parts]
            key = ".".join(parts)
        state[more.get("prefix", "") + key] = value.clone().contiguous()
    if more.get("stranger"):
        for key, value in list(state.items()):
            if ".lora_A.default" in key or ".lora_B.default" in key:
                state[key.replace(".default", "." + more["stranger"])] = value + 1
    if "attribute" in more.get("cairn", {}):
        state["value_head.weight"] = torch.ones(3, 3)
    save_file(state, os.path.join(case, "state.safetensors"), metadata={"format": "pt"})
    save_file({"logits": logits(model)}, os.path.join(case, "adapter_logits.safetensors"))
    merge = more.get("merge", True)
    if merge:
        for other in more.get("others", {}):
            model.delete_adapter(other)
        merged = model.merge_and_unload()
        save_file({"logits": logits(merged)}, os.path.join(case, "merged_logits.safetensors"))
    return {"adapter": more.get("rename", adapter), "folder": "" if adapter == "default" else adapter,
            "merge": merge, "bits": 32 if "dtype" not in more else 16, **more.get("cairn", {})}


def model_class(name):
    factory = CASES[name][0]
    return type(factory())


def loader(name):
    """Returns what users load a merged model with."""
    causal = CASES[name][1].get("task_type", "CAUSAL_LM") == "CAUSAL_LM"
    return transformers.AutoModelForCausalLM if causal else model_class(name)


def check(folder, name):
    answer = {}
    case = os.path.join(folder, name)
    base = model_class(name).from_pretrained(os.path.join(case, "base"), dtype="auto")
    saved = os.path.join(case, "cairn")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = PeftModel.from_pretrained(
            base, saved, autocast_adapter_dtype=not (CASES[name] + ({},))[2].get("half", False))
    answer["warnings"] = [str(w.message) for w in caught if "missing" in str(w.message).lower()]
    expected = load_file(os.path.join(case, "adapter_logits.safetensors"))["logits"]
    answer["loaded"] = (logits(model.eval()) - expected).abs().max().item()
    merged = os.path.join(case, "merged")
    if os.path.isdir(merged):
        model, info = loader(name).from_pretrained(merged, dtype="auto",
                                                   output_loading_info=True)
        answer["missing"] = sorted(info["missing_keys"]) + sorted(info["mismatched_keys"])
        answer["unexpected"] = sorted(info["unexpected_keys"])
        expected = load_file(os.path.join(case, "merged_logits.safetensors"))["logits"]
        answer["merged"] = (logits(model.eval()) - expected).abs().max().item()
        answer["scale"] = expected.abs().max().item()
        answer["rounding"] = rounding(name, case, model)
    return answer


def rounding(name, case, merged):
    """Returns the largest error of a merged weight, 1 being half a unit in the last place."""
    base = model_class(name).from_pretrained(os.path.join(case, "base"), dtype="auto")
    model = PeftModel.from_pretrained(base, os.path.join(case, "cairn")).float()
    exact = model.merge_and_unload().state_dict()
    units = {torch.float32: 1e-6, torch.bfloat16: 2.0**-8, torch.float16: 2.0**-11}
    worst = 0.0
    for key, value in merged.state_dict().items():
        error = (value.double() - exact[key].double()).abs()
        unit = units[value.dtype]
        size = exact[key].double().abs()
        # sums in F32 are only as exact as their largest terms
        allowed = size * unit + size.max() * 1e-6 + 2.0**-25
        worst = max(worst, (error / allowed).max().item())
    return worst


def main():
    task, folder = sys.argv[1:3]
    with open(os.path.join(folder, "defaults.json"), "w") as file:
        json.dump(LoraConfig().to_dict(), file)
    names = sys.argv[3:] or list(CASES)
    results = {}
    for name in names:
        try:
            results[name] = make(folder, name) if task == "make" else check(folder, name)
        except Exception as e:  # one case must not hide the others
            results[name] = {"error": f"{type(e).__name__}: {e}"}
    with open(os.path.join(folder, "answers.json"), "w") as file:
        json.dump(results, file, indent=1)


main()
