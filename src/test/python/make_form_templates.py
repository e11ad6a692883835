"""Makes the templates of the published form: which tensors save_pretrained writes of a model, by its config.json.

  python make_form_templates.py try NAME...          makes templates and says what came of it
  python make_form_templates.py make CACHE [NAME...] the same, kept in the folder CACHE, one file each (a name that stands
                                                     in CACHE is left out; all of FAMILIES without names)
  python make_form_templates.py write CACHE OUT      what is in CACHE, as src/main/resources/dev/cairn/form/templates.json

How the file is to be read stands in form_templates.py, which reads it without transformers.

Nothing in a template is read from a source: a model is made, without storage, of many small configs, and what is found in
all of them is generalised. A leaf of the config whose change changes no name and no shape is irrelevant. Of those that
change something, integers are drawn at random (sizes) and expressions are sought that hold in every sample; booleans, and
integers that may be null or 0, are drawn too and decide which tensors there are; all others are fixed at the default.
A template is kept if it foretells further random configs, configs of equal sizes, with what is irrelevant changed, with
leaves left out, and the default config of the class. Otherwise something more is fixed, or there is none.
"""

import contextlib
import importlib
import inspect
import io
import itertools
import json
import math
import os
import pathlib
import random
import re
import signal
import sys
import time
import typing
import zlib
from fractions import Fraction

os.environ["HF_HUB_OFFLINE"] = "1"

import form_configs
import form_templates
import numpy
import torch
import transformers
from transformers import GenerationConfig, PreTrainedConfig, conversion_mapping, core_model_loading
from transformers import initialization, modeling_utils

SAMPLES, CHECKS, SECONDS, TRIES = 36, 40, 100, 3
TIES = "tie_word_embeddings"

# Keys that never say anything of the tensors.
IGNORED = """
_attn_implementation _attn_implementation_autoset _attn_implementation_internal _commit_hash _experts_implementation
_experts_implementation_internal _flash_attn_2_enabled _name_or_path architectures attn_implementation auto_map
cache_implementation chunk_size_feed_forward ignore_index prefix sliding_window_size
attention_dropout bos_token_id decoder_start_token_id dtype eos_token_id finetuning_task initializer_range
keys_to_ignore_at_inference label2id model_max_length output_attentions output_hidden_states output_past pad_token_id
problem_type return_dict rope_parameters rope_scaling rope_theta sep_token_id task_specific_params tf_legacy_loss
tokenizer_class torch_dtype torchscript transformers_version transformers.js_config use_bfloat16 use_cache
""".split()

# Keys that stand in config.json files of models that were published, though their classes in transformers have no such
# field (any more); whether one matters is tried of each family.
OLD_KEYS = """
add_bias_linear adapter_attn_dim adapter_kernel_size architecture attention_bias attention_types attn_type aux_loss_alpha
aux_loss_coef bias_dropout_fusion block_size cache_implementation clip_qkv cls_token_id conv_bias dense_act_fn directionality
do_layer_norm_before d_inner embd_layer_norm embedding_size emb_dropout_prob encoder_hidden_size ep_size
force_bos_token_to_be_generated fp32_residual_connection fused_mlp fused_rotary_emb_on_cpu gradient_checkpointing head_dim
hidden_activation hidden_dropout hidden_dropout_prob image_aspect_ratio image_size image_token_id image_token_index
initializer_factor interleave_mrope is_decoder is_llama_config kv_channels layer_norm_eps layer_norm_epsilon layer_types
logit_scale masked_softmax_fusion max_sequence_length max_window_layers mlp_bias mlp_only_layers mm_hidden_size
moe_layer_freq mrope_section multi_query n_ctx n_inner n_special negative_slope norm_eps norm_type normalize_before
num_key_value_heads num_nextn_predict_layers num_special_tokens offset_alibi original_max_position_embeddings pad_token
padded_vocab_size parallel_attn partial_rotary_factor pooler_fc_size pooler_num_attention_heads pooler_num_fc_layers
pooler_size_per_head pooler_type position_embedding_type pre_layer_norm pretraining_tp projector_hidden_act
qkv_bias reference_compile resid_pdrop rms_norm_eps rotary rotary_dim rotary_emb_base rotary_pct rotary_percentage
router_aux_loss_coef router_jitter_noise scale_attention_softmax_in_fp32 scoring_func seq_aux seq_length sinusoidal_pos_embds
slow_but_exact sliding_window sliding_window_pattern sparse_attention spatial_merge_size static_position_embeddings
summary_activation tie_encoder_decoder tie_word_embeddings tie_weights_ tokens_per_second topk_method type_vocab_size
unk_index unk_token_id unsloth_fixed unsloth_version use_flash_attn use_logn_attn use_mrope use_parallel_residual use_qk_norm
use_qkv_bias use_sliding_window variant video_token_id vision_config_ vision_end_token_id vision_feature_layer
vision_feature_select_strategy vision_start_token_id vision_token_id window_size word_embed_proj_dim
""".split()

# Those of them that are written even where they matter in other families.
KEPT_OLD_KEYS = """
attention_bias cache_implementation head_dim layer_types mlp_bias n_ctx original_max_position_embeddings
partial_rotary_factor position_embedding_type sliding_window sliding_window_pattern use_sliding_window
""".split()

FAMILIES = """
LlamaForCausalLM MistralForCausalLM Qwen2ForCausalLM Qwen3ForCausalLM Qwen2MoeForCausalLM Qwen3MoeForCausalLM
MixtralForCausalLM GemmaForCausalLM Gemma2ForCausalLM Gemma3ForCausalLM Gemma3ForConditionalGeneration Phi3ForCausalLM
PhiForCausalLM OlmoForCausalLM Olmo2ForCausalLM Olmo3ForCausalLM OlmoeForCausalLM DeepseekV2ForCausalLM
DeepseekV3ForCausalLM GPT2LMHeadModel GPTNeoXForCausalLM GptOssForCausalLM FalconForCausalLM BloomForCausalLM
OPTForCausalLM LlavaForConditionalGeneration LlavaNextForConditionalGeneration LlavaOnevisionForConditionalGeneration
Qwen2VLForConditionalGeneration Qwen2_5_VLForConditionalGeneration Qwen3VLForConditionalGeneration
Qwen3VLMoeForConditionalGeneration T5ForConditionalGeneration MT5ForConditionalGeneration UMT5ForConditionalGeneration
BartForConditionalGeneration MBartForConditionalGeneration MarianMTModel PegasusForConditionalGeneration
M2M100ForConditionalGeneration WhisperForConditionalGeneration BertForMaskedLM BertModel BertForSequenceClassification
BertForTokenClassification BertForQuestionAnswering BertForPreTraining RobertaForMaskedLM RobertaModel
RobertaForSequenceClassification RobertaForTokenClassification XLMRobertaForMaskedLM XLMRobertaModel
XLMRobertaForSequenceClassification XLMRobertaForTokenClassification DistilBertForMaskedLM DistilBertModel
DistilBertForSequenceClassification ModernBertForMaskedLM ModernBertForSequenceClassification ModernBertModel
AlbertForMaskedLM ElectraForPreTraining ElectraForMaskedLM DebertaV2ForSequenceClassification DebertaV2ForMaskedLM
DebertaV2Model MPNetModel MPNetForMaskedLM CamembertForMaskedLM ViTForImageClassification ViTModel ViTMAEForPreTraining
DeiTForImageClassification Dinov2Model Dinov2ForImageClassification DINOv3ViTModel BeitForImageClassification
SwinForImageClassification ConvNextForImageClassification ResNetForImageClassification CLIPModel CLIPVisionModel
CLIPTextModel CLIPVisionModelWithProjection CLIPTextModelWithProjection SiglipModel SiglipVisionModel Siglip2Model
Wav2Vec2ForCTC Wav2Vec2Model HubertModel HubertForCTC WavLMModel ASTForAudioClassification ClapModel
Qwen3NextForCausalLM Qwen3_5ForConditionalGeneration Qwen3_5ForCausalLM Qwen3_5MoeForConditionalGeneration
Qwen3_5MoeForCausalLM Lfm2ForCausalLM Lfm2MoeForCausalLM Lfm2VlForConditionalGeneration
Mistral3ForConditionalGeneration Ministral3ForCausalLM MinistralForCausalLM PaliGemmaForConditionalGeneration
Idefics3ForConditionalGeneration SmolVLMForConditionalGeneration SmolLM3ForCausalLM InternVLForConditionalGeneration
Llama4ForCausalLM Llama4ForConditionalGeneration MllamaForConditionalGeneration Gemma3nForConditionalGeneration
Gemma4ForCausalLM Gemma4ForConditionalGeneration GlmForCausalLM Glm4ForCausalLM Glm4MoeForCausalLM
Glm4MoeLiteForCausalLM Glm4vForConditionalGeneration GlmMoeDsaForCausalLM GraniteForCausalLM GraniteMoeForCausalLM
GraniteMoeHybridForCausalLM CohereForCausalLM Cohere2ForCausalLM StableLmForCausalLM Starcoder2ForCausalLM
GPTBigCodeForCausalLM GPTJForCausalLM GPTNeoForCausalLM CodeGenForCausalLM MptForCausalLM PersimmonForCausalLM
NemotronForCausalLM NemotronHForCausalLM JambaForCausalLM MambaForCausalLM Mamba2ForCausalLM FalconMambaForCausalLM
FalconH1ForCausalLM BambaForCausalLM Zamba2ForCausalLM PhimoeForCausalLM Phi4MultimodalForCausalLM
Exaone4ForCausalLM HunYuanDenseV1ForCausalLM HunYuanMoEV1ForCausalLM Ernie4_5ForCausalLM Ernie4_5_MoeForCausalLM
SeedOssForCausalLM ApertusForCausalLM ArceeForCausalLM MiniMaxForCausalLM MiniMaxM2ForCausalLM Dots1ForCausalLM
Qwen2AudioForConditionalGeneration Qwen3OmniMoeForConditionalGeneration VoxtralForConditionalGeneration
BlipForConditionalGeneration Blip2ForConditionalGeneration InstructBlipForConditionalGeneration
Florence2ForConditionalGeneration DetrForObjectDetection SegformerForSemanticSegmentation SamModel
LlamaForSequenceClassification MistralForSequenceClassification Qwen2ForSequenceClassification
Qwen3ForSequenceClassification Qwen2Model Qwen3Model MistralModel LlamaModel GPT2Model
SwitchTransformersForConditionalGeneration LongformerForMaskedLM BigBirdForMaskedLM EsmForMaskedLM XLNetLMHeadModel
LayoutLMv3Model DPTForDepthEstimation DepthAnythingForDepthEstimation VideoMAEForVideoClassification
EuroBertForMaskedLM NomicBertForMaskedLM HeliumForCausalLM FlexOlmoForCausalLM OlmoHybridForCausalLM
VaultGemmaForCausalLM NanoChatForCausalLM LongcatFlashForCausalLM SolarOpenForCausalLM AfmoeForCausalLM
""".split()


