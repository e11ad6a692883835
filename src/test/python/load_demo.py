"""Loads a model folder as transformers' own, and prints its class and its parameters: load_demo.py FOLDER.

Exit code 77: packages are missing.
"""

import sys

try:
    import torch
    from transformers import AutoModelForCausalLM, GenerationConfig
except ImportError as missing:
    print(missing)
    sys.exit(77)

folder = sys.argv[1]
model, info = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, dtype="auto")
found = {key: list(info[key]) for key in ("missing_keys", "unexpected_keys", "mismatched_keys")}
assert not any(found.values()), found
assert model.dtype == torch.bfloat16, model.dtype
assert torch.isfinite(model(torch.arange(8)[None]).logits).all()
assert GenerationConfig.from_pretrained(folder).eos_token_id == 2
print(type(model).__name__, sum(parameter.numel() for parameter in model.parameters()))
