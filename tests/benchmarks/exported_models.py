"""Exports the models that the benchmarks compile. Needs torch and transformers; nothing is downloaded.

``gpt2`` (GPT-2 124M, f32) and ``llama`` (Llama-3.2-1B, bf16) have their published sizes and no weight data: every weight is a
zero-stride view of a single element, so the archive is a megabyte large and serves to measure compiling, not values.
``gpt2-weights`` is GPT-2 124M with random weights (500 MB), its inputs and PyTorch's outputs beside it in a ``.npz``;
``gpt2layer-weights`` is one layer of it with a small vocabulary.
The benchmarks call this in a process of its own, once; what it wrote is kept.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SEQUENCE = 128

LLAMA: dict[str, Any] = {
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "vocab_size": 128256,
    "rope_theta": 500000.0,
    "tie_word_embeddings": True,
}

MODELS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "gpt2": ("GPT2LMHeadModel", "GPT2Config", "float32", {}),
    "gpt2layer": ("GPT2LMHeadModel", "GPT2Config", "float32", {"n_layer": 1, "vocab_size": 256}),
    "llama": ("LlamaForCausalLM", "LlamaConfig", "bfloat16", LLAMA),
}
"""Name -> model class, configuration class, type of the weights, what differs from the configuration's defaults."""


def exported(name: str, folder: Path, sequence: int = SEQUENCE) -> Path:
    """Return the archive of a model in ``folder``, exporting it when it is not there yet."""
    path = folder / f"{name}-{sequence}.pt2"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.pt2")
        print(f"exporting {path} ...", file=sys.stderr, flush=True)
        done = subprocess.run(
            [sys.executable, __file__, name, str(part), str(sequence)], capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"exporting {name} failed:\n{done.stderr}")
        if name.endswith("-weights"):
            os.replace(part.with_suffix(".npz"), path.with_suffix(".npz"))
        os.replace(part, path)
    return path


def export(name: str, path: Path, sequence: int) -> None:
    """Build a model and write its exported program to ``path``, with inputs and outputs beside it if it has weights."""
    import numpy as np
    import torch
    import transformers

    class Logits(torch.nn.Module):
        def __init__(self, model: Any) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: Any) -> Any:
            return self.model(input_ids=ids, use_cache=False).logits

    base, _, weights = name.partition("-")
    model_name, configuration_name, dtype, settings = MODELS[base]
    configuration = getattr(transformers, configuration_name)(**settings, use_cache=False)
    torch.manual_seed(0)
    with torch.device("cpu" if weights else "meta"):
        model = getattr(transformers, model_name)(configuration).to(getattr(torch, dtype)).eval()
    if not weights:
        model.tie_weights()
        for module in model.modules():
            _materialise(module)
    ids = torch.randint(0, configuration.vocab_size, (1, sequence))
    with torch.no_grad():
        wrapped = Logits(model).eval()
        torch.export.save(torch.export.export(wrapped, (ids,)), path)
        if weights:
            np.savez(path.with_suffix(".npz"), in0=ids.numpy(), out0=wrapped(ids).numpy())


def _materialise(module: Any) -> None:
    """Replace a module's own ``meta`` parameters by zero-stride tensors and its ``meta`` buffers by zeros."""
    import torch

    for key, parameter in list(module._parameters.items()):
        if parameter is not None and parameter.is_meta:
            data = torch.zeros(1, dtype=parameter.dtype).expand(parameter.shape)
            module._parameters[key] = torch.nn.Parameter(data, requires_grad=False)
    for key, buffer in list(module._buffers.items()):
        if buffer is not None and buffer.is_meta:
            module._buffers[key] = torch.zeros(buffer.shape, dtype=buffer.dtype)


if __name__ == "__main__":
    export(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
