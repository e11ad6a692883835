"""Loads model folders as transformers' own: load_consolidated.py FOLDER EXPECTED odd|even …

EXPECTED is a file of the weights that the engine held. An odd model's last norm has parameters and buffers of its
script's own. Exit code 77: packages are missing.
"""

import sys

try:
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM
except ImportError as missing:
    print(missing)
    sys.exit(77)

for folder, expected, odd in zip(sys.argv[1::3], sys.argv[2::3], sys.argv[3::3]):
    model, info = AutoModelForCausalLM.from_pretrained(folder, output_loading_info=True, dtype="auto")
    expected = load_file(expected)
    norm = {key for key in expected if key.startswith("model.norm.")} if odd == "odd" else set()
    found = {key: set(info[key]) for key in ("missing_keys", "unexpected_keys")}
    wanted = {"missing_keys": {"model.norm.weight"} if norm else set(), "unexpected_keys": norm}
    assert found == wanted and not info["mismatched_keys"], (folder, info)
    state = model.state_dict()
    assert state.keys() - {"model.norm.weight"} == expected.keys() - norm - {"model.norm.weight"}
    for name in expected.keys() - norm:
        assert state[name].dtype == expected[name].dtype, (folder, name, state[name].dtype)
        assert torch.equal(state[name], expected[name]), (folder, name)
    tied = model.config.tie_word_embeddings
    assert tied == bool(norm), (folder, tied)
    if tied:
        assert model.lm_head.weight is model.model.embed_tokens.weight, folder
    if not norm:
        assert torch.isfinite(model(torch.arange(8)[None]).logits).all(), folder
print("loaded", len(sys.argv[1::3]))
