"""Breaking compiled kernels one flag, barrier and address at a time: whatever that disorders is reported, nothing else is.

What is disordered is decided without the sanitizer: by the sets of steps complete before each step
(``runtime.mutation.order``), and by running the same steps in other orders (``runtime.mutation.schedules``). Here a
sample of the mutations of each kernel; ``tests/benchmarks/mutation.py`` tries all of them, on any program.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sfumato
from compiler.emit.assembled import program_of
from dialects.isa.assembly import parse_kernel
from runtime.mutation.mutants import mutations
from runtime.mutation.trial import judge, outcome

SAMPLE = 60
"""Mutations of one kernel that are tried here."""


@dataclass
class Kind:
    """A model whose kernels are of one kind: a function of inputs and parameters, all of these shapes."""

    function: Callable[..., Any]
    inputs: list[tuple[int, ...]]
    options: dict[str, str] = field(default_factory=dict)
    half: bool = False


def functional(name: str) -> Callable[..., Any]:
    import torch

    return getattr(torch.nn.functional, name)


KINDS = {
    "pointwise": Kind(lambda x, y: (x * y).sigmoid() + x, [(37, 50), (37, 50)]),
    "reduction": Kind(lambda x: x.sum(-1), [(37, 300)]),
    "layer norm": Kind(lambda x: functional("layer_norm")(x, (48,)), [(20, 48)]),
    "softmax": Kind(lambda x: x.softmax(-1), [(40, 130)]),
    "transpose": Kind(lambda x: x.transpose(1, 2).contiguous() + 1, [(3, 20, 33)]),
    "matmul with epilogue": Kind(
        lambda x, w, b: functional("gelu")(functional("linear")(x, w, b)), [(19, 40), (24, 40), (24,)]
    ),
    "matmul f16": Kind(lambda x, w: (x @ w).relu(), [(40, 100), (100, 64)], half=True),
    "flash attention": Kind(
        lambda q, k, v: functional("scaled_dot_product_attention")(q, k, v),
        [(1, 1, 20, 16), (1, 1, 40, 16), (1, 1, 40, 16)],
        {"attention": "flash"},
    ),
    "convolution": Kind(lambda x, w: functional("conv2d")(x, w, padding=1), [(1, 3, 8, 8), (4, 3, 3, 3)]),
}


@pytest.fixture
def compiled(export_model: Callable[..., Path]) -> Callable[..., Any]:
    """The program of one of ``KINDS`` for the small machine, and inputs for it."""

    def make(name: str) -> Any:
        import torch

        kind = KINDS[name]

        class Model(torch.nn.Module):
            def forward(self, *inputs: Any) -> Any:
                return kind.function(*inputs)

        torch.manual_seed(0)
        inputs = tuple(torch.randn(shape) for shape in kind.inputs)
        inputs = tuple(one.half() for one in inputs) if kind.half else inputs
        path = export_model("mutated", Model(), inputs)
        return sfumato.compile(path, target="tiny", **kind.options).compiled, [one.numpy() for one in inputs]

    return make


def sweep(program: Any, inputs: list[np.ndarray], sample: int, schedules: bool = False) -> Counter[tuple[str, str]]:
    """Try about ``sample`` mutations; return how many there were of each kind and outcome, failures one by one."""
    sound = judge(program, inputs, schedules=True)
    assert (sound.refused, sound.faults, sound.diverging, sound.reported) == (None, (), False, None)
    every = list(mutations(program))
    found: Counter[tuple[str, str]] = Counter()
    failures: list[str] = []
    for mutation in islice(every, 0, None, max(1, len(every) // sample)):
        verdict = judge(mutation.apply(program), inputs, schedules)
        result = outcome(program, mutation, sound, verdict)
        found["address" if mutation.moves_an_address else mutation.mnemonic, result] += 1
        if result in ("MISSED", "FALSE"):
            failures.append(f"{result}: {mutation.mnemonic} {mutation.index}: {mutation.action} {mutation.detail}")
            failures.append(str(verdict.reported or verdict.refused or verdict.faults))
    assert not failures, "\n".join(failures)
    return found


@pytest.mark.parametrize("name", KINDS)
def test_what_a_mutation_disorders_is_reported(name, compiled):
    found = sweep(*compiled(name), SAMPLE)
    assert sum(count for (_, result), count in found.items() if result in ("refused", "reported")) >= SAMPLE // 2
    assert found["address", "refused"]


def test_quantised_products(export_model):
    import torch

    torch.manual_seed(0)
    inputs = (torch.randn(16, 64),)
    path = export_model("quantised", torch.nn.Linear(64, 32), inputs)
    program = sfumato.compile(path, target="tiny", quantize="w8a8").compiled
    sweep(program, [inputs[0].numpy()], SAMPLE)


def test_other_orders_of_execution_agree_with_the_definition(compiled):
    """The sampled mutants run in a dozen other orders too: none gives another result unless it was reported."""
    found = sweep(*compiled("softmax"), SAMPLE, schedules=True)
    assert found["barrier", "reported"]


def test_a_kernel_written_by_hand():
    path = Path(__file__).parents[3] / "examples/kernels/axpy.s"
    program = program_of(parse_kernel(path.read_text(), str(path)), path.name)
    inputs = [np.arange(5000, dtype=np.float32), np.ones(5000, np.float32)]
    found = sweep(program, inputs, 200)
    assert found["set_flag", "refused"]
    assert found["wait_flag", "reported"]
    assert found["address", "value"]


def test_deleting_what_orders_a_pair_is_seen_by_all_three_accounts(compiled):
    """Not only do the accounts agree: a missing barrier is found by each of them."""
    program, inputs = compiled("softmax")
    barriers = [one for one in mutations(program) if (one.mnemonic, one.action) == ("barrier", "delete")]
    verdicts = [judge(one.apply(program), inputs, schedules=True) for one in barriers]
    assert all(verdict.reported for verdict in verdicts)
    assert all(verdict.faults for verdict in verdicts)
    assert sum(verdict.diverging for verdict in verdicts) >= len(verdicts) // 2


def test_mutations_are_the_same_each_time(compiled):
    program, _ = compiled("reduction")
    one, other = ([(m.index, m.action, m.detail) for m in mutations(program)] for _ in range(2))
    assert one == other
    assert len(one) > 100
