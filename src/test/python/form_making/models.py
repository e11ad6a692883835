"""Models of transformers, made without storage, and the names and shapes that they are published with."""

import contextlib
import importlib
import io
import json
import signal

import form_configs
import torch
import transformers
from transformers import conversion_mapping, core_model_loading, initialization, modeling_utils

from form_making.words import ignored


def model_class(name):
    module, _, name = name.rpartition(":")
    cls = getattr(importlib.import_module(module) if module else transformers, name)
    form_configs.waive(importlib.import_module(cls.__module__))
    return cls


def published(cls, config, device="meta", tie=True):
    """{name: shape} of what save_pretrained writes of a new model, and the names of its variants.

    A variant is what is written of a model whose base has a prefix that transformers removes as it loads (or has not
    the one that it adds): {name of variant 0: name}, nothing if the conversions of the model say nothing of prefixes.
    """
    with initialization.no_init_weights(), torch.device(device):
        model = cls(config)
    if tie:
        model.tie_weights()
    ignored = model._keys_to_ignore_on_save or ()
    state = {key: value for key, value in model.state_dict().items() if key not in ignored}
    state = modeling_utils.remove_tied_weights_from_state_dict(state, model)
    state = dict(sorted(state.items(), key=lambda pair: core_model_loading.dot_natural_key(pair[0])))
    conversions = conversion_mapping.get_model_conversion_mapping(model, add_legacy=False)
    changes = [change for change in conversions if type(change).__name__ == "PrefixChange"]
    found, variants = None, []
    for taken in [[], changes][: 2 if changes else 1]:
        model._weight_conversions = [c for c in conversions if c not in changes or c in taken] or None
        names = core_model_loading.revert_weight_conversion(model, dict(state)) if model._weight_conversions else state
        shapes = [tuple(value.shape) for value in names.values()]
        if found is None:
            found = dict(zip(names, shapes))
        elif shapes != list(found.values()):
            raise ValueError("the variants are not the same tensors")
        elif list(names) != list(found):
            variants.append(dict(zip(found, names)))
    return found, variants


class Builder:
    """Makes models of a class from what stands in a config.json."""

    def __init__(self, cls):
        self.cls, self.device, self.built, self.failed, self.last = cls, "meta", 0, 0, None

    def config(self, json_config):
        return self.cls.config_class.from_dict(json.loads(json.dumps(json_config)))

    def tensors(self, json_config, device=None, tie=True):
        """{name: shape}, or None if there is no such model."""
        self.built += 1
        signal.setitimer(signal.ITIMER_PROF, 20)
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                found, self.variants = published(self.cls, self.config(json_config), device or self.device, tie)
                return found
        except Exception as error:
            self.failed, self.last = self.failed + 1, f"{type(error).__name__}: {error}".split("\n")[0][:200]
            return None
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)

    def full(self, json_config):
        """The config.json that would be saved, in full."""
        return self.config(json_config).to_dict()


def too_long(*_):
    raise TimeoutError("a model took longer than 20 s")


def quiet():
    signal.signal(signal.SIGPROF, too_long)
    transformers.logging.set_verbosity(transformers.logging.CRITICAL)
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    form_configs.stub()
