"""Export a PyTorch model as a .pt2 archive with torch.export (needs the torch extra: pip install 'sfumato[torch]').

MODULE:FACTORY names a function without parameters that returns the model and a tuple of example inputs. MODULE is a
module's dotted name or the path of a Python file. Inputs and PyTorch's outputs are written beside the archive (.npz),
ready for 'sfumato check'.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any, cast

from compiler.diagnostics import EXIT_OK, first_line
from dialects.errors import SfumatoError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``sfumato export``."""
    parser.add_argument("factory", metavar="MODULE:FACTORY", help="function that returns (model, example inputs)")
    parser.add_argument("-o", "--output", required=True, metavar="X.pt2", help="the archive; the tensors go to X.npz")


def execute(arguments: argparse.Namespace) -> int:
    """Call the factory, export its model, write archive and tensors."""
    try:
        import torch
        from torch.utils._pytree import tree_leaves
    except ImportError as error:
        raise SfumatoError("exporting needs PyTorch: pip install 'sfumato[torch]'") from error
    from runtime.launch import as_arrays
    from runtime.tensor_file import save_tensors

    model, example = _make(arguments.factory)
    if not isinstance(model, torch.nn.Module):
        raise SfumatoError(
            f"{arguments.factory}: the first thing it returns is a {type(model).__name__}, not a torch.nn.Module"
        )
    tensors = cast(tuple[object, ...], example if isinstance(example, tuple) else ())
    if not (isinstance(example, tuple) and all(isinstance(one, torch.Tensor) for one in tensors)):
        raise SfumatoError(f"{arguments.factory}: the second thing it returns must be a tuple of tensors")
    inputs = cast(tuple[torch.Tensor, ...], example)
    model = model.eval()
    with torch.no_grad():
        try:
            outputs = model(*(one.clone() for one in inputs))
        except Exception as error:
            detail = f"{type(error).__name__}: {first_line(error)}"
            raise SfumatoError(f"{arguments.factory}: the model fails on its example inputs: {detail}") from error
        try:
            program = torch.export.export(model, inputs, strict=False)
        except Exception as error:
            raise SfumatoError(f"torch.export cannot export the model: {first_line(error)}") from error
    output = Path(arguments.output)
    torch.export.save(program, output)
    leaves = [leaf for leaf in tree_leaves(outputs) if isinstance(leaf, torch.Tensor)]
    save_tensors(output.with_suffix(".npz"), as_arrays(leaves), as_arrays(inputs))
    print(f"{output}, {output.with_suffix('.npz')}")
    return EXIT_OK


def _make(reference: str) -> tuple[Any, Any]:
    """Import the module and call the factory."""
    name, colon, factory = reference.rpartition(":")
    if not colon:
        raise SfumatoError(f"{reference}: expected MODULE:FACTORY, such as my_model.py:make")
    module = _import(name)
    if not hasattr(module, factory):
        raise SfumatoError(f"{name} has no '{factory}'")
    made = getattr(module, factory)()
    if not (isinstance(made, tuple) and len(cast(tuple[object, ...], made)) == 2):
        raise SfumatoError(f"{reference} must return (model, example inputs)")
    return cast(tuple[Any, Any], made)


def _import(name: str) -> Any:
    path = Path(name)
    if path.suffix != ".py":
        sys.path.insert(0, str(Path.cwd()))
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise SfumatoError(
                f"there is no module '{error.name}'; name a Python file or an importable module"
            ) from error
    if not path.is_file():
        raise SfumatoError(f"{path}: no such file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
