"""Remarks: what a pass tells the user about a choice it made or could not make, with the PyTorch line."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from xdsl.ir import Operation

from dialects.errors import location_text


@dataclass(frozen=True)
class Remark:
    """A sentence of ``pass_name`` about ``source``, a ``file:line`` of the model (``None``: unknown)."""

    pass_name: str
    source: str | None
    text: str

    def __str__(self) -> str:
        """The remark as one line."""
        return f"{self.source or 'unknown line'}: remark: {self.text} [{self.pass_name}]"


_collected: ContextVar[list[Remark] | None] = ContextVar("remarks", default=None)


@contextmanager
def collected() -> Generator[list[Remark]]:
    """Collect the remarks that passes make inside, each once, in order; outside nobody listens."""
    remarks: list[Remark] = []
    token = _collected.set(remarks)
    try:
        yield remarks
    finally:
        _collected.reset(token)


def remark(pass_name: str, op: Operation, text: str) -> None:
    """Say something about ``op`` to whoever collects remarks."""
    remarks = _collected.get()
    if remarks is None:
        return
    made = Remark(pass_name, location_text(op.location), text)
    if made not in remarks:
        remarks.append(made)
