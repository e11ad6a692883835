"""Configs that models can be made of: the defaults of transformers with what some of them lack, and small ones."""

import copy
import re
import sys
import types

import numpy
from transformers import PreTrainedConfig

STAGES = ["stage1", "stage2", "stage3", "stage4"]
RESNET = {
    "model_type": "resnet",
    "depths": [1, 1, 1, 1],
    "hidden_sizes": [16, 32, 32, 32],
    "embedding_size": 16,
    "out_features": STAGES,
}
WITH_RESNET = {"use_timm_backbone": False, "backbone": None, "backbone_config": RESNET}
ROPE = {"rope_type": "default", "rope_theta": 10000.0}
BERT = {"model_type": "bert", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
BERT |= {"intermediate_size": 48, "vocab_size": 64, "max_position_embeddings": 32}
VIT = {"model_type": "vit", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
VIT |= {"intermediate_size": 48, "image_size": 32, "patch_size": 8}
LLAMA = {"model_type": "llama", "pad_token_id": 0}

# What a default config needs so that a model can be made of it, by its class.
NEEDS = {
    "AutoformerConfig": {"prediction_length": 4},
    "AyaVisionConfig": {"vision_config": {"model_type": "siglip_vision_model"}},
    "BeitConfig": {"out_indices": [3, 5, 7, 11]},
    "BridgeTowerConfig": {"contrastive_hidden_size": 32, "logit_scale_init_value": 2.6592},
    "ChameleonConfig": {"vocabulary_map": {"<image>": 4}},
    "CohereCompassTextConfig": {
        "rope_parameters": {
            kind: ROPE | {"mrope_section": [22, 22, 20]} for kind in ("full_attention", "sliding_attention")
        }
    },
    "ConditionalDetrConfig": WITH_RESNET,
    "ConvNextConfig": {"hidden_sizes": [96, 192, 384, 768]},
    "ConvNextV2Config": {"hidden_sizes": [96, 192, 384, 768]},
    "DabDetrConfig": WITH_RESNET,
    "Data2VecVisionConfig": {"out_indices": [3, 5, 7, 11]},
    "DbrxConfig": {"attn_config": {"rope_theta": 10000.0}},
    "DeepseekOcr2TextConfig": {"mlp_layer_types": ["dense"] + ["sparse"] * 31},
    "DeformableDetrConfig": WITH_RESNET,
    "DetrConfig": WITH_RESNET,
    "DiffusionGemmaConfig": {"vision_config": {"model_type": "gemma4_vision"}},
    "DiffusionGemmaTextConfig": {"num_experts": 4, "top_k_experts": 2, "moe_intermediate_size": 24},
    "Dots1Config": {"n_routed_experts": 4, "n_shared_experts": 1, "num_experts_per_tok": 2},
    "Emu3Config": {"vocabulary_map": {"<image>": 4}},
    "EncoderDecoderConfig": {"encoder": BERT, "decoder": BERT | {"is_decoder": True, "add_cross_attention": True}},
    "EsmConfig": {"vocab_size": 33, "pad_token_id": 1},
    "FocalNetConfig": {"hidden_sizes": [192, 384, 768, 768]},
    "Gemma4AssistantConfig": {"text_config": {"model_type": "gemma4_text"}},
    "Gemma4UnifiedAssistantConfig": {"text_config": {"model_type": "gemma4_unified_text"}},
    "Granite4VisionConfig": {
        "text_config": {"model_type": "granite4_vision_text"},
        "deepstack_layer_map": [[-1, 0]],
        "downsample_rate": "4/8",
    },
    "HunYuanDenseV1Config": {"head_dim": 64},
    "HunYuanMoEV1Config": {"head_dim": 64, "num_experts": 4},
    "HunYuanVLTextConfig": {"head_dim": 64},
    "Idefics3Config": {"text_config": LLAMA},
    "InformerConfig": {"prediction_length": 4},
    "Lfm2MoeConfig": {"layer_types": ["conv", "conv", "full_attention", "conv"] * 8},
    "MaskFormerConfig": {"backbone_config": {"model_type": "swin", "out_features": STAGES}},
    "MinistralConfig": {"head_dim": 64},
    "MoonshineStreamingConfig": {"num_key_value_heads": 8},
    "MusicgenConfig": {
        "text_encoder": {"model_type": "t5"},
        "audio_encoder": {"model_type": "encodec"},
        "decoder": {"model_type": "musicgen_decoder"},
    },
    "MusicgenMelodyConfig": {
        "text_encoder": {"model_type": "t5"},
        "audio_encoder": {"model_type": "encodec"},
        "decoder": {"model_type": "musicgen_melody_decoder"},
    },
    "NemotronConfig": {"num_key_value_heads": 48},
    "NemotronH_Omni_Reasoning_V3_Config": {"vision_config": {"model_type": "radio", "video_temporal_patch_size": 2}},
    "PerceptionLMConfig": {
        "vision_config": {
            "model_type": "timm_wrapper",
            "architecture": "vit_pe_core_large_patch14_336",
            "model_args": {"embed_dim": 1024, "img_size": [448, 448], "depth": 23},
        }
    },
    "RagConfig": {"question_encoder": {"model_type": "dpr"}, "generator": {"model_type": "bart"}},
    "Qwen3OmniMoeTalkerConfig": {"spatial_merge_size": 2},
    "Qwen3OmniMoeTalkerTextConfig": {"shared_expert_intermediate_size": 64},
    "Qwen4ExpTextConfig": {
        "indexer_n_heads": 2,
        "indexer_kv_heads": 1,
        "indexer_head_dim": 256,
        "indexer_budget": 8,
        "indexer_compress_ratio": 2,
    },
    "ReformerConfig": {"is_decoder": True},
    "Sapiens2Config": {"head_config": {"upsample_out_channels": [16, 16], "conv_out_channels": [16, 16]}},
    "SmolVLMConfig": {"text_config": LLAMA},
    "SpeechEncoderDecoderConfig": {
        "encoder": {"model_type": "wav2vec2", "vocab_size": 32},
        "decoder": BERT | {"is_decoder": True, "add_cross_attention": True},
    },
    "TableTransformerConfig": WITH_RESNET,
    "TimeSeriesTransformerConfig": {"prediction_length": 4},
    "VisionEncoderDecoderConfig": {
        "encoder": VIT,
        "decoder": BERT | {"is_decoder": True, "add_cross_attention": True},
    },
    "VitMatteConfig": {"fusion_hidden_sizes": [256, 128, 64, 32]},
    "VisionTextDualEncoderConfig": {"vision_config": VIT, "text_config": BERT},
    "Wav2Vec2BertConfig": {"vocab_size": 32},
    "Wav2Vec2ConformerConfig": {"vocab_size": 32},
}

# What a small config needs besides, where the rules below do not fit together; it has layers of each kind.
TINY = {
    "BambaConfig": {"mamba_n_heads": 8, "mamba_d_head": 8},
    "BeitConfig": {"num_hidden_layers": 4, "out_indices": [1, 2, 3, 4]},
    "BitConfig": {"num_groups": 8},
    "BridgeTowerTextConfig": {"num_attention_heads": 4},
    "CohereCompassTextConfig": {
        "rope_parameters": {
            kind: ROPE | {"mrope_section": [2, 1, 1]} for kind in ("full_attention", "sliding_attention")
        }
    },
    "Cosmos3EdgeTextConfig": {"rope_parameters": ROPE | {"mrope_section": [2, 1, 1]}},
    "Data2VecVisionConfig": {"num_hidden_layers": 4, "out_indices": [1, 2, 3, 4]},
    "DetrConfig": {"encoder_attention_heads": 8, "decoder_attention_heads": 8},
    "ConditionalDetrConfig": {"encoder_attention_heads": 8, "decoder_attention_heads": 8},
    "DeepseekOcr2TextConfig": {"num_hidden_layers": 2, "mlp_layer_types": ["dense", "sparse"]},
    "Dots1Config": {"first_k_dense_replace": 1},
    "Ernie4_5_VLMoeTextConfig": {
        "rope_parameters": ROPE | {"mrope_section": [1, 1, 2]},
        "moe_intermediate_size": [24, 16],
        "mlp_layer_types": ["dense", "sparse"],
        "num_hidden_layers": 2,
    },
    "DFineConfig": {
        "backbone_config": RESNET | {"out_features": STAGES[1:]},
        "encoder_in_channels": [32, 32, 32],
        "decoder_in_channels": [32, 32, 32],
    },
    "FunAsrNanoAdaptorConfig": {"intermediate_size": 8},
    "Glm5NextTextConfig": {"index_topk": 16},
    "GraniteMoeHybridConfig": {"mamba_n_heads": 8, "mamba_d_head": 8, "layer_types": ["mamba", "attention"]},
    "HunYuanDenseV1Config": {"head_dim": 8},
    "HunYuanMoEV1Config": {"head_dim": 8},
    "HunYuanVLTextConfig": {"head_dim": 8},
    "Lfm2MoeConfig": {"num_hidden_layers": 3, "layer_types": ["conv", "conv", "full_attention"], "num_dense_layers": 1},
    "LwDetrConfig": {"backbone_config": {"model_type": "lw_detr_vit", "hidden_size": 32, "num_hidden_layers": 2}},
    "Mamba2Config": {"num_heads": 8, "head_dim": 8},
    "MinistralConfig": {"head_dim": 8},
    "NemotronConfig": {"num_key_value_heads": 2},
    "MoonshineStreamingConfig": {"num_key_value_heads": 4},
    "ReformerConfig": {"axial_pos_embds_dim": [16, 16]},
    "Swin2SRConfig": {"num_heads": [2, 2], "depths": [1, 1]},
    "ZambaConfig": {"num_hidden_layers": 4, "layers_block_type": ["mamba", "hybrid", "mamba", "hybrid"]},
}

EXPERTS, HEADS, WIDTH = 4, 4, 32

# Small sizes by the names of a config's fields: that of the first pattern that is found in a name; None leaves it.
SIZES = [
    (r"(_token|_token_id|_token_index|_id|_index|_ids)$", lambda value: value % 47 if value > 47 else value),
    (r"vocab|codebook_size|num_embeddings|num_embeds|head_out_channels|num_codevectors", 64),
    (r"^(num_)?(n_)?(routed_|local_|moe_num_|moe_)?experts$|num_experts$", EXPERTS),
    (r"per_tok|top_?k$|moe_k$|top_k_experts|^n_group|^n_groups$", 2),
    (r"topk_group|n_shared_experts|first_k_dense|moe_layer_start|num_dense_layers|layer_offset$", 1),
    (r"interval$|period$|sparse_step$|frequency$", 2),
    (r"upsample_groups", WIDTH),
    (r"split_ngram_parts", 3),
    (r"num_(frames|channels)$|kernel|stride|ratio|factor|groups$|rate$|length$|group_size|feat_extract|temporal", None),
    (r"chunk_size$", None),
    (r"(^|_)(layers?|depth|blocks)$", 2),
    (r"kv_heads|key_value_heads|num_key_heads", 2),
    (r"head_dim|dim_head|d_head|d_kv|head_size", 8),
    (r"heads?$", HEADS),
    (r"image_size|spec_size|input_size|resolution|img_size", 32),
    (r"patch_size", 8),
    (r"position|max_(seq|source|target|text)|context|window|n_ctx", 32),
    (r"lora_rank|_rank$|bins$|buckets$|queries$|query_tokens|latents$|labels$|features$|num_.*tokens$", 8),
    (r"state|conv$|expand$|_conv", 4),
    (r"intermediate|inner|ffn|d_ff|mlp_dim", 48),
    (r"size|dim$|_dim_|channels|width|d_model|embd|units|filters|^dim|hidden", WIDTH),
]
LAYERS = ("num_hidden_layers", "encoder_layers", "decoder_layers", "num_layers", "n_layers", "n_layer", "depth")


def stub():
    """Stands in for packages that transformers asks for where it makes a loss or reads an image, not for weights."""
    if "scipy" not in sys.modules:
        optimize = types.ModuleType("scipy.optimize")
        optimize.linear_sum_assignment = lambda cost: (range(len(cost)), numpy.arange(len(cost)))
        sys.modules["scipy"] = types.ModuleType("scipy")
        sys.modules["scipy.optimize"] = optimize


def waive(module):
    """The same for a module's requires_backends."""
    if hasattr(module, "requires_backends"):
        module.requires_backends = lambda *_: None


def default(config_class):
    """The default config of a class."""
    nested = nested_needs(config_class(**needs(config_class)))
    return config_class(**nested | needs(config_class))


def needs(config_class):
    return copy.deepcopy(NEEDS.get(config_class.__name__, {}))  # some configs change what they are given


def nested_needs(config):
    """What the configs in a config need."""
    found = {}
    for key, value in vars(config).items():
        if isinstance(value, PreTrainedConfig):
            inner = nested_needs(value) | needs(type(value))
            if inner:
                found[key] = {"model_type": value.model_type} | inner
    return found


def tiny(config_class):
    """A small config of a class."""
    return config_class(**small(default(config_class)))


def small(config):
    """What to set of a config so that its model is small."""
    values = {key: value for key, value in vars(config).items() if not key.startswith("_")}
    layers, kept = layers_of_each_kind(values)
    found = needs(type(config))
    for key, value in values.items():
        if isinstance(value, PreTrainedConfig):
            found[key] = {"model_type": value.model_type} | found.get(key, {}) | small(value)
        elif key in found:
            continue
        elif isinstance(value, (list, tuple)) and len(value) == layers:
            found[key] = [value[i] for i in kept]
        elif key in LAYERS and value == layers:
            found[key] = len(kept)
        elif isinstance(value, (list, tuple)) and value and all(type(entry) is int for entry in value):
            found[key] = smaller_list(key, value, len(kept), "depths" in values)
        elif type(value) is int:
            found[key] = smaller(key, value)
            if "key_value_heads" in key and value == values.get("num_attention_heads"):
                found[key] = HEADS
            if key == "embed_dim" and "depths" in values:
                found[key] = 16
        if key in found and not isinstance(found[key], dict) and found[key] == unchanged(value):
            del found[key]
    return found | TINY.get(type(config).__name__, {})


def unchanged(value):
    return list(value) if isinstance(value, tuple) else value


def layers_of_each_kind(values):
    """The number of layers, and those to keep: the first of each kind, by all lists that are as long, two at least."""
    layers = next((values[key] for key in LAYERS if type(values.get(key)) is int and values[key] > 1), 0)
    if "depths" in values:  # stages, not layers
        return 0, []
    kinds = [value for value in values.values() if isinstance(value, (list, tuple)) and len(value) == layers]
    first = {}
    for i in range(layers):
        first.setdefault(str([value[i] for value in kinds]), i)
    kept = list(first.values()) + [i for i in range(layers) if i not in first.values()]
    return layers, sorted(kept[: max(2, min(len(first), 4))])


def smaller(key, value):
    size = next((size for pattern, size in SIZES if re.search(pattern, key)), None)
    return value if size is None else size(value) if callable(size) else min(value, size)


def smaller_list(key, value, layers, staged):
    if re.search(r"index|indices|layers$|_ids$", key) and layers and min(value) >= 0:  # of layers
        return sorted({min(entry, layers - 1) for entry in value})
    if re.search(r"depths|repeats|blocks_per|stage_layers", key):
        return [min(entry, 1) for entry in value]
    if re.search(r"heads$", key) and staged:
        return [min(entry, 2) for entry in value]
    if re.search(r"hidden_sizes|embed_dims?$|channels|conv_dim|widths|dims$", key) and max(value) >= 64:
        return [max(8, entry // 8) for entry in value]
    return [smaller(key, entry) for entry in value]
