"""How many softmaxes of exported models become attention: one row a model, and why the others did not.

usage: attention_fusion.py X.pt2 ...
"""

from __future__ import annotations

import sys
from pathlib import Path

from xdsl.dialects.builtin import ModuleOp
from xdsl.dialects.func import CallOp, FuncOp

from compiler.compile import Request, compile_model
from compiler.instrument import make_pass
from compiler.universe import make_context
from dialects.attn import AttentionOp
from dialects.errors import SfumatoError
from passes.remarks import Remark, collected

PASSES = ("attn-specialize-masks", "attn-sink-masks", "attn-fuse-attention")


def fusion(path: Path) -> tuple[ModuleOp, list[Remark]]:
    """The module of an exported model after fusion, and what was remarked."""
    module = compile_model(Request(source=path, stop="graph")).module
    with collected() as remarks:
        for name in PASSES:
            make_pass(name).apply(make_context(), module)
    return module, remarks


def attentions(module: ModuleOp) -> int:
    """The attentions that a model runs, each layer's counted."""
    functions = {op.sym_name.data: op for op in module.body.block.ops if isinstance(op, FuncOp)}

    def within(function: FuncOp) -> int:
        calls = [op.callee.root_reference.data for op in function.body.block.ops if isinstance(op, CallOp)]
        own = sum(isinstance(op, AttentionOp) for op in function.body.block.ops)
        return own + sum(within(functions[name]) for name in calls)

    return within(functions["main"])


def main(paths: list[str]) -> None:
    """Print the table."""
    print(f"{'model':<24} {'fused':>5} / total")
    for path in map(Path, paths):
        try:
            module, remarks = fusion(path)
        except SfumatoError as error:
            print(f"{path.stem:<24} not imported: {str(error).splitlines()[1].strip()}")
            continue
        left = [one for one in remarks if "softmax not fused" in one.text]
        fused = attentions(module)
        print(f"{path.stem:<24} {fused:>5} / {fused + len(left)}")
        for one in left:
            print(f"    {one}")


if __name__ == "__main__":
    main(sys.argv[1:])