class Failure(Exception):
    pass


# ---- models and their published names ----


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


# ---- leaves of configs ----


def get(config, leaf, default=None):
    for key in leaf.split("."):
        if not isinstance(config, dict) or key not in config:
            return default
        config = config[key]
    return config


def put(config, changes):
    """A copy with leaves set; of those whose value is ABSENT, without."""
    config = json.loads(json.dumps(config))
    for leaf, value in changes.items():
        at, *rest = config, *leaf.split(".")
        for key in rest[:-1]:
            if not isinstance(at.get(key), dict):
                at[key] = {}
            at = at[key]
        if value is ABSENT:
            at.pop(rest[-1], None)
        elif rest[-1] == "id2label" and isinstance(value, int):
            at[rest[-1]] = {str(i): f"LABEL_{i}" for i in range(value)}
            at["label2id"] = {f"LABEL_{i}": i for i in range(value)}
        else:
            at[rest[-1]] = value
    return config


ABSENT = type("Absent", (), {"__repr__": lambda self: "absent"})()


def parent(leaf):
    return leaf.rpartition(".")[0]


def base_name(leaf):
    return leaf.rpartition(".")[2]


def config_leaves(config, prefix=""):
    """{leaf: (value, annotation)} of a config object; a dict that is no config is one leaf."""
    found, hints = {}, {}
    for cls in reversed(type(config).__mro__):
        hints |= getattr(cls, "__annotations__", {})
    for key, value in config.to_dict().items():
        actual = getattr(config, key, None)
        if key in IGNORED or key == "model_type" and not prefix:
            continue
        if isinstance(actual, PreTrainedConfig):
            found |= config_leaves(actual, f"{prefix}{key}.")
        elif key == "id2label":
            found[prefix + key] = len(value or {}) or 2, "int"
        else:
            found[prefix + key] = value, str(hints.get(key, ""))
    if "id2label" not in config.to_dict():
        found[prefix + "id2label"] = 2, "int"
    return found


ACTIVATIONS = ["gelu", "relu", "silu", "tanh", "gelu_new", "sigmoid"]
KINDS = ["full_attention", "conv", "linear_attention", "mamba", "attention", "sliding_attention", "chunked_attention"]
KINDS += ["dense", "sparse", "moe", "recurrent", "hybrid"]


