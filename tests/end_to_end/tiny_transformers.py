"""Transformers architectures with a few small random layers: nothing is downloaded, and sizes are odd on purpose.

Loaded through the fixtures of conftest.py, since tests are never imported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import transformers

VOCABULARY, HIDDEN, LAYERS, HEADS, KV_HEADS, INNER, TOKENS, BATCH = 151, 48, 2, 4, 2, 88, 21, 2
SEEN, CACHE = 9, 24
"""Tokens in the cache before a decoding step, and how many it holds."""

_LATENT = {
    "kv_lora_rank": 24,
    "q_lora_rank": 28,
    "qk_nope_head_dim": 16,
    "qk_rope_head_dim": 8,
    "v_head_dim": 12,
    "first_k_dense_replace": LAYERS,
}
"""Multi-head latent attention, queries and keys wider than values, and no layer of experts."""

DECODERS: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt2": ("GPT2LMHeadModel", {"n_embd": HIDDEN, "n_layer": LAYERS, "n_head": HEADS, "n_positions": 64}),
    "llama": ("LlamaForCausalLM", {}),
    "qwen2": ("Qwen2ForCausalLM", {}),
    "mistral": ("MistralForCausalLM", {"sliding_window": 8}),
    "deepseek_v2": ("DeepseekV2ForCausalLM", {"num_key_value_heads": HEADS, **_LATENT}),
}
ENCODERS: dict[str, tuple[str, dict[str, Any]]] = {
    "bert": ("BertForMaskedLM", {}),
    "distilbert": (
        "DistilBertForMaskedLM",
        {"dim": HIDDEN, "n_layers": LAYERS, "n_heads": HEADS, "hidden_dim": INNER},
    ),
}

_SIZES = {
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": INNER,
}
_TEXT = {**_SIZES, "vocab_size": VOCABULARY, "max_position_embeddings": 64, "pad_token_id": 0}
_CAUSAL = {**_TEXT, "num_key_value_heads": KV_HEADS, "bos_token_id": 1, "eos_token_id": 2}


class Prefill(torch.nn.Module):
    """Positional tensors in, logits out."""

    def __init__(self, model: torch.nn.Module, names: list[str]) -> None:
        super().__init__()
        self.model, self.names = model, names

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.model(**dict(zip(self.names, inputs, strict=True))).logits


class Decode(torch.nn.Module):
    """One token; the keys and values of each layer go in and come out as plain tensors."""

    def __init__(self, model: torch.nn.Module, prototype: transformers.StaticCache) -> None:
        super().__init__()
        self.model, self.prototype = model, [prototype]

    def forward(self, token: torch.Tensor, position: torch.Tensor, *kept: torch.Tensor) -> tuple[torch.Tensor, ...]:
        cache = transformers.StaticCache(config=self.model.config, max_cache_len=CACHE)
        for index, (layer, like) in enumerate(zip(cache.layers, self.prototype[0].layers, strict=True)):
            for name, value in vars(like).items():
                if not isinstance(value, torch.Tensor):
                    setattr(layer, name, value)
            layer.keys, layer.values = kept[2 * index].clone(), kept[2 * index + 1].clone()
            layer.cumulative_length, layer.is_initialized = position.clone(), True
        logits = self.model(input_ids=token, past_key_values=cache, use_cache=True).logits
        return (logits, *(tensor for layer in cache.layers for tensor in (layer.keys, layer.values)))


def build(family: str, mode: str, dtype: torch.dtype) -> tuple[torch.nn.Module, tuple[torch.Tensor, ...]]:
    """Make a model of a family and its inputs: ``prefill`` takes whole sequences, ``decode`` one more token."""
    transformers.utils.logging.set_verbosity_error()
    torch.manual_seed(0)
    if mode == "decode":
        return _decode(family, dtype)
    model, inputs = _prefill(family)
    inputs = {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in inputs.items()}
    return Prefill(model.to(dtype).eval(), list(inputs)).eval(), tuple(inputs.values())


def _prefill(family: str) -> tuple[Any, dict[str, torch.Tensor]]:
    if family == "vit":
        model = transformers.ViTForImageClassification(transformers.ViTConfig(**_SIZES, image_size=28, patch_size=7))
        return model, {"pixel_values": torch.randn(BATCH, 3, 28, 28)}
    if family in DECODERS:
        return _causal(family, use_cache=False), {"input_ids": _tokens(TOKENS)}
    model = _make(*ENCODERS[family], _TEXT)
    return model, {"input_ids": _tokens(TOKENS), "attention_mask": torch.ones(BATCH, TOKENS, dtype=torch.long)}


def _decode(family: str, dtype: torch.dtype) -> tuple[torch.nn.Module, tuple[torch.Tensor, ...]]:
    model = _causal(family, use_cache=True).eval().to(dtype)
    tokens = _tokens(SEEN + 1)
    cache = transformers.StaticCache(config=model.config, max_cache_len=CACHE)
    with torch.no_grad():
        model(input_ids=tokens[:, :SEEN], past_key_values=cache, use_cache=True)
    kept = [tensor.clone() for layer in cache.layers for tensor in (layer.keys, layer.values)]
    return Decode(model, cache).eval(), (tokens[:, SEEN:], torch.tensor(SEEN), *kept)


def _causal(family: str, use_cache: bool) -> Any:
    return _make(*DECODERS[family], {**_CAUSAL, "use_cache": use_cache})


def _make(name: str, own: dict[str, Any], shared: dict[str, Any]) -> Any:
    architecture: Callable[..., Any] = getattr(transformers, name)
    return architecture(architecture.config_class(**{**shared, **own}))


def _tokens(count: int) -> torch.Tensor:
    return torch.randint(3, VOCABULARY, (BATCH, count))
