"""What the operations of the table make of tensors: each of (transform, operation, tensors, name, config, shapes)."""

from form_ranges import joined


def text_config(config):
    return next((config[key] for key in ("text_config", "decoder", "text_encoder") if config.get(key)), config)


def listed(tensors):
    return tensors if isinstance(tensors, list) else [tensors]


def single(tensors):
    (tensor,) = tensors.values()
    return listed(tensor)[0]


def chunk(transform, operation, tensors, name, config, shapes):
    targets = transform.targets
    if "num_shards_attribute" in operation:
        count = text_config(config)[operation["num_shards_attribute"]]
        targets = [targets[0].replace("*", str(i)) for i in range(count)]
    return dict(zip(targets, single(tensors).chunks(len(targets), operation["dim"])))


def concatenate(transform, operation, tensors, name, config, shapes):
    found = [listed(tensors[source]) for source in transform.sources if source in tensors]
    found = [tensor for several in found for tensor in several]
    return {transform.targets[0]: joined(found, operation["dim"])}


def split_modulelist(transform, operation, tensors, name, config, shapes):
    found = {}
    for target, tensor in tensors.items():
        tensor = listed(tensor)[0]
        target = transform.targets[0] if len(tensors) == 1 else target
        size = tensor.shape[operation["dim"]]
        for i, piece in enumerate(tensor.pieces(operation["dim"], [1] * size)):
            found[target.replace("*", str(i))] = piece.squeeze()
    return found


def interleave(transform, operation, tensors, name, config, shapes):
    tensor, dim = single(tensors), operation["dim"]
    half = tensor.shape[dim] // 2
    pair = [2, half] if operation["inverse"] else [half, 2]
    swapped = tensor.reshape(tensor.shape[:dim] + pair + tensor.shape[dim + 1 :]).swap(dim)
    return {transform.targets[0]: swapped.reshape(tensor.shape)}


def transpose(transform, operation, tensors, name, config, shapes):
    tensor = single(tensors)
    if not operation["check_dims"] or tensor.shape != list(shapes[name]):
        tensor = tensor.swap(min(operation["dim0"], operation["dim1"]))
    return {transform.targets[0] if len(transform.targets) == 1 else transform.sources[0]: tensor}


def permute_for_rope(transform, operation, tensors, name, config, shapes):
    heads = config.get(operation.get("subconfig_key"), config).get("num_attention_heads", 1)
    found = {}
    for target, tensor in tensors.items():
        if any(layer in target for layer in operation["permute_layer_names"]):
            tensor = listed(tensor)[0]
            half = tensor.shape[0] // heads // 2
            pair = [2, half] if operation["inverse"] else [half, 2]
            tensor = tensor.reshape([heads] + pair + tensor.shape[1:]).swap(1).reshape(tensor.shape)
        found[target] = tensor
    return found


def ernie_experts(transform, operation, tensors, name, config, shapes):
    dim = operation["concat_dim"]
    parts = [listed(tensors[source])[0].chunks(len(transform.targets), dim) for source in transform.sources]
    found = {}
    for index, target in enumerate(transform.targets):
        experts = []
        for part in parts:
            tensor, dim = part[index], operation["stack_dim"]
            shape = tensor.shape[:dim] + tensor.shape[dim + 1 :]
            experts += [piece.reshape(shape) for piece in tensor.pieces(dim, [1] * tensor.shape[dim])]
        found |= {target.replace("*", str(i)): expert for i, expert in enumerate(experts)}
    return found


OPERATIONS = {
    "Chunk": chunk,
    "Concatenate": concatenate,
    "SplitModulelist": split_modulelist,
    "Interleave": interleave,
    "Transpose": transpose,
    "PermuteForRope": permute_for_rope,
    "ErnieSplitAndDecoupleTextVisionExperts": ernie_experts,
}