def alternatives(leaf, value, hint, strings):
    """Other values that a leaf may have, None among them."""
    name, found = base_name(leaf), []
    nullable = value is None or "None" in hint
    if isinstance(value, bool):
        found = [not value]
    elif isinstance(value, int):
        found = [value + 1, value * 2, value * 3, max(1, value // 2), 0 if value > 1 else 1]
        if re.search(r"(_id|_ids|_token|_index)$", name):
            found = [value + 1, max(0, value - 1), 0]
    elif isinstance(value, float):
        found = [value * 0.5 + 0.01, value * 0.25, value + 1, value * 2]
    elif isinstance(value, str):
        found = [word for word in strings.get(name, []) if word != value]
        if value in ACTIVATIONS or "act" in name:
            found += [word for word in ACTIVATIONS if word != value]
    elif isinstance(value, list):
        found = list_alternatives(value)
    elif isinstance(value, dict):
        found = [{}]
    elif value is None:
        if "int" in hint or not hint:
            found += [1, 2, 7]
        if "float" in hint:
            found += [0.5, 1.5]
        if "bool" in hint or not hint:
            found += [True, False]
        if "str" in hint or not hint:
            found += strings.get(name, ["x", *ACTIVATIONS])
        if "list" in hint:
            found += [[1], [0, 1]]
    return found, nullable


def list_alternatives(value):
    if not value:
        return [[0], [1], [0, 1]]
    if all(isinstance(entry, str) and re.fullmatch(r"stem|stage\d+", entry) for entry in value):
        return [other for other in (["stem"], ["stage1"], ["stem", "stage1"]) if other != value]
    if all(isinstance(entry, str) for entry in value):
        found = [value[::-1], [value[0]] * len(value), [value[-1]] * len(value)]
        found += [[kind] * len(value) for kind in KINDS]
        found += [[kind, *value[1:]] for kind in KINDS]
    elif all(isinstance(entry, (int, float)) for entry in value):
        found = [[not e if isinstance(e, bool) else e + 1 for e in value], [e * 2 for e in value], value[::-1]]
        found += [[not e if isinstance(e, bool) else e + 1 for e in value[:1]] + value[1:], value + value[-1:]]
        if all(type(entry) is int for entry in value):
            found += [value + [max(value) + 1], value[:1] if len(value) > 1 else value + [value[0] + 1]]
    else:
        found = [value[::-1]]
    return [entry for entry in found if entry != value]


def compared_strings(cls):
    """{key of a config: words that the sources of a model compare it with}."""
    found = {}
    folder = pathlib.Path(inspect.getfile(cls)).parent
    for file in sorted(folder.glob("*.py")):
        text = file.read_text()
        for key, words in re.findall(r"(\w+)\s*(?:==|!=|in|not in)\s*([\[({]?(?:\s*\"[\w-]+\",?\s*)+)", text):
            found.setdefault(key, []).extend(re.findall(r"\"([\w-]+)\"", words))
        for key, words in re.findall(r"(\w+)\s*:[^\n]*Literal\[([^\]]*)\]", text):
            found.setdefault(key, []).extend(re.findall(r"\"([\w-]+)\"", words))
    return {key: list(dict.fromkeys(words)) for key, words in found.items()}


# ---- random sizes ----

UNIT = 48
HEADS = [2, 3, 4, 6, 8, 12]
ODD_HEADS = [5, 7, 10]  # do not divide UNIT: not all models allow it


def draw(leaf, base, dice):
    """A random value of an integer leaf; multiples of UNIT where others have to divide it."""
    name = base_name(leaf)
    small = lambda low, high: dice.randint(low, high)
    if isinstance(base, list):
        return sorted(dice.sample(range(6), small(1, 4)))
    rules = [
        (r"id2label", lambda: small(3, 20)),
        (r"vocab|num_embeddings|codebook_size", lambda: small(60, 400)),
        (r"_experts?$|^n_experts|experts", lambda: small(2, 6)),
        (r"first_k_dense|dense_layers|moe_layer_start", lambda: small(0, 4)),
        (r"(^|_)(layers?|depth|blocks|hidden_layers)$", lambda: small(1, 5)),
        (r"kv_heads|key_value_heads|num_key_heads|^multi_query", lambda: dice.choice([1, 2, 4])),
        (r"head_dim|dim_head|d_head|d_kv|head_size|rope_dim", lambda: 2 * small(3, 40)),
        (r"heads?$", lambda: dice.choice(HEADS * 2 + ODD_HEADS)),
        (r"image_size|spec_size|input_size|resolution|img_size", lambda: UNIT * small(1, 4)),
        (r"patch_size", lambda: dice.choice(HEADS)),
        (r"position|max_(seq|source|target|text)|context|window|n_ctx", lambda: small(20, 200)),
        (r"_rank$", lambda: 2 * small(2, 40)),
        (r"intermediate|inner|ffn|d_ff|mlp_dim|feed_forward", lambda: UNIT * small(1, 15)),
        (r"^num_|_num$", lambda: max(1, base) * small(1, 4)),
        (r"kernel", lambda: dice.choice([1, 3, 5, 7])),
        (r"size|dim$|_dim_|channels|width|d_model|embd|units|filters|^dim|hidden", lambda: UNIT * small(1, 12)),
    ]
    for pattern, rule in rules:
        if re.search(pattern, name):
            return rule()
    return max(1, base) * small(1, 4)


# ---- names as patterns with loops ----


def tokens(name):
    return re.split(r"(\d+)", name)


def numbers(name):
    return tuple(int(part) for part in tokens(name)[1::2])


def pattern_of(name, literal=()):
    """The name with {} for each number, but those at literal positions."""
    parts = tokens(name)
    for place, at in enumerate(range(1, len(parts), 2)):
        if place not in literal:
            parts[at] = "{}"
    return "".join(parts)


class Shapes:
    """Tensors of one sample, by pattern: {pattern: {numbers: shape}}."""

    def __init__(self, tensors, literal):
        self.found = {}
        for name, shape in tensors.items():
            loose = pattern_of(name)
            fixed = literal.get(loose, ())
            at = tuple(n for place, n in enumerate(numbers(name)) if place not in fixed)
            self.found.setdefault(pattern_of(name, fixed), {})[at] = shape


# ---- expressions ----


def monomials(leaves, columns):
    """(text, column, cost): products and quotients of leaves."""
    atoms = [(leaf, columns[leaf], 1) for leaf in leaves]
    for a, b in itertools.permutations(leaves, 2):
        if numpy.all(columns[b] > 0) and numpy.all(columns[a] >= columns[b]):
            atoms.append((f"({a}//{b})", columns[a] // columns[b], 2))
    found = list(atoms)
    degrees = (2, 3) if len(leaves) < 4 else (2,)
    for degree in degrees:
        pool = atoms if degree == 2 else atoms[: len(leaves)]
        for several in itertools.combinations_with_replacement(pool, degree):
            found.append(
                ("*".join(atom[0] for atom in several), math_prod(several), sum(atom[2] for atom in several) + 1)
            )
    found.sort(key=lambda entry: (entry[2], len(entry[0])))
    return found[:60]


def math_prod(several):
    result = several[0][1]
    for atom in several[1:]:
        result = result * atom[1]
    return result


def fit(leaves, columns, target):
    """The text of an expression of some leaves that gives the target in all samples, or None."""
    if numpy.all(target == target[0]):
        return int(target[0])
    if not leaves or len(leaves) > 5:
        return None
    pool = monomials(leaves, columns)
    target = target.astype(float)
    ones = numpy.ones(len(target))
    for terms in (1, 2, 3):
        if terms == 3:
            pool = pool[: 24]
        for constant in (False, True):
            for several in itertools.combinations(pool, terms):
                matrix = numpy.stack([entry[1].astype(float) for entry in several] + [ones] * constant, axis=1)
                solution, _, rank, _ = numpy.linalg.lstsq(matrix, target, rcond=None)
                if rank < matrix.shape[1] or numpy.abs(matrix @ solution - target).max() > 1e-6:
                    continue
                text = written([entry[0] for entry in several], solution, constant)
                if text is not None:
                    return text
    for a, b in itertools.permutations(leaves, 2):
        if numpy.all(numpy.minimum(columns[a], columns[b]) == target):
            return f"min({a},{b})" if a > b else f"min({b},{a})"
    return None


def written(texts, solution, constant):
    parts = []
    for text, value in zip([*texts, ""], solution):
        ratio = Fraction(float(value)).limit_denominator(16)
        if abs(float(ratio) - value) > 1e-6 or ratio == 0 or abs(ratio) > 4096:
            return None
        top, bottom = abs(ratio.numerator), ratio.denominator
        if not text:
            body = str(top) if bottom == 1 else None
            if body is None:
                return None
        else:
            body = text if top == 1 else f"{top}*{text}"
            if bottom != 1:
                body = f"{body}//{bottom}" if "//" not in body else f"({body})//{bottom}"
        parts.append(("-" if ratio < 0 else "+", body))
    parts.sort(key=lambda part: part[0] == "-")
    if parts[0][0] == "-":
        return None
    return "".join(sign + body for sign, body in parts)[1:].strip("+") if parts else None


def tidy(text):
    """Without brackets around the whole."""
    if isinstance(text, str) and text.startswith("(") and text.endswith(")") and text.count("(") == 1:
        return text[1:-1]
    return text


# ---- making a template ----


class Maker:
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

    # the base: a small config, without the lists that follow from the number of layers

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

    # what matters

    def tensors(self, changes):
        return self.builder.tensors(put(self.base, changes))

    def classify(self):
        """Sorts the leaves: irrelevant; sizes (integers); toggles (booleans and what may be null); fixed."""
        strings = compared_strings(self.cls)
        self.choices, self.good, self.irrelevant, matters = {}, {}, set(), []
        unknown = []
        for leaf, (value, hint) in self.leaves.items():
            found, nullable = alternatives(leaf, value, hint, strings)
            value_type = "model_type" if base_name(leaf) == "model_type" else None
            if value_type or not found:
                unknown.append(leaf)
            else:
                self.choices[leaf] = found, nullable
        sizes = [leaf for leaf in self.choices if type(self.leaves[leaf][0]) is int and self.is_size(leaf)]
        others = [leaf for leaf in self.choices if leaf not in sizes]
        single = [leaf for leaf in others if isinstance(self.leaves[leaf][0], (str, list))]  # each of many words
        safe = self.same_group([(leaf, 0) for leaf in others if leaf not in single])
        second = [leaf for leaf in safe if len(self.choices[leaf][0]) > 1 or self.choices[leaf][1]]
        safer = self.same_group([(leaf, 1) for leaf in second])
        self.irrelevant = {leaf for leaf in safe if leaf not in second or leaf in safer}
        matters = [leaf for leaf in others if leaf not in self.irrelevant]
        self.sizes, self.toggles, self.fixed, self.depends = [], [], {}, {}
        self.failing = {}
        for leaf in unknown:
            self.fixed[leaf] = self.leaves[leaf][0]
        for leaf in sizes + matters:
            self.late()
            if leaf == "stage_names" and "Backbone" not in self.name:  # follows from other leaves
                self.irrelevant.add(leaf)
                self.good[leaf] = [self.leaves[leaf][0]]
            else:
                self.sort_one(leaf)
        self.reconsider()
        kept = {}
        for leaf, value in self.fixed.items():
            default = self.default_leaves.get(leaf, (value, ""))[0]
            if default != value and not isinstance(value, dict) and base_name(leaf) != "model_type":
                if self.tensors({**kept, leaf: default}) is not None:
                    kept[leaf] = default
        self.fixed |= kept

    def is_size(self, leaf):
        return not re.search(r"(_id|_ids|_token|_index)$", base_name(leaf))

    def choice(self, leaf, number):
        """The alternative of a leaf with this number: those of its list, then null."""
        found, nullable = self.choices[leaf]
        found = found + [None] * (nullable and self.leaves[leaf][0] is not None)
        return found[min(number, len(found) - 1)]

    def same_group(self, pairs):
        """Those leaves that may be changed without a change of tensors, in halves of halves."""
        if not pairs:
            return []
        self.late()
        if self.tensors({leaf: self.choice(leaf, number) for leaf, number in pairs}) == self.base_tensors:
            for leaf, number in pairs:
                self.good.setdefault(leaf, []).append(self.choice(leaf, number))
            return [leaf for leaf, _ in pairs]
        if len(pairs) == 1:
            leaf, number = pairs[0]
            found, nullable = self.choices[leaf]
            tries = len(found) + (nullable and self.leaves[leaf][0] is not None)
            tensors = self.tensors({leaf: self.choice(leaf, number)})
            if tensors is None and number + 1 < min(tries, 14):
                return self.same_group([(leaf, number + 1)])
            return []
        half = len(pairs) // 2
        return self.same_group(pairs[:half]) + self.same_group(pairs[half:])

    def sort_one(self, leaf):
        value, hint = self.leaves[leaf]
        found, nullable = self.choices[leaf]
        results = []
        for choice in (found + [None] * (nullable and value is not None))[:14]:
            changes = {leaf: choice}
            for kinds, (count, words) in self.kinds.items():
                if count == leaf and type(choice) is int:
                    changes[kinds] = [words[i % len(words)] for i in range(choice)]
            tensors = self.tensors(changes)
            if tensors is not None:
                results.append((choice, tensors))
        if not results:
            self.fixed[leaf] = value
        elif all(tensors == self.base_tensors for _, tensors in results):
            self.irrelevant.add(leaf)
            self.good[leaf] = [choice for choice, _ in results]
        elif type(value) is bool:
            self.toggles.append((leaf, [False, True]))
        elif type(value) is int and self.is_size(leaf):
            self.probe_size(leaf, results)
        elif leaf in self.kinds:
            pass
        elif self.length_only(leaf, results):
            self.sizes.append(leaf)
            self.failing[leaf] = False
        elif self.layer_count(leaf, value):
            raise Failure(f"{leaf} matters")
        else:
            self.fixed[leaf] = value

    def reconsider(self):
        """Looks again for what is irrelevant, with each toggle the other way round."""
        base, base_tensors, done = self.base, self.base_tensors, set()
        while True:
            todo = [(leaf, v) for leaf, values in self.toggles for v in values if v != "size" and (leaf, v) not in done]
            if not todo:
                break
            leaf, value = todo[0]
            done.add((leaf, value))
            self.base = put(base, {leaf: value})
            self.base_tensors = self.tensors({})
            if self.base_tensors is None or self.base_tensors == base_tensors:
                continue
            for number in (0, 1):
                pairs = [(other, number) for other in sorted(self.irrelevant) if len(self.good[other]) > number]
                good = self.good
                self.choices = {**self.choices, **{other: (good[other], False) for other, _ in pairs}}
                self.good = {}
                same = set(self.same_group(pairs))
                self.good = good
                for other, _ in pairs:
                    if other not in same:
                        self.irrelevant.discard(other)
                        value_of_other = self.leaves[other][0]
                        if type(value_of_other) is bool:
                            self.toggles.append((other, [False, True]))
                        elif type(value_of_other) is int and self.is_size(other):
                            self.sizes.append(other)
                            self.failing[other] = False
                        else:
                            self.fixed[other] = value_of_other
        self.base, self.base_tensors = base, base_tensors

    def length_only(self, leaf, results):
        """Whether of a list of integers only the number of entries matters."""
        value, by_length = self.leaves[leaf][0], {}
        if not isinstance(value, list) or not value or not all(type(entry) is int for entry in value):
            return False
        by_length.setdefault(len(value), []).append(self.base_tensors)
        for choice, tensors in results:
            if choice is not None:
                by_length.setdefault(len(choice), []).append(tensors)
        several = [results for results in by_length.values() if len(results) > 1]
        return len(by_length) > 1 and bool(several) and all(t == results[0] for results in several for t in results)

    def layer_count(self, leaf, value):
        """The leaf that is how many entries a list of words has, one for each layer."""
        if isinstance(value, list) and value and all(isinstance(word, str) for word in value):
            for key in form_configs.LAYERS:
                count = f"{parent(leaf)}.{key}".lstrip(".")
                if count in self.leaves and self.leaves[count][0] == len(value):
                    return count

    def probe_size(self, leaf, results):
        value = self.leaves[leaf][0]
        if re.search(r"_step$|interval|period|frequency|offset|pattern|_every", leaf):
            self.fixed[leaf] = value
            return
        worked = sum(
            self.tensors(self.draw_kinds({leaf: draw(leaf, value, self.dice)})) is not None for _ in range(4)
        )
        multiples = [choice for choice, _ in results if choice is not None and choice not in (0, value)]
        if worked == 0 and not multiples:
            self.fixed[leaf] = value
            return
        self.sizes.append(leaf)
        self.failing[leaf] = worked == 0
        for choice, tensors in results:
            if choice == 0 and choice is not None and not re.search(r"shared|nextn|mtp|rank|quer|types", leaf):
                continue
            if choice in (None, 0) and tensors.keys() != self.base_tensors.keys():
                self.toggles.append((leaf, [choice, "size"]))
                break

    def old_keys(self, template):
        """Those of OLD_KEYS, dotted, that the class does not know and that change nothing, whatever their value."""
        prefixes = [""] + sorted({parent(leaf) + "." for leaf in self.leaves if parent(leaf)})
        known = set(self.leaves) | set(template["defaults"]) | set(template["irrelevant"])
        todo = [prefix + key for prefix in prefixes for key in OLD_KEYS if prefix + key not in known]
        self.good = {}
        for value in (3, True, "absolute", 0.5, None):
            factors = {leaf for leaf in todo if leaf.endswith("_factor")}  # no other value makes a model
            self.choices = {leaf: ([0.5 if leaf in factors else value], False) for leaf in todo}
            self.leaves |= {leaf: (None, "") for leaf in todo}
            todo = self.same_group([(leaf, 0) for leaf in todo])
        return todo

    def tied(self):
        """The names that a folder has if what may be tied was not one in memory, each as a list of its variants."""
        found = {}
        ties = {leaf: True for leaf in self.leaves if base_name(leaf) == TIES}
        for changes in ({}, ties):
            config = put(self.base, changes)
            tied, loose = self.builder.tensors(config), self.builder.tensors(config, tie=False)
            for name in sorted((loose or {}).keys() - (tied or loose).keys()):
                found[name] = [name, *(variant[name] for variant in self.builder.variants)]
        return list(found.values())

    # samples

    def draw_all(self, sizes, toggles, ties):
        changes = {}
        for leaf in sizes:
            base = self.leaves[leaf][0]
            changes[leaf] = base * self.dice.choice([1, 2, 3, 4]) if self.failing[leaf] else draw(leaf, base, self.dice)
        for leaf, values in toggles:
            value = self.dice.choice(values)
            if value != "size":
                changes[leaf] = value
        if self.pairs and self.dice.random() < 0.3:
            leaf, other = self.dice.choice(self.pairs)
            changes[leaf] = changes[other]
        for leaf, other in ties.items():
            changes[leaf] = changes[other]
        return self.draw_kinds(changes)

    def draw_kinds(self, changes):
        """The lists of words, as long as there are layers."""
        for leaf, (count, words) in self.kinds.items():
            if type(changes.get(count)) is int and len(changes.get(leaf, ())) != changes[count]:
                changes[leaf] = [self.dice.choice(words) for _ in range(changes[count])]
        return changes

    def equal_sizes(self, sizes, toggles, ties):
        """Sizes as in draw_all, many of them equal."""
        changes = self.draw_all(sizes, toggles, ties)
        one = UNIT * self.dice.choice([1, 2])
        for leaf in changes:
            if leaf in sizes and type(changes[leaf]) is int and changes[leaf] >= UNIT and changes[leaf] % UNIT == 0:
                changes[leaf] = one
        return changes

    def sample(self, count, drawn, sizes, toggles, ties, least=None):
        found, tries = [], 0
        while len(found) < count and tries < 4 * count:
            self.late()
            tries += 1
            changes = drawn(sizes, toggles, ties)
            tensors = self.tensors({**self.fixed_changes, **changes})
            if tensors is not None:
                found.append((changes, tensors))
        if len(found) < (count if least is None else least):
            raise Failure(f"only {len(found)} of {tries} random configs make a model: {self.builder.last}")
        return found

    # fitting

    def literal_places(self, samples):
        """{pattern: places whose numbers are the same in all samples}."""
        seen = {}
        for _, tensors in samples:
            mine = {}
            for name in tensors:
                mine.setdefault(pattern_of(name), []).append(numbers(name))
            for pattern, several in mine.items():
                sets = tuple(frozenset(values) for values in zip(*several))
                seen.setdefault(pattern, set()).add(sets)
        found = {}
        for pattern, variants in seen.items():
            places = range(len(next(iter(variants))))
            found[pattern] = tuple(p for p in places if len({sets[p] for sets in variants}) == 1)
            found[pattern] = tuple(p for p in found[pattern])
        return found

    def relevant(self, value_of, sizes):
        """The sizes on whose change alone a quantity of the base changes."""
        base = value_of(self.base_shapes)
        return [leaf for leaf in sizes if any(value_of(shapes) != base for shapes in self.single_shapes[leaf])]

    def fit_all(self, sizes, toggles, ties):
        samples = self.sample(SAMPLES, self.draw_all, sizes, toggles, ties)
        for leaf, _ in toggles:  # a base with all there is
            pass
        free = [leaf for leaf in sizes if leaf not in ties]
        singles = self.singles(free, toggles, ties, samples)
        everything = samples + [pair for several in singles.values() for pair in several]
        literal = self.literal_places(everything)
        shapes = [Shapes(tensors, literal).found for _, tensors in samples]
        single_shapes = {
            leaf: [Shapes(tensors, literal).found for _, tensors in several] for leaf, several in singles.items()
        }
        entries = []
        patterns = list(dict.fromkeys(pattern for found in shapes for pattern in found))
        for pattern in patterns:
            entries += self.fit_kinds(pattern, samples, shapes, single_shapes, free, toggles)
        return entries

    def fit_kinds(self, pattern, samples, shapes, single_shapes, free, toggles):
        """The entries of a pattern: one, or one for each kind of layer if they have other shapes."""
        if all(len(set(found.get(pattern, {}).values())) < 2 for found in shapes):
            return [self.fit_pattern(pattern, samples, shapes, single_shapes, free, toggles)]
        for leaf, (_, words) in self.kinds.items():
            for place in range(pattern.count("{}")):
                entries = []
                for word in words:
                    part = [self.part(pattern, found, samples[i][0][leaf], place, word) for i, found in enumerate(shapes)]
                    if not any(part):
                        continue
                    if any(len(set(found.get(pattern, {}).values())) > 1 for found in part):
                        break
                    singles = {key: [{}] * len(several) for key, several in single_shapes.items()}
                    for key, several in single_shapes.items():
                        if key != self.kinds[leaf][0]:
                            lists = [samples[number][0][leaf] for number in self.single_origin[key]]
                            singles[key] = [self.part(pattern, f, l, place, word) for f, l in zip(several, lists)]
                    entries.append(self.fit_pattern(pattern, samples, part, singles, free, toggles, (place, leaf, word)))
                else:
                    return entries
        return [self.fit_pattern(pattern, samples, shapes, single_shapes, free, toggles)]

    def part(self, pattern, found, words, place, word):
        """What is of the layers of one kind."""
        chosen = {at: s for at, s in found.get(pattern, {}).items() if at[place] < len(words) and words[at[place]] == word}
        return {pattern: chosen} if chosen else {}

    def kind_loop(self, pattern, place, present, samples, shapes):
        for leaf, (_, words) in self.kinds.items():
            for word in words:
                for sign in ("=", "!="):
                    if all(
                        {at[place] for at in shapes[i][pattern]}
                        == {n for n, w in enumerate(samples[i][0][leaf]) if (w == word) == (sign == "=")}
                        for i in present
                    ):
                        return f"{leaf}{sign}{word}"

    def singles(self, free, toggles, ties, samples):
        """{leaf: pairs}: the first samples, and each again with one leaf changed."""
        self.origins, found = [], {}
        patterns = [{pattern_of(name) for name in tensors} for _, tensors in samples]
        wanted, chosen = {pattern: 2 for several in patterns for pattern in several}, []
        while len(chosen) < 7 and (len(chosen) < 3 or any(wanted.values())):
            rest = [i for i in range(len(samples)) if i not in chosen]
            best = max(rest, key=lambda i: sum(wanted[pattern] for pattern in patterns[i]))
            chosen.append(best)
            for pattern in patterns[best]:
                wanted[pattern] = max(0, wanted[pattern] - 1)
        samples[:] = [samples[i] for i in chosen] + [pair for i, pair in enumerate(samples) if i not in chosen]
        self.origins += samples[: len(chosen)]
        for leaf in free:
            found[leaf] = []
            for number, (changes, _) in enumerate(self.origins):
                for attempt in range(5):
                    self.late()
                    value = draw(leaf, self.leaves[leaf][0], self.dice)
                    if attempt == 0 and re.search(r"heads?$", leaf) and value in HEADS and changes[leaf] in HEADS:
                        value = self.dice.choice(ODD_HEADS)  # what divides UNIT may seem not to matter
                    if self.failing[leaf]:
                        value = self.leaves[leaf][0] * self.dice.choice([1, 2, 3, 4, 5])
                    if value == changes[leaf]:
                        continue
                    changed = {**changes, leaf: value}
                    changed |= {tied: changed[other] for tied, other in ties.items()}
                    tensors = self.tensors({**self.fixed_changes, **self.draw_kinds(changed)})
                    if tensors is not None:
                        found[leaf].append((number, tensors))
                        break
        self.single_origin = {leaf: [number for number, _ in several] for leaf, several in found.items()}
        return {leaf: [(None, tensors) for _, tensors in several] for leaf, several in found.items()}

    def dependence(self, value_of, shapes, single_shapes):
        found = []
        for leaf, several in single_shapes.items():
            for number, changed in zip(self.single_origin[leaf], several):
                before, after = value_of(shapes[number]), value_of(changed)
                if before != after and before is not None and after is not None:
                    found.append(leaf)
                    break
        return found

    def fit_pattern(self, pattern, samples, shapes, single_shapes, free, toggles, kind=None):
        places = pattern.count("{}")
        present = [i for i, found in enumerate(shapes) if pattern in found]

        def fitted(value_of, what):
            target = numpy.array([value_of(shapes[i]) for i in present])
            if numpy.all(target == target[0]):
                if len(target) < 4:
                    raise Unfit(f"{what} of {pattern}: too few samples", pattern)
                return int(target[0])
            leaves = self.dependence(value_of, shapes, single_shapes)
            rows = [i for i in present if all(type(samples[i][0].get(leaf)) in (int, list) for leaf in leaves)]
            if len(rows) < 6:
                raise Unfit(f"{what} of {pattern}: too few samples", pattern)
            columns = {}
            for leaf in leaves:
                values = [samples[i][0][leaf] for i in rows]
                if isinstance(values[0], list):
                    columns["#" + leaf] = numpy.array([len(value) for value in values])
                else:
                    columns[leaf] = numpy.array(values)
            return tidy(fit(list(columns), columns, numpy.array([value_of(shapes[i]) for i in rows])))

        # loops
        loops = []
        for place in range(places):
            if kind and kind[0] == place:
                loops.append(f"{kind[1]}={kind[2]}")
                continue
            if self.kinds and self.kind_loop(pattern, place, present, samples, shapes):
                loops.append(self.kind_loop(pattern, place, present, samples, shapes))
                continue
            low = lambda found, p=place: min(at[p] for at in found[pattern]) if pattern in found else None
            high = lambda found, p=place: max(at[p] for at in found[pattern]) + 1 if pattern in found else None
            for i in present:
                mine = sorted({at[place] for at in shapes[i][pattern]})
                if mine != list(range(mine[0], mine[-1] + 1)):
                    raise Unfit(f"numbers of {pattern} have gaps", pattern)
            start, end = fitted(low, "first number"), fitted(high, "last number")
            if start is None or end is None:
                raise Unfit(f"numbers of {pattern} follow no expression", pattern)
            loops.append(end if start == 0 else [start, end])
        for i in present:
            keys = list(shapes[i][pattern])
            count = math.prod(len({key[p] for key in keys}) for p in range(places))
            if count != len(keys):
                raise Unfit(f"numbers of {pattern} do not vary alone", pattern)
        # dimensions
        ranks = {len(shape) for i in present for shape in shapes[i][pattern].values()}
        if len(ranks) != 1:
            raise Unfit(f"{pattern} has several ranks", pattern)
        shape = []
        for dim in range(ranks.pop()):
            varies = any(len({s[dim] for s in shapes[i][pattern].values()}) > 1 for i in present)
            size = None
            if not varies:
                value = lambda found, d=dim: next(iter(found[pattern].values()))[d] if pattern in found else None
                try:
                    size = fitted(value, "size")
                except Unfit:
                    size = None
            if size is None and not self.lenient:
                raise Unfit(f"size {dim} of {pattern} follows no expression", pattern)
            shape.append("?" if size is None else size)
        # conditions
        entry = {"name": pattern}
        absent = [i for i, found in enumerate(shapes) if pattern not in found]
        absent = [i for i in absent if not self.empty(loops, samples[i][0])]
        if absent:
            entry["if"] = self.condition(pattern, samples, present, absent, toggles)
        if loops:
            entry["loops"] = {"ijkl"[place]: loop for place, loop in enumerate(loops)}
            for place in range(places):
                entry["name"] = entry["name"].replace("{}", "{" + "ijkl"[place] + "}", 1)
        entry["shape"] = shape
        return entry

    def empty(self, loops, changes):
        for loop in loops:
            start, end = loop if isinstance(loop, list) else (0, loop)
            values = form_templates.Values({"defaults": changes}, changes)
            try:
                if isinstance(loop, str) and "=" in loop:
                    if not values.numbers(loop):
                        return True
                elif values.evaluate(end) <= values.evaluate(start):
                    return True
            except form_templates.Unknown:
                pass
        return False

    def condition(self, pattern, samples, present, absent, toggles):
        literals = [(leaf, sign) for leaf, _ in toggles for sign in (True, False)]
        literals += [(f"{a}={b}", sign) for a, b in self.pairs for sign in (True, False)]

        def truth(i, leaf):
            a, _, b = leaf.partition("=")
            return samples[i][0].get(a) == samples[i][0].get(b) if b else bool(samples[i][0].get(leaf))

        for count in (1, 2, 3):
            for several in itertools.combinations(literals, count):
                holds = lambda i: all(truth(i, leaf) == sign for leaf, sign in several)
                if all(map(holds, present)) and not any(map(holds, absent)):
                    return "&".join(("" if sign else "!") + leaf for leaf, sign in several)
        sizes = [leaf for leaf in samples[0][0] if type(samples[0][0][leaf]) is int]
        for a, b in itertools.combinations(sizes, 2):  # where two sizes differ, perhaps: then with more samples
            if parent(a) == parent(b) and (a, b) not in self.pairs and len(self.pairs) < 8:
                equal = [i for i in range(len(samples)) if samples[i][0].get(a) == samples[i][0].get(b)]
                if set(absent) <= set(equal) or set(present) <= set(equal):
                    self.pairs.append((a, b))
        raise Unfit(f"when there is {pattern} follows no condition", pattern)

    # the whole

    def make(self):
        self.find_base()
        self.classify()
        ties, toggles, sizes = {}, list(self.toggles), list(self.sizes)
        self.set_fixed({})
        self.pairs = []
        self.pairs = [(a, b) for a, b in self.equal_in_default(sizes, ties) if (b, a) not in self.pairs or a > b]
        last = None
        for lenient in (False, True):
            if lenient and "size" not in (last or ""):
                break
            for gone, tied in list(self.plans(toggles, sizes))[lenient:]:
                self.late()
                self.lenient = lenient
                rest = [toggle for toggle in toggles if toggle not in gone]
                before = dict(self.fixed)
                free = list(sizes)
                for leaf, values in gone:
                    default = self.default_leaves.get(leaf, self.leaves[leaf])[0]
                    if "size" not in values or default is None:
                        self.fixed[leaf] = default
                        free = [size for size in free if size != leaf]
                self.set_fixed({})
                try:
                    entries = self.fit_all(free, rest, tied)
                    template = self.template(entries, free, rest, tied)
                    self.with_variants(template, free, rest, tied)
                    self.validate(template, free, rest, tied)
                    return template
                except (Unfit, Mismatch) as problem:
                    last = last or str(problem)
                    if "--trace" in sys.argv:
                        print("   ", [leaf for leaf, _ in gone], tied, problem)
                self.fixed = before
        raise Failure(last)

    def plans(self, toggles, sizes):
        """What to try: as it is, with one toggle fixed, with more of them, with a size tied to another."""
        loose = [toggle for toggle in toggles if base_name(toggle[0]) != TIES]
        yield [], {}
        yield [], {}
        for toggle in loose:
            yield [toggle], {}
        if len(loose) > 1:
            yield loose, {}
        for a, b in self.pairs[:4]:
            yield [], {a: b}
        if len(toggles) > len(loose):
            yield toggles, {}

    def with_variants(self, template, sizes, toggles, ties):
        """The template with a list of names where a variant has others."""
        variants = []
        for _ in range(12):
            if self.tensors({**self.fixed_changes, **self.draw_all(sizes, toggles, ties)}) is not None:
                for number, variant in enumerate(self.builder.variants):
                    variants += [{}] * (number + 1 - len(variants))
                    variants[number] = variants[number] | variant
        for entry in template["tensors"]:
            names = [entry["name"]]
            for variant in variants:
                pattern = re.compile("^" + re.sub(r"\\\{\w\\\}", r"(\\d+)", re.escape(entry["name"])) + "$")
                renamed = set()
                for name, other in variant.items():
                    match = pattern.match(name)
                    if match:
                        parts = re.split(r"(\{\w\})", entry["name"])
                        parts[1::2] = match.groups()
                        renamed |= set(self.renamed(entry["name"], name, other))
                if len(renamed) != 1:
                    raise Failure(f"{entry['name']} has no one name in a variant")
                names += renamed
            if len(set(names)) > 1:
                entry["name"] = names
                template["variants"] = len(names)

    def renamed(self, pattern, name, other):
        """The pattern of a name with the change of its beginning that makes the name another."""
        end = 0
        while end < min(len(name), len(other)) and name[-1 - end] == other[-1 - end]:
            end += 1
        before, after = name[: len(name) - end], other[: len(other) - end]
        if re.search(r"\d", before + after) or not pattern.startswith(before):
            raise Failure(f"{name} is {other} in a variant")
        yield after + pattern[len(before) :]

    def set_fixed(self, more):
        self.fixed |= more
        self.fixed_changes = {
            leaf: value
            for leaf, value in self.fixed.items()
            if base_name(leaf) != "model_type" and not isinstance(value, dict) and value != self.leaves[leaf][0]
        }

    def equal_in_default(self, sizes, ties):
        values = {leaf: self.default_leaves.get(leaf, (None,))[0] for leaf in sizes}
        found = []
        for a, b in itertools.permutations(sizes, 2):
            if values[a] is not None and values[a] == values[b] and parent(a) == parent(b) and a not in ties:
                if re.search(r"hidden|model|embd", base_name(b)) and not re.search(r"layers|heads", a + b):
                    found.append((a, b))
        return found

    def template(self, entries, sizes, toggles, ties):
        used = set(ties) | set(self.fixed)
        for entry in entries:
            texts = list(entry["shape"]) + [entry.get("if", "")]
            for loop in entry.get("loops", {}).values():
                texts += loop if isinstance(loop, list) else [re.sub("!?=.*", "", str(loop))]
            for text in texts:
                if isinstance(text, str):
                    used |= set(re.findall(r"[A-Za-z_][\w.]*", text)) - {"min"}
        used |= {ties[leaf] for leaf in ties} | set(self.kinds)
        for leaf in sizes + [leaf for leaf, _ in toggles]:
            if leaf not in used:  # matters, and in no expression: a dimension is "?"
                used.add(leaf)
        template = {"defaults": {}, "null": {}, "fixed": {}, "irrelevant": sorted(self.irrelevant), "tensors": entries}
        for leaf in sorted(used):
            template["defaults"][leaf] = self.default_of(leaf, sizes, ties)
            null = self.null_of(leaf, sizes, ties)
            if null is not None:
                template["null"][leaf] = null
        if self.kinds:
            template["kinds"] = {leaf: words for leaf, (_, words) in sorted(self.kinds.items())}
        template["defaults"]["model_type"] = self.cls.config_class.model_type
        template["fixed"] = {"model_type": self.cls.config_class.model_type}
        template["fixed"] |= {leaf: value for leaf, value in sorted(self.fixed.items())}
        template["fixed"] |= {leaf: f"={other}" for leaf, other in ties.items()}
        template["defaults"] = dict(sorted(template["defaults"].items()))
        return {key: value for key, value in template.items() if value or key in ("defaults", "irrelevant")}

    def default_of(self, leaf, sizes, ties):
        """What a leaf is if config.json leaves it out: a value, or an expression of the others."""
        if leaf in self.hidden:
            return self.hidden[leaf]
        seen, rows = [], []
        for _ in range(5):
            changes = self.draw_all(sizes, [], ties)
            if leaf in self.kinds:
                break
            try:
                with contextlib.redirect_stderr(io.StringIO()):
                    config = self.builder.config(put(self.base, {**self.fixed_changes, **changes, leaf: ABSENT}))
                    if leaf not in config_leaves(config):
                        break
                    value = config_leaves(config)[leaf][0]
            except Exception:
                continue
            seen.append(value)
            rows.append({key: value for key, value in changes.items() if key != leaf})
        if not seen:
            return {"needed": True}
        if all(form_templates.same(value, seen[0]) for value in seen):
            return seen[0]
        if all(type(value) is int and value > 0 for value in seen):
            text = self.simple(seen, rows, leaf)
            if text is not None:
                return "=" + text
        return {"needed": True}

    def simple(self, target, rows, leaf):
        """A leaf, or a quotient of two, that gives the target in all rows."""
        near = [key for key in rows[0] if parent(key) == parent(leaf) and type(rows[0][key]) is int]
        for key in near:
            if all(row[key] == value for row, value in zip(rows, target)):
                return key
        for a, b in itertools.permutations(near, 2):
            if all(row[b] and row[a] // row[b] == value for row, value in zip(rows, target)):
                return f"{a}//{b}"
        for key in near:
            for factor in (2, 3, 4, 8):
                if all(row[key] * factor == value for row, value in zip(rows, target)):
                    return f"{factor}*{key}"
        return None

    def null_of(self, leaf, sizes, ties):
        """What null stands for: an expression, if there is one whose value has the same effect."""
        if leaf in self.fixed or leaf in ties or leaf not in sizes or isinstance(self.leaves[leaf][0], list):
            return None
        rows, results = [], []
        for _ in range(24):
            if len(rows) == 8:
                break
            changes = self.draw_all(sizes, [], ties)
            tensors = self.tensors({**self.fixed_changes, **changes, leaf: ABSENT if leaf in self.hidden else None})
            if tensors is not None:
                rows.append(changes)
                results.append(tensors)
        if len(rows) < 4:
            return None
        near = [key for key in sizes if parent(key) == parent(leaf) and key != leaf]
        near = [key for key in near if not isinstance(self.leaves[key][0], list)]
        candidates = [(key, lambda row, k=key: row[k]) for key in near]
        for factor in (2, 3, 4, 8):
            candidates += [(f"{factor}*{key}", lambda row, k=key, f=factor: f * row[k]) for key in near]
        for a, b in itertools.permutations(near, 2):
            candidates.append((f"{a}//{b}", lambda row, a=a, b=b: row[a] // max(1, row[b])))
        for text, value in candidates:
            self.late()
            if all(value(row) > 0 for row in rows) and all(
                self.tensors({**self.fixed_changes, **row, leaf: value(row)}) == tensors
                for row, tensors in zip(rows, results)
            ):
                return "=" + text
        return None

    # checking

    def foretold(self, template, json_config, kind, full=False):
        tensors = self.builder.tensors(json_config)
        if tensors is None:
            return None
        given = self.builder.full(json_config) if full else json_config
        given = json.loads(json.dumps(given, default=str))
        why = []
        wanted = form_templates.expected(
            {"ignored": ignored(), "templates": {"X": compact(template)}},
            {**given, "architectures": ["X"]},
            why,
            stubs=True,
        )
        if wanted is None:
            self.unknown.append(why[0])
            return False
        if wanted.keys() != tensors.keys():
            name = sorted(wanted.keys() ^ tensors.keys())[0]
            raise Mismatch(kind, f"{kind}: {name} {'foretold' if name in wanted else 'not foretold'}")
        for name, shape in tensors.items():
            if len(shape) != len(wanted[name]) or any(w not in (None, s) for w, s in zip(wanted[name], shape)):
                raise Mismatch(kind, f"{kind}: {name} is {shape}, foretold {wanted[name]}")
        for number, variant in enumerate(self.builder.variants, 1):
            other = form_templates.expected(
                {"ignored": ignored(), "templates": {"X": compact(template)}},
                {**given, "architectures": ["X"]},
                variant=number,
                stubs=True,
            )
            if other.keys() != set(variant.values()):
                raise Mismatch(kind, f"{kind}: variant {number} has other names")
        return True

    def validate(self, template, sizes, toggles, ties):
        self.unknown = []
        for number in range(CHECKS):
            self.late()
            changes = self.draw_all(sizes, toggles, ties)
            if number % 2:
                for leaf in sorted(self.irrelevant):
                    value = self.dice.choice(self.good[leaf])
                    if self.dice.random() < 0.2 and not (isinstance(value, list) and self.layer_count(leaf, value)):
                        changes[leaf] = value
            elif number % 4 == 0:
                optional = sizes + [leaf for leaf, _ in toggles]
                for leaf in self.dice.sample(optional, min(2, len(optional))):
                    changes[leaf] = ABSENT
            known = self.foretold(template, put(self.base, {**self.fixed_changes, **changes}), "random", number % 3 == 0)
            if known is None and number % 2:  # the irrelevant did not fit together
                changes = self.draw_all(sizes, toggles, ties)
                known = self.foretold(template, put(self.base, {**self.fixed_changes, **changes}), "random", True)
        for _ in range(8):
            self.late()
            changes = self.equal_sizes(sizes, toggles, ties)
            self.foretold(template, put(self.base, {**self.fixed_changes, **changes}), "equal", True)
        for leaf in sizes + [leaf for leaf, _ in toggles]:
            for value in (0, 1, None):
                self.late()
                changes = self.draw_all(sizes, [], ties)
                if isinstance(self.leaves[leaf][0], list) or value == 0 and re.search(r"(layers|layer|depth|blocks)$", leaf):
                    continue
                if value == 0 and any(key == leaf and None in values for key, values in toggles):
                    continue  # a rank of 0, where null is none
                if leaf in ties.values() or value == 1 and changes.get(leaf, 0) >= UNIT:
                    continue
                config = put(self.base, {**self.fixed_changes, **changes, leaf: value})
                self.foretold(template, config, f"{leaf} = {value}")
        # the default config of the class, as it is saved and left out
        self.unknown = []
        default = self.default.to_dict()
        default["model_type"] = self.cls.config_class.model_type
        default = json.loads(json.dumps(default, default=str))
        for key in ("dtype", "torch_dtype"):
            default.pop(key, None)
        for config in (default, {"model_type": default["model_type"], **self.needs}):
            try:
                known = self.foretold(template, config, "default")
            except Mismatch:
                objects = sorted({parent(leaf) for leaf in self.leaves} - {""})
                if config is default or not objects:
                    raise
                template["needed"] = objects  # what stands in their place is not what their classes have by default
                known = self.foretold(template, config, "default")
            if known is False and config is default:  # one that leaves all out may be unknown
                raise Mismatch("default", f"the default config is not covered: {self.unknown[-1]}")
            if known is None:
                raise Mismatch("default", f"the default config makes no model: {self.builder.last}")


class Unfit(Exception):
    def __init__(self, text, pattern):
        super().__init__(text)
        self.pattern = pattern


class Mismatch(Exception):
    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


def made(name):
    """A template, or the reason why there is none."""
    start = time.time()
    maker, result = None, {}
    try:
        for seed in range(TRIES):
            maker = Maker(name, seed)
            result = {"template": maker.make()}
            if not any(base_name(leaf) == TIES for leaf in result["template"]["fixed"]):
                break  # otherwise chance would have it that nothing else fitted
    except Failure as failure:
        result = result or {"failure": str(failure)}
    except Exception as error:
        if "--trace" in sys.argv:
            raise
        result = result or {"failure": f"{type(error).__name__}: {error}".split("\n")[0][:300]}
    if maker is not None:
        result["models"] = maker.builder.built
        result["seconds"] = round(time.time() - start, 1)
    return result


def too_long(*_):
    raise TimeoutError("a model took longer than 20 s")


def quiet():
    signal.signal(signal.SIGPROF, too_long)
    transformers.logging.set_verbosity(transformers.logging.CRITICAL)
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)
    form_configs.stub()


def ignored():
    return sorted(set(IGNORED) | set(GenerationConfig._get_default_generation_params()))


def one_line(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=False)


def split_name(name):
    """What goes before, of each variant, and the rest."""
    if isinstance(name, str):
        before = name.rfind("}.") + 2 if "}." in name else 0
        return name[:before], name[before:]
    parts = [variant.split(".") for variant in name]
    same = 0
    while same < min(map(len, parts)) - 1 and len({tuple(part[-1 - same :]) for part in parts}) == 1:
        if "{" in parts[0][-1 - same]:
            break
        same += 1
    return [".".join([*part[: len(part) - same], ""]) for part in parts], ".".join(parts[0][len(parts[0]) - same :])


def compact(template):
    """A template in which the tensors of the same loops, condition, shape and beginning are one entry."""
    found = {}
    for tensor in template["tensors"]:
        before, rest = split_name(tensor["name"])
        entry = {"at": before} if before else {}
        entry |= {key: tensor[key] for key in ("if", "loops", "shape") if key in tensor}
        found.setdefault(json.dumps(entry), {**entry, "names": []})["names"].append(rest)
    return {**template, "tensors": list(found.values())}


def matter_nowhere(templates):
    """Keys that are irrelevant in some families and matter in none: they go into what is ignored."""
    irrelevant, matter = set(), set()
    for template in templates.values():
        known = {*template["defaults"], *template["irrelevant"]}
        for prefix in {""} | {parent(leaf) + "." for leaf in known if parent(leaf)}:
            matter |= {key for key in OLD_KEYS if prefix + key not in known}
        irrelevant |= {base_name(leaf) for leaf in template["irrelevant"]}
        for leaf in [*template["defaults"], *template.get("kinds", {})]:
            matter |= set(leaf.split("."))
    return irrelevant - matter


def text_of(templates, nowhere):
    """The file, a line for each entry."""
    holders = {}
    lines = ["{", f' "transformers": {one_line(transformers.__version__)},']
    lines += [f' "ignored": {one_line(sorted(nowhere | set(ignored())))},', ' "templates": {']
    for name in sorted(templates):
        template = compact(templates[name])
        template["irrelevant"] = [leaf for leaf in template["irrelevant"] if base_name(leaf) not in nowhere]
        tensors = template.pop("tensors")
        lines.append(f"  {one_line(name)}: {{")
        lines += [f"   {one_line(key)}: {one_line(template[key])}," for key in sorted(template)]
        holder = holders.setdefault(json.dumps(tensors), name)
        if holder != name:
            lines += [f'   "tensors": {one_line(holder)}', "  },"]
            continue
        lines.append('   "tensors": [')
        rows = [one_line(tensor) for tensor in tensors]
        lines += [f"    {row}," for row in rows[:-1]] + [f"    {rows[-1]}", "   ]", "  },"]
    lines[-1] = "  }"
    return "\n".join([*lines, " }", "}"]) + "\n"


def make(cache, names):
    cache.mkdir(parents=True, exist_ok=True)
    for name in names:
        file = cache / f"{name}.json"
        if file.exists():
            continue
        result = made(name)
        file.write_text(json.dumps(result, indent=1) + "\n")
        short = {key: value for key, value in result.items() if key != "template"}
        print(name, json.dumps(short), flush=True)


def add_old_keys(cache):
    """The same for templates that stand in the cache."""
    for file in sorted(cache.glob("*.json")):
        result = json.loads(file.read_text())
        if "template" in result and "tied" not in result:
            maker = Maker(file.stem)
            maker.find_base()
            result["tied"] = maker.tied()
            if "old" not in result:
                result["old"] = maker.old_keys(result["template"])
            file.write_text(json.dumps(result, indent=1) + "\n")
            print(file.stem, len(result["old"]), result["tied"], flush=True)


def aliases(config, prefix=""):
    """Other names of leaves, which may stand in a config.json with the same value: (alias, leaf)."""
    yield from ((prefix + alias, prefix + leaf) for alias, leaf in type(config).attribute_map.items())
    for key, value in vars(config).items():
        if isinstance(value, PreTrainedConfig):
            yield from aliases(value, f"{prefix}{key}.")


def add_aliases(name, template):
    """What stands under another name of a leaf is as if it stood under the leaf's own."""
    with contextlib.redirect_stderr(io.StringIO()):
        default = form_configs.default(model_class(name).config_class)
    for alias, leaf in aliases(default):
        if alias in template["defaults"] or alias in template["irrelevant"]:
            continue
        value = template["defaults"].get(leaf)
        if isinstance(value, list):  # no expression has its value, so a config that says the alias is unknown
            continue
        if leaf in template["defaults"]:
            template["defaults"][alias] = f"={leaf}"
            template.setdefault("fixed", {})[alias] = f"={leaf}"
            if base_name(alias) == "num_experts" and base_name(leaf) == "num_local_experts":
                # most say this instead; of a config that says neither nothing is known
                template["defaults"][leaf] = f"={alias}"
        elif leaf in template["irrelevant"]:
            template["irrelevant"] = sorted([*template["irrelevant"], alias])


def remake(cache):
    """Makes again those in the cache that lack a hidden leaf."""
    for file in sorted(cache.glob("*.json")):
        result = json.loads(file.read_text())
        if "template" in result:
            maker = Maker(file.stem)
            maker.find_base()
            if maker.hidden.keys() - result["template"]["defaults"].keys():
                file.unlink()
                make(cache, [file.stem])


def write(cache, out):
    found = {file.stem: json.loads(file.read_text()) for file in sorted(cache.glob("*.json"))}
    templates = {name: result["template"] for name, result in found.items() if "template" in result}
    for name, template in templates.items():
        old = found[name].get("old", ())
        template["irrelevant"] = sorted({*template["irrelevant"], *old})
        template["tied"] = [names[0] if len(set(names)) == 1 else names for names in found[name].get("tied", ())]
    nowhere = matter_nowhere(templates)
    for name, template in templates.items():
        own = {leaf for leaf in found[name].get("old", ()) if "." in leaf or leaf not in KEPT_OLD_KEYS}
        template["irrelevant"] = [leaf for leaf in template["irrelevant"] if leaf not in own or base_name(leaf) in nowhere]
        if not template["tied"]:
            del template["tied"]
        if "hidden_activation" in template["irrelevant"] and "hidden_act" not in template["defaults"]:
            template["irrelevant"] = sorted({*template["irrelevant"], "hidden_act"})
        fields = [leaf for leaf in template["irrelevant"] if leaf not in found[name].get("old", ())]
        scaled = any(re.search(r"expand|_ratio$|multiplier", leaf) for leaf in fields)
        for leaf, value in template["defaults"].items():
            if scaled and isinstance(value, str) and re.match(r"=\d", value):  # the factor may be another leaf's value
                template["defaults"][leaf] = {"needed": True}
        add_aliases(name, template)
    out.write_text(text_of(templates, nowhere))
    print(f"{len(templates)} templates, {out.stat().st_size} bytes; left out:")
    for name, result in found.items():
        if name not in templates:
            print(f"  {name}: {result['failure']}")


if __name__ == "__main__":
    names = [argument for argument in sys.argv[2:] if not argument.startswith("--")]
    quiet()
    if sys.argv[1] == "try":
        for name in names:
            print(name, json.dumps(made(name), indent=1))
    elif sys.argv[1] == "make":
        make(pathlib.Path(names[0]), names[1:] or FAMILIES)
        if "--remake" in sys.argv:
            remake(pathlib.Path(names[0]))
        add_old_keys(pathlib.Path(names[0]))
    else:
        write(pathlib.Path(names[0]), pathlib.Path(names[1]))
