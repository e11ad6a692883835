"""Small models of many architectures, in the names they have in memory and as save_pretrained writes them.

  python form_zoo.py list [sample|half|prefixed]     the architectures of form_zoo.json
  python form_zoo.py make FOLDER [NAME...]      those, or all
  python form_zoo.py survey FOLDER              makes form_zoo.json anew, of what can be made and is small

makes of each FOLDER/NAME/memory/, model.safetensors with what state_dict() has, FOLDER/NAME/zero3/, the same as
DeepSpeed leaves it, FOLDER/NAME/reference/, what save_pretrained writes of the same model, and FOLDER/NAME/zoo.json, what transformers says when it loads that. The
model is one that from_pretrained(dtype=torch.bfloat16) gave (float16 for a NAME with "+f16"), so what is kept in F32 is in
F32. All values are random.
"""

import contextlib
import importlib
import json
import os
import pathlib
import shutil
import sys
import time
import zlib

os.environ["HF_HUB_OFFLINE"] = "1"

try:
    import form_configs
    import make_form_table
    import torch
    import transformers
    import zero3_form
    from safetensors import safe_open
    from safetensors.torch import save_file
    from transformers import conversion_mapping, initialization, modeling_utils
    from transformers.models.auto import modeling_auto
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
except ImportError as missing:
    print(missing)
    sys.exit(77)

PREFIXED = "+prefix"
HALF = "+f16"
ZOO = json.loads(pathlib.Path(__file__).with_name("form_zoo.json").read_text())


def model_class(name):
    """The class of a name; "module:name" of one that transformers does not export; after a "+" how it is made."""
    name, _, _ = name.partition("+")
    module, _, name = name.rpartition(":")
    cls = getattr(importlib.import_module(module) if module else transformers, name)
    form_configs.waive(importlib.import_module(cls.__module__))
    return cls


def tiny_model(name, device="cpu"):
    cls = model_class(name)
    with initialization.no_init_weights(), torch.device(device):
        model = cls(form_configs.tiny(cls.config_class))
    random = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    for tensor in model.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.randn(tensor.shape, generator=random))
    return model


def in_memory(model):
    """The state_dict() of a model without what is not saved: what it says itself, and names of the same tensor."""
    state = {key: value for key, value in model.state_dict().items() if key not in model._keys_to_ignore_on_save}
    state = modeling_utils.remove_tied_weights_from_state_dict(state, model)
    return {key: value.contiguous() for key, value in state.items()}


def entries(folder):
    found = {}
    for file in sorted(pathlib.Path(folder).glob("*.safetensors")):
        with safe_open(file, "pt") as tensors:
            found |= {key: tensors.get_slice(key).get_shape() for key in tensors.keys()}
    return found


def load(cls, folder, dtype=torch.bfloat16):
    model, info = cls.from_pretrained(folder, dtype=dtype, output_loading_info=True)
    return model, {key: sorted(map(str, value)) for key, value in info.items() if value}


def make(name, folder):
    """Makes one; says what loading the reference complained of."""
    folder = pathlib.Path(folder, name.rpartition(":")[2])
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "memory").mkdir(parents=True)
    torch.manual_seed(0)
    model = tiny_model(name)
    dtype = torch.float16 if name.endswith(HALF) else torch.bfloat16
    if name.endswith(PREFIXED):  # as if the files that it was once loaded from had all prefixes that may be left out
        model._weight_conversions = conversion_mapping.get_model_conversion_mapping(model, add_legacy=False)
    model.save_pretrained(folder / "first")
    model, info = load(type(model), folder / "first", dtype)
    save_file(in_memory(model), folder / "memory/model.safetensors", {"format": "pt"})
    zero3_form.write(model, folder / "zero3", 2 + zlib.crc32(name.encode()) % 3)
    model.save_pretrained(folder / "reference")
    shutil.copy(folder / "reference/config.json", folder / "memory/config.json")
    if entries(folder / "first") != entries(folder / "reference"):
        _, info = load(type(model), folder / "reference", dtype)
    prefixes = [repr(change) for change in model._weight_conversions if type(change).__name__ == "PrefixChange"]
    shutil.rmtree(folder / "first")
    found = {"class": name, "loading": info, "prefixes": prefixes}
    (folder / "zoo.json").write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    return info


# By which of its classes a model type is known best.
TASKS = ["CAUSAL_LM", "IMAGE_TEXT_TO_TEXT", "MULTIMODAL_LM", "SPEECH_SEQ_2_SEQ", "SEQ_TO_SEQ_CAUSAL_LM", "MASKED_LM"]
TASKS += ["OBJECT_DETECTION", "UNIVERSAL_SEGMENTATION", "INSTANCE_SEGMENTATION", "SEMANTIC_SEGMENTATION", "CTC"]
TASKS += ["IMAGE_CLASSIFICATION", "VIDEO_CLASSIFICATION", "AUDIO_CLASSIFICATION", "PRETRAINING", "DEPTH_ESTIMATION"]
OTHERS = ("BertForMaskedLM", "Qwen3_5ForConditionalGeneration", "Qwen3_5MoeForConditionalGeneration")
LARGE = 2_000_000


def candidates():
    """A class of each model type, and all that a conversion is for by name."""
    mappings = [getattr(modeling_auto, f"MODEL_FOR_{task}_MAPPING_NAMES") for task in TASKS]
    mappings.append(modeling_auto.MODEL_MAPPING_NAMES)
    names = set(OTHERS)
    for model_type in CONFIG_MAPPING_NAMES:
        known = next((mapping[model_type] for mapping in mappings if model_type in mapping), ())
        names.update([known] if isinstance(known, str) else known[:1])
    classes = make_form_table.model_classes()
    names.update(name for name in conversion_mapping._build_checkpoint_conversion_mapping() if name in classes)
    for name in sorted(names):
        exported = hasattr(transformers, name) or name not in classes
        yield name if exported else f"{classes[name].__module__}:{name}"


def survey(folder):
    found, left_out = [], {}
    for name in candidates():
        try:
            with contextlib.redirect_stderr(None):
                size = sum(tensor.numel() for tensor in tiny_model(name, "meta").state_dict().values())
                if size > LARGE:
                    raise ValueError(f"{size} parameters are too many")
                info = make(name, folder)
            if info:
                raise ValueError(f"transformers cannot read what it wrote: {info}")
            found.append(name)
        except Exception as error:
            left_out[name] = " ".join(f"{type(error).__name__}: {error}".split())[:160]
    zoo = ZOO | {"architectures": found, "left_out": left_out}
    pathlib.Path(__file__).with_name("form_zoo.json").write_text(json.dumps(zoo, indent=1) + "\n")


def quiet():
    """transformers' warnings of odd configs, left out: that they are odd is the point."""
    transformers.logging.set_verbosity(transformers.logging.CRITICAL)
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    form_configs.stub()


if __name__ == "__main__":
    if sys.argv[1] == "list":
        print(*ZOO[sys.argv[2] if len(sys.argv) > 2 else "architectures"], sep="\n")
    elif sys.argv[1] == "survey":
        quiet()
        survey(sys.argv[2])
    else:
        quiet()
        for name in sys.argv[3:] or ZOO["architectures"]:
            start = time.time()
            with contextlib.redirect_stderr(None):
                try:
                    result = make(name, sys.argv[2])
                except Exception as error:
                    result = f"{type(error).__name__}: {error}".split("\n")[0]
            print(json.dumps([name, result, round(time.time() - start, 2)]), flush=True)
