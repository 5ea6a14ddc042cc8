"""Which ops of a program on tiles have to do with a workspace, memory that both kinds of core add to."""

from __future__ import annotations

from xdsl.ir import Operation, SSAValue

from dialects.tile.data import LoadOp, StoreOp, SubviewOp
from dialects.tile.workspace import BitcastOp, SignalOp, WaitOp, WorkspaceOp


def workspace_of(window: SSAValue) -> WorkspaceOp | None:
    """Return the workspace that a window of GM lies in, if it does."""
    while isinstance(window.owner, SubviewOp | BitcastOp):
        window = window.owner.source
    return window.owner if isinstance(window.owner, WorkspaceOp) else None


def accessed_by(op: Operation) -> WorkspaceOp | None:
    """Return the workspace that an op stores to, loads from, or passes on."""
    if isinstance(op, StoreOp | LoadOp):
        return workspace_of(op.window)
    return workspace_of(op.workspace) if isinstance(op, SignalOp | WaitOp) else None


def flags_of(workspace: WorkspaceOp) -> int:
    """Return the first of a workspace's two flags, which both kinds of core know it by."""
    assert workspace.id is not None
    return workspace.id.value.data
