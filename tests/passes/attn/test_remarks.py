"""What the user is told about a softmax that is not fused."""

import json
import subprocess
import sys

import torch


class Weights(torch.nn.Module):
    def forward(self, q: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        weights = torch.softmax(q @ q.transpose(-1, -2), -1)
        return weights @ v, weights


def test_compile_prints_remarks_and_reports_them(tmp_path):
    path = tmp_path / "weights.pt2"
    torch.export.save(torch.export.export(Weights(), (torch.randn(2, 5, 8), torch.randn(2, 5, 8)), strict=False), path)
    command = [sys.executable, "-m", "compiler.cli.main", "compile", str(path), "-o", str(tmp_path / "weights.sfu")]
    finished = subprocess.run([*command, "--remarks", "--json", "-"], capture_output=True, text=True, check=True)
    text = "softmax not fused: its scores or weights are used elsewhere too, by func.return"
    line = f"{__file__}:12: remark: {text} [attn-fuse-attention]"
    assert finished.stderr.splitlines() == [line]
    assert json.loads(finished.stdout)["remarks"] == [
        {"pass_name": "attn-fuse-attention", "source": f"{__file__}:12", "text": text}
    ]
    quiet = subprocess.run(command, capture_output=True, text=True, check=True)
    assert quiet.stderr == ""
