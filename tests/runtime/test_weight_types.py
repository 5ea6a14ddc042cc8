"""Weights held in another float type than the program's: converted in pieces, as PyTorch converts."""

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
import torch

from dialects.dtypes import DType
from dialects.errors import SfumatoError
from runtime import program_writer
from runtime.program import Buffer, Program
from runtime.weight_types import converted, is_convertible

TORCH = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "f64": torch.float64}
PAIRS = [(held, wanted) for held in TORCH for wanted in ("f32", "f16", "bf16") if held != wanted]


def make_program(**weights: tuple[np.ndarray, str]) -> Program:
    """A program without kernels: each weight is an array and the type that the program wants it in."""
    buffers = [
        Buffer(key, array.size * DType.parse(dtype).size, "weight", dtype, array.shape, 512 * (1 + number), None, key)
        for number, (key, (array, dtype)) in enumerate(weights.items())
    ]
    return Program("tiny", [], buffers, [], weights={key: array for key, (array, _) in weights.items()})


def bits(array: np.ndarray) -> np.ndarray:
    return array.view(f"u{array.itemsize}")


def values(dtype: str) -> np.ndarray:
    """Ordinary numbers, ties between neighbours of every narrower type, and what overflows or is no number."""
    rng = np.random.default_rng(3)
    ties = [(1 + k * 2.0**-n) * sign for n in (8, 9, 11, 12) for k in (1, 3) for sign in (1, -1)]
    special = [0.0, -0.0, 65519.9, 65520.0, 1e30, -1e30, 2.0**-25, 2.0**-24 * 1.5, 1e-40, np.inf, -np.inf]
    with np.errstate(over="ignore"):
        return np.array([*ties, *special, *rng.normal(size=997)]).astype(DType.parse(dtype).numpy)


def by_torch(array: np.ndarray, held: str, wanted: str) -> np.ndarray:
    bits_type = {2: torch.int16, 4: torch.int32, 8: torch.int64}
    tensor = torch.from_numpy(array.view(f"i{array.itemsize}").copy()).view(TORCH[held]).to(TORCH[wanted])
    return tensor.view(bits_type[tensor.element_size()]).numpy().view(f"u{tensor.element_size()}")


@pytest.mark.parametrize(("held", "wanted"), PAIRS)
def test_a_saved_weight_is_what_torch_converts_to(held: str, wanted: str, tmp_path: Path) -> None:
    array = values(held)
    make_program(w=(array, wanted)).save(tmp_path / "p.sfu")
    loaded = Program.load(tmp_path / "p.sfu").weights["w"]
    assert loaded.dtype == DType.parse(wanted).numpy
    np.testing.assert_array_equal(bits(np.ascontiguousarray(loaded)), by_torch(array, held, wanted))


VIEWS = {
    "transposed": lambda x: x.T,
    "reversed, every other": lambda x: x[::-1, ::2],
    "inner": lambda x: x[1:, 3:7],
    "one row": lambda x: np.broadcast_to(x[:1], (500, x.shape[1])),
    "one number": lambda x: np.broadcast_to(x[2, 2], (300, 4, 5)),
    "rank 0": lambda x: x[1, 1, ...],
    "empty": lambda x: x[:0],
    "odd strides": lambda x: np.ndarray((50,), x.dtype, x, 0, (x.itemsize // 2,)),
}


@pytest.mark.parametrize("view", VIEWS)
def test_any_strides(view: str, tmp_path: Path) -> None:
    array = VIEWS[view](np.random.default_rng(1).normal(size=(40, 8)).astype(np.float32))
    make_program(w=(array, "f16")).save(tmp_path / "p.sfu")
    with np.errstate(all="ignore"):  # half an element further along, floats are anything
        expected = array.astype(np.float16)
    np.testing.assert_array_equal(Program.load(tmp_path / "p.sfu").weights["w"], expected)


def test_one_tensor_in_two_types(tmp_path: Path) -> None:
    tied = np.random.default_rng(1).normal(size=(256, 256)).astype(np.float32)
    program = make_program(wide=(tied, "f32"), narrow=(tied, "bf16"), turned=(tied.T, "bf16"))
    program.save(tmp_path / "p.sfu")
    assert (tmp_path / "p.sfu").stat().st_size < 6 * tied.size + 8192, "the turned one shares the bytes"
    weights = Program.load(tmp_path / "p.sfu").weights
    np.testing.assert_array_equal(weights["wide"], tied)
    np.testing.assert_array_equal(weights["narrow"], tied.astype(ml_dtypes.bfloat16))
    np.testing.assert_array_equal(weights["turned"], tied.T.astype(ml_dtypes.bfloat16))


@pytest.mark.parametrize("strided", [False, True])
def test_large_weights_are_converted_in_pieces(strided: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[int] = []

    def recorded(array: np.ndarray, dtype: DType) -> np.ndarray:
        pieces.append(array.nbytes)
        return converted(array, dtype)

    monkeypatch.setattr(program_writer, "converted", recorded)
    monkeypatch.setattr(program_writer, "CHUNK_BYTES", 1 << 14)
    weight = np.arange(1 << 18, dtype=np.float32).reshape(512, 512)[:, :: 2 if strided else 1]
    make_program(w=(weight, "f16")).save(tmp_path / "p.sfu")
    assert sum(pieces) == weight.nbytes
    assert max(pieces) <= 1 << 14


def test_a_broadcast_weight_stays_small(tmp_path: Path) -> None:
    make_program(w=(np.broadcast_to(np.float32(1.1), (4096, 4096)), "bf16")).save(tmp_path / "p.sfu")
    assert (tmp_path / "p.sfu").stat().st_size < 4096


def test_only_floats_are_converted() -> None:
    assert is_convertible(DType.i64, DType.i64)
    assert not is_convertible(DType.i64, DType.i32)
    program = make_program(w=(np.arange(3), "f32"))
    with pytest.raises(SfumatoError, match=r"'w' are i64 \[3\], the program needs f32 \[3\]"):
        program.contents(program.buffers[0])


def test_external_weights_are_checked_as_the_model_holds_them(tmp_path: Path) -> None:
    weight = np.arange(12, dtype=np.float32).reshape(3, 4)
    make_program(w=(weight, "f16")).save(tmp_path / "p.sfu", external_weights=True)
    program = Program.load(tmp_path / "p.sfu")
    for other in (weight + np.float32(2**-20), weight.astype(np.float16)):
        with pytest.raises(SfumatoError, match="hash"):
            program.supply_weights({"w": other}, "other.pt2")
    with pytest.raises(SfumatoError, match="another type or shape"):
        program.supply_weights({"w": weight.astype(np.int32)}, "other.pt2")
    program.supply_weights({"w": weight}, "model.pt2")
    assert program.contents(program.buffers[0]) is weight
