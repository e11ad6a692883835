"""The first step: a small config of the class that has everything its models may have."""

import contextlib
import io
import json
import random
import re
import time
import zlib

import form_configs

from form_making.failures import Failure
from form_making.leaves import KINDS, UNIT, base_name, config_leaves, parent, put
from form_making.models import Builder, model_class

SECONDS = 100


class Base:
    """A small config, without the lists that follow from the number of layers, and what is made of changes to it."""

    def __init__(self, name, seed=0):
        self.name = name
        self.cls = model_class(name)
        self.builder = Builder(self.cls)
        self.dice = random.Random(zlib.crc32(name.encode()) + seed)
        self.started = time.process_time()
        self.notes = []

    def late(self):
        if time.process_time() - self.started > SECONDS:
            raise Failure(f"took longer than {SECONDS} s")

    def find_base(self):
        config_class = self.cls.config_class
        with contextlib.redirect_stderr(io.StringIO()):
            self.default = form_configs.default(config_class)
            sparse = json.loads(json.dumps(form_configs.small(self.default), default=str))
        self.needs = json.loads(json.dumps(form_configs.NEEDS.get(config_class.__name__, {})))
        sparse["model_type"] = config_class.model_type
        base = self.without_layer_lists(sparse)
        tensors = self.builder.tensors(base)
        if tensors is None:
            base = sparse
            tensors = self.builder.tensors(base)
        if tensors is None:
            self.builder.device = "cpu"
            tensors = self.builder.tensors(base)
        if tensors is None:
            raise Failure(f"no small model: {self.builder.last}")
        self.base, self.base_tensors = base, tensors
        self.leaves = config_leaves(self.builder.config(base))
        with contextlib.redirect_stderr(io.StringIO()):
            self.default_leaves = config_leaves(self.default)
        for leaf, (value, hint) in self.default_leaves.items():
            if leaf not in self.leaves and parent(leaf) in {parent(other) for other in self.leaves}:
                changed = put(self.base, {leaf: value})
                tensors = self.builder.tensors(changed)
                if tensors is not None:
                    self.base, self.base_tensors, self.leaves[leaf] = changed, tensors, (value, hint)
        self.give_hidden()
        self.give_sizes()
        self.find_kinds()
        self.give_dense_layers()

    def give_hidden(self):
        """The leaves that models ask of a config, if they are there, though its class has no such field."""
        self.hidden = {}
        for prefix in sorted({leaf[: -len(base_name(leaf))] for leaf in self.leaves}):
            for key, value, hint in (("head_dim", UNIT, "int | None"), ("vision_use_head", False, "bool")):
                if prefix + key not in self.leaves and key not in self.cls.config_class.attribute_map:
                    tensors = self.tensors({prefix + key: value})
                    if tensors is not None and tensors != self.base_tensors:
                        self.hidden[prefix + key] = True if hint == "bool" else None
                        if hint == "bool":
                            value, tensors = True, self.tensors({prefix + key: True})
                            if tensors != self.base_tensors:
                                raise Failure(f"{prefix}{key} is not true if it is left out")
                        elif self.tensors({prefix + key: None}) not in (None, self.base_tensors):
                            raise Failure(f"{prefix}{key} is not null if it is left out")
                        self.base, self.base_tensors = put(self.base, {prefix + key: value}), tensors
                        self.leaves[prefix + key] = value, hint

    def give_sizes(self):
        """Gives a size to what is null in the base, may be an integer and matters."""
        for leaf, (value, hint) in self.leaves.items():
            if value is None and "int" in hint and "list" not in hint and self.is_size(leaf):
                for size in (UNIT, 2, 3, 4, 8, 1):
                    tensors = self.tensors({leaf: size})
                    if tensors is not None and tensors != self.base_tensors:
                        self.base, self.base_tensors = put(self.base, {leaf: size}), tensors
                        self.leaves[leaf] = size, hint
                        break

    def give_dense_layers(self):
        """Has the base both dense layers and those with experts, if a leaf says how many are dense."""
        for leaf in self.leaves:
            if re.search(r"first_k_dense|num_dense_layers|moe_layer_start", leaf):
                tensors = self.tensors({leaf: 1})
                if tensors is not None:
                    self.base, self.base_tensors = put(self.base, {leaf: 1}), tensors
                    self.leaves[leaf] = 1, self.leaves[leaf][1]

    def find_kinds(self):
        """The lists of words for the layers on which the tensors depend; the base gets layers of each kind."""
        self.kinds = {}
        for leaf, (value, _) in list(self.leaves.items()):
            count = self.layer_count(leaf, value)
            if not count:
                continue
            default = self.default_leaves.get(leaf, ((),))[0] or ()
            words = list(dict.fromkeys([*default, *value]))
            found = {}
            for word in words + ([kind for kind in KINDS if kind not in words] if len(words) == 1 else []):
                tensors = self.tensors({leaf: [word] * len(value)})
                if tensors is not None:
                    found.setdefault(json.dumps(sorted(tensors.items())), []).append(word)
            if len(found) > 1:
                words = [word for several in found.values() for word in several if word in words] + [
                    several[0] for several in found.values() if not set(several) & set(words)
                ]
                self.kinds[leaf] = count, sorted(words)
        counts = {count for count, _ in self.kinds.values()}
        for count in counts:
            size = max(2, *(len(words) for c, words in self.kinds.values() if c == count))
            changes = {count: size}
            for leaf, (mine, words) in self.kinds.items():
                if mine == count:
                    changes[leaf] = [words[i % len(words)] for i in range(size)]
            base = put(self.base, changes)
            tensors = self.builder.tensors(base)
            if tensors is None:
                raise Failure(f"no small model with layers of each kind: {self.builder.last}")
            self.base, self.base_tensors = base, tensors
            self.leaves |= config_leaves(self.builder.config(base))

    def without_layer_lists(self, config):
        counts = {value for key, value in config.items() if key in form_configs.LAYERS and type(value) is int}
        found = {}
        for key, value in config.items():
            if isinstance(value, dict):
                found[key] = self.without_layer_lists(value) if "model_type" in value else value
            elif isinstance(value, list) and (re.search(r"layer_types|layers_block|_types$|idxs$", key)) and len(value) in counts:
                continue
            else:
                found[key] = value
        return found

    def layer_count(self, leaf, value):
        """The leaf that is how many entries a list of words has, one for each layer."""
        if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
            for key in form_configs.LAYERS:
                count = f"{parent(leaf)}.{key}".lstrip(".")
                if count in self.leaves and self.leaves[count][0] == len(value):
                    return count

    def is_size(self, leaf):
        return not re.search(r"(_id|_ids|_token|_index)$", base_name(leaf))

    def tensors(self, changes):
        return self.builder.tensors(put(self.base, changes))
