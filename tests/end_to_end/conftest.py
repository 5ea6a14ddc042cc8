"""Whole models: exported here, compiled, run on the simulator, compared with PyTorch eager and with float64."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sfumato
from dialects.dtypes import DType
from runtime.compare import UNIT_ROUNDOFF, compare
from runtime.launch import as_arrays


@dataclass(frozen=True, eq=False)
class Case:
    """An exported model, inputs of it, and its outputs: PyTorch's in the exported types, and in float64."""

    path: Path
    inputs: list[np.ndarray]
    eager: list[np.ndarray]
    exact: list[np.ndarray]

    def check(self, sanitize: bool = False, **options: Any) -> sfumato.Program:
        """Compile with ``options``, run, compare; return the program."""
        program = sfumato.compile(self.path, **options)
        self.compare(program.run(*self.inputs, sanitize=sanitize))
        return program

    def compare(self, outputs: list[np.ndarray]) -> None:
        """Every output is within its type's tolerance of eager's, and about as far from float64 as eager is.

        Twice eager's own distance is allowed, and the roundoff of the result's type relative to the largest element:
        eager can be right to the last bit by chance.
        """
        assert len(outputs) == len(self.eager)
        for found, eager, exact in zip(outputs, self.eager, self.exact, strict=True):
            assert found.dtype == eager.dtype
            comparison = compare(found, eager)
            assert comparison.ok, comparison
            dtype = DType.of_numpy(found.dtype)
            if dtype.is_float:
                finite = np.isfinite(exact)
                slack = UNIT_ROUNDOFF[dtype.name] * np.abs(exact[finite]).max(initial=0)
                distances = (np.abs(one[finite].astype(np.float64) - exact[finite]) for one in (found, eager))
                ours, theirs = (distance.max(initial=0) for distance in distances)
                assert ours <= 2 * theirs + slack, f"{ours:.3g} from float64, eager {theirs:.3g}"


def make_case(path: Path, module: Any, inputs: tuple[Any, ...], decompose: bool = False) -> Case:
    """Export a model that maps tensors to tensors."""
    import torch

    with torch.no_grad():
        eager = _leaves(module(*(tensor.clone() for tensor in inputs)))
        program = torch.export.export(module, inputs, strict=False)
    torch.export.save(program.run_decompositions() if decompose else program, path)
    return Case(path, as_arrays(inputs), as_arrays(eager), _in_float64(module, inputs))


def _in_float64(module: Any, inputs: tuple[Any, ...]) -> list[np.ndarray]:
    """Run the model with the same weights and inputs, all floats widened, those that its code asks to be float32 too."""
    import torch
    from torch.overrides import TorchFunctionMode
    from torch.utils._pytree import tree_map

    class InFloat64(TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if function is torch.Tensor.float:
                function = torch.Tensor.double
            args, kwargs = tree_map(lambda one: torch.float64 if one is torch.float32 else one, (args, kwargs or {}))
            return function(*args, **kwargs)

    wide = tuple(tensor.double() if tensor.is_floating_point() else tensor.clone() for tensor in inputs)
    with torch.no_grad(), InFloat64():
        outputs = _leaves(deepcopy(module).double()(*wide))
    assert all(one.dtype == torch.float64 or not one.is_floating_point() for one in outputs)
    return [one.numpy() for one in outputs]


def _leaves(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, tuple) else [outputs]


def _load(name: str) -> Any:
    """Load a file of this folder as a module; tests are no package to import from."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(f"end_to_end_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def transformer(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Case]:
    """A tiny transformer: ``transformer(family, dtype="float32", mode="prefill", decompose=False)``; made once."""
    import torch

    models = _load("tiny_transformers")
    made: dict[tuple[Any, ...], Case] = {}

    def make(family: str, dtype: str = "float32", mode: str = "prefill", decompose: bool = False) -> Case:
        key = (family, dtype, mode, decompose)
        if key not in made:
            path = tmp_path_factory.mktemp(family) / f"{family}.pt2"
            module, inputs = models.build(family, mode, getattr(torch, dtype))
            if decompose:
                # PyTorch's decomposition of its fused attention ends in views of GPT-2 that it cannot trace again.
                module.model.set_attn_implementation("eager")
            made[key] = make_case(path, module, inputs, decompose)
        return made[key]

    return make


@pytest.fixture(scope="session")
def attention_form(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Case]:
    """An attention of attention_forms.py: ``attention_form(name, dtype="float32")``; made once."""
    import torch

    models = _load("attention_forms")
    made: dict[tuple[str, str], Case] = {}

    def make(name: str, dtype: str = "float32") -> Case:
        if (name, dtype) not in made:
            path = tmp_path_factory.mktemp(name) / f"{name}.pt2"
            made[name, dtype] = make_case(path, *models.build(name, getattr(torch, dtype)))
        return made[name, dtype]

    return make


@pytest.fixture(scope="session")
def numerics() -> Any:
    """The distributions and measures of attention_numerics.py."""
    return _load("attention_numerics")


@pytest.fixture(scope="session")
def plain_model(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Case]:
    """A model of plain_models.py: ``plain_model(name, decompose=False)``; made once."""
    models = _load("plain_models")
    made: dict[tuple[str, bool], Case] = {}

    def make(name: str, decompose: bool = False) -> Case:
        if (name, decompose) not in made:
            path = tmp_path_factory.mktemp(name) / f"{name}.pt2"
            made[name, decompose] = make_case(path, *models.build(name), decompose=decompose)
        return made[name, decompose]

    return make


@pytest.fixture(scope="session")
def plain_module() -> Callable[[str], tuple[Any, tuple[Any, ...]]]:
    """A model of plain_models.py in PyTorch, and inputs of it; the weights are those of ``plain_model(name)``."""
    return _load("plain_models").build


@pytest.fixture
def operator_case(tmp_path: Path) -> Callable[..., Case]:
    """``operator_case(module, inputs)`` exports a module of one operator with its inputs and expected outputs."""

    def make(module: Any, inputs: tuple[Any, ...]) -> Case:
        return make_case(tmp_path / "operator.pt2", module, inputs)

    return make
