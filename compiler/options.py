"""The options of a compilation: the only place where their defaults live."""

from __future__ import annotations

from dataclasses import dataclass, field

from dialects.errors import SfumatoError

PRECISIONS = ("keep", "fp32", "hf32", "fp16", "bf16")
QUANTIZATIONS = ("none", "w8a8", "w4a8", "w4a16", "hif4", "hif8", "mxfp4", "nvfp4", "fp8")
ATTENTIONS = ("auto", "standard", "flash", "amla", "pasa")

_WORKING_QUANTIZATIONS = ("none", "w8a8")


@dataclass(frozen=True)
class CompileOptions:
    """What a program is compiled for.

    ``target`` names a machine description (or is the path of one), ``precision`` the number format of the model's
    floating-point arithmetic (``keep`` = as exported), ``quantize`` the low-precision scheme of its matmuls,
    ``calibration`` an ``.npz`` of inputs that it is calibrated with, ``attention`` the algorithm of fused attention,
    ``attention_splits`` into how many parts flash attention divides keys (0: what costs least), ``bind`` sizes of
    symbolic dimensions.
    """

    target: str = "ascend910b3"
    precision: str = "keep"
    quantize: str = "none"
    calibration: str | None = None
    attention: str = "auto"
    attention_splits: int = 0
    bind: dict[str, int] = field(default_factory=dict[str, int])

    def check(self) -> None:
        """Raise ``SfumatoError`` for a value that does not exist, or that a later stage of the project brings."""
        _choose("--precision", self.precision, PRECISIONS, PRECISIONS)
        _choose("--quantize", self.quantize, QUANTIZATIONS, _WORKING_QUANTIZATIONS)
        _choose("--attention", self.attention, ATTENTIONS, ATTENTIONS)
        if self.attention_splits < 0:
            raise SfumatoError(f"--attention-splits {self.attention_splits}: expected a number of parts, or 0")
        if self.calibration is not None:
            raise SfumatoError("--calibration is not supported yet: activations are scaled while the model runs")
        if self.bind:
            raise SfumatoError("--bind is not supported yet: export the model with static shapes")


def _choose(option: str, value: str, known: tuple[str, ...], working: tuple[str, ...]) -> None:
    if value not in known:
        raise SfumatoError(f"{option} {value}: expected one of {', '.join(known)}")
    if value not in working:
        raise SfumatoError(f"{option} {value} is not supported yet (supported: {', '.join(working)})")


def parse_bindings(pairs: list[str]) -> dict[str, int]:
    """Read ``NAME=SIZE`` pairs of ``--bind``."""
    bound: dict[str, int] = {}
    for pair in pairs:
        name, equals, size = pair.partition("=")
        if not (equals and name.isidentifier() and size.isdecimal() and int(size) > 0):
            raise SfumatoError(f"--bind {pair}: expected NAME=SIZE, such as s0=128")
        bound[name] = int(size)
    return bound
