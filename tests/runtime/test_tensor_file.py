import io
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from dialects.errors import SfumatoError
from runtime.program import Buffer
from runtime.tensor_file import load_tensors, match_expected, match_inputs, save_tensors

BUFFERS = [Buffer("a", 24, "input", "f32", (2, 3), 0, 0), Buffer("b", 4, "input", "bf16", (2,), 512, 1)]


def arrays() -> dict[str, Any]:
    return {"in0": np.ones((2, 3), np.float32), "in1": np.array([0x3F80, 0x4000], np.uint16)}


def test_bfloat16_by_bits(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **arrays())
    matched = match_inputs(load_tensors(tmp_path / "x.npz", "in"), BUFFERS, "x.npz")
    assert matched[1].dtype == ml_dtypes.bfloat16
    assert matched[1].astype(np.float32).tolist() == [1.0, 2.0]


def test_round_trip_keeps_types(tmp_path: Path) -> None:
    outputs = [np.arange(3, dtype=np.float32).astype(ml_dtypes.bfloat16), np.array([True]), np.array(5, np.int64)]
    save_tensors(tmp_path / "y.npz", outputs)
    loaded = load_tensors(tmp_path / "y.npz", "out")
    assert [loaded[i].dtype for i in range(3)] == [array.dtype for array in outputs]
    assert all(np.array_equal(loaded[i], outputs[i]) for i in range(3))


def test_uint16_stays_uint16_when_meta_says_nothing(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", in0=np.array([1], np.uint16))
    assert load_tensors(tmp_path / "x.npz", "in")[0].dtype == np.uint16


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"in1": None}, r"input in1 \(bf16 \[2\]\) is missing; it has in0"),
        ({"in0": np.ones((3, 2), np.float32)}, r"in0 has shape \[3, 2\], the program has \[2, 3\]"),
        ({"in0": np.ones((2, 3))}, "in0 is float64, the program has float32"),
        ({"in2": np.ones(1)}, "has in2, but the program has 2 inputs"),
        ({"meta": np.array("no json")}, "'meta' is not JSON"),
        ({"meta": np.array(json.dumps({"inputs": [{"dtype": "float3"}]}))}, "unknown dtype 'float3'"),
        ({"meta": np.array(json.dumps({"inputs": [{"dtype": "int64"}]}))}, "in0 is float32, but meta says int64"),
    ],
)
def test_wrong_inputs(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    held = {key: value for key, value in {**arrays(), **change}.items() if value is not None}
    np.savez(tmp_path / "x.npz", **held)
    with pytest.raises(SfumatoError, match=message):
        match_inputs(load_tensors(tmp_path / "x.npz", "in"), BUFFERS, "x.npz")


def test_expected_may_have_another_float_type(tmp_path: Path) -> None:
    outputs = [Buffer("y", 4, "output", "f16", (2,), 0, 0)]
    np.savez(tmp_path / "x.npz", out0=np.ones(2, np.float32))
    assert match_expected(load_tensors(tmp_path / "x.npz", "out"), outputs, "x")[0].dtype == np.float32


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 no zip", pickle.dumps({"in0": 1})])
def test_not_an_npz(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    with pytest.raises(SfumatoError, match=r"not an \.npz"):
        load_tensors(tmp_path / "x.npz", "in")


def test_single_array(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones(2))
    with pytest.raises(SfumatoError, match=r"not an \.npz"):
        load_tensors(tmp_path / "x.npy", "in")


def test_pickles_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", in0=np.array([{"a": 1}], dtype=object))
    with pytest.raises(SfumatoError, match=r"not an \.npz file of plain arrays"):
        load_tensors(tmp_path / "x.npz", "in")


def test_shapes_are_checked_before_arrays_are_unpacked(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (10**12,)})
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("in0.npy", header.getvalue())
    with pytest.raises(SfumatoError, match=r"in0 has shape \[1000000000000\], the program has"):
        load_tensors(tmp_path / "x.npz", "in", BUFFERS)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="no such file"):
        load_tensors(tmp_path / "x.npz", "in")
