"""Compile a small PyTorch model, run it on the simulated NPU, and see where its time goes: the Python interface.

python examples/mlp.py
"""

from __future__ import annotations

import numpy as np
import torch

import sfumato


def main() -> None:
    """Export, compile, run, profile."""
    torch.manual_seed(0)  # pyright: ignore[reportUnknownMemberType]  (torch leaves its parameter untyped)
    model = torch.nn.Sequential(torch.nn.Linear(100, 300), torch.nn.GELU(), torch.nn.Linear(300, 10)).eval()
    x = torch.randn(17, 100)
    with torch.no_grad():
        expected = model(x).numpy()

    program = sfumato.compile(torch.export.export(model, (x,)), target="ascend910b3")
    outputs = program.run(x, sanitize=True)  # sanitize: an access that no flag orders is an error
    print(f"largest difference from PyTorch: {np.abs(outputs[0] - expected).max():.2g}")

    profile = program.profile()
    print(f"{profile['cycles']:,.0f} cycles, {profile['time_us']:.1f} us on {profile['target']}")
    for kernel in profile["kernels"]:
        print(f"  {kernel['name']:<16} {kernel['launches']} x, {kernel['time_us']:6.1f} us, bound by {kernel['bound']}")


if __name__ == "__main__":
    main()
