"""Loads what the example has trained: load_example.py MODEL OUTPUT.

OUTPUT holds the prompt, the adapter's folder, and the logits that Java computed without and with it.
"""

import pathlib
import sys

try:
    import numpy
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer
except ImportError as missing:
    print(missing)
    sys.exit(77)

TOLERANCE = 1e-4  # both in F32, in another order of summation

model_folder, output = sys.argv[1], pathlib.Path(sys.argv[2])
prompt = (output / "prompt").read_text(encoding="utf-8")

tokenizer = AutoTokenizer.from_pretrained(model_folder)
tokens = tokenizer(prompt, return_tensors="pt")
assert tokens.input_ids[0].tolist() == list(prompt.encode()), tokens.input_ids
assert tokenizer.decode(tokens.input_ids[0]) == prompt

stored = AutoModelForCausalLM.from_pretrained(model_folder)
assert stored.dtype == torch.bfloat16, stored.dtype
model, loading = AutoModelForCausalLM.from_pretrained(
    model_folder, dtype=torch.float32, output_loading_info=True
)
assert not any(loading.values()), loading


def compare(what, module):
    with torch.no_grad():
        logits = module(**tokens).logits
    expected = numpy.fromfile(output / f"{what}.logits", "<f4").reshape(logits.shape)
    difference = float((logits - torch.from_numpy(expected)).abs().max())
    assert difference <= TOLERANCE, (what, difference)
    print(f"{what}: largest difference of a logit {difference:.1e}")
    return expected


base = compare("base", model)
written = model.generate(**tokens, max_new_tokens=40, do_sample=False, pad_token_id=256)
print("generated: " + repr(tokenizer.decode(written[0])))
assert written.shape[1] > tokens.input_ids.shape[1]
adapted = compare("adapter", PeftModel.from_pretrained(model, output / "adapter"))
assert abs(adapted - base).max() > 0.1, "the adapter changes something"
