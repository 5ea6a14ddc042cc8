"""The pass `tile-partition-cores`: one program for the cube core, one for the vector core, channels between them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import cast

from xdsl.context import Context
from xdsl.dialects.builtin import ModuleOp, StringAttr, UnitAttr, bf16, f16, f32
from xdsl.ir import Block, Operation, SSAValue

from dialects.interned import i64_array, i64_attr
from dialects.tile.compute import ComputeOp, MatmulOp
from dialects.tile.data import StoreOp
from dialects.tile.launch import LaunchOp
from dialects.tile.structure import GridOp, KernelOp, ProgramOp
from dialects.tile.types import TileType, is_in_ub
from dialects.tile.workspace import WorkspaceOp
from passes.base import SfumatoPass, target_of
from passes.tile.channels import Channels, pieces_of, total_of
from passes.tile.core_programs import gather_moves, keep_core, share_rows
from passes.tile.row_pieces import cut_rows
from passes.tile.workspaces import place_workspaces
from runtime.machine.description import Machine, load


@dataclass(frozen=True)
class TilePartitionCores(SfumatoPass):
    """Give each operation to the core that can run it: products to the cube core, the rest to the vector cores.

    What the fixpipe can do (a ReLU, a conversion to f16 or bf16) on the way from a product to its store stays with the
    cube core. Every other value that crosses goes through a channel in GM; the vector cores of a block share its
    rows. The kernel's kind (cube, vector, mix) and its number of blocks follow.
    """

    name = "tile-partition-cores"

    def apply(self, ctx: Context, op: ModuleOp) -> None:
        """Partition every kernel that has no programs yet."""
        machine = load(target_of(op))
        workspaces: dict[str, list[int]] = {}
        for kernel in op.body.block.ops:
            if isinstance(kernel, KernelOp) and not isinstance(kernel.body.block.first_op, ProgramOp):
                workspaces[kernel.sym_name.data] = _partition(kernel, machine)
        for launch in op.walk():
            if isinstance(launch, LaunchOp) and workspaces.get(launch.kernel.root_reference.data):
                sizes = workspaces[launch.kernel.root_reference.data]
                launch.properties["workspace"] = i64_array(sizes)


def _partition(kernel: KernelOp, machine: Machine) -> list[int]:
    """Partition a kernel; return the bytes of each workspace that a launch needs."""
    block = kernel.body.block
    products = [op for op in block.walk() if isinstance(op, MatmulOp)]
    for product in products:
        _fold_into_store(total_of(product))
    to_vector = [op for op in products if any(not isinstance(u.operation, StoreOp) for u in total_of(op).uses)]
    to_cube = [op for op in products if any(is_in_ub(operand) for operand in (op.lhs, op.rhs))]
    shared = any(isinstance(op, WorkspaceOp) for op in block.walk())
    kind = "mix" if to_vector or to_cube or shared else "cube" if products else "vector"
    tiles = max(prod(op.tiles.get_values()) for op in block.ops if isinstance(op, GridOp))
    blocks = min(machine.cores(kind), tiles)
    channels = Channels(kernel, blocks, machine)
    for product in products:
        if product in to_vector:
            channels.send_product(product)
        if product in to_cube:
            channels.send_operands(product)
    place_workspaces(kernel, channels)
    cores = {"mix": ("cube", "vector"), "cube": ("cube",), "vector": ("vector",)}[kind]
    programs: list[Operation] = []
    pieces = pieces_of(kernel)
    for core in cores:
        region = kernel.body.clone()
        keep_core(region.block, core)
        if kind == "mix" and core == "vector" and machine.vector_per_cube > 1:
            share_rows(region.block, machine.vector_per_cube, pieces)
        gather_moves(region.block)
        if kind == "mix" and core == "vector" and pieces > 1:
            cut_rows(region.block, pieces)
        program = ProgramOp.create(properties={"core": StringAttr(core)}, regions=[region])
        program.location = kernel.location
        programs.append(program)
    kernel.body.detach_block(block)
    kernel.body.add_block(Block(programs))
    block.drop_all_references()
    kernel.properties["kind"] = StringAttr(kind)
    kernel.properties["blocks"] = i64_attr(blocks)
    return channels.workspaces


def _fold_into_store(total: SSAValue) -> None:
    """Let the fixpipe do a ReLU and a conversion that lie between a product and its only store."""
    value = total
    chain: list[Operation] = []
    relu = False
    while True:
        uses = list(value.uses)
        if len(uses) != 1:
            return
        op = uses[0].operation
        if isinstance(op, StoreOp):
            break
        if not isinstance(op, ComputeOp) or (chain and chain[-1] is op):
            return
        source = cast("TileType", value.type).element_type
        result = op.tile.type.element_type
        if op.function.data == "relu":
            relu = True
        elif not (op.function.data == "cast" and source == f32 and result in (f16, bf16)):
            return
        chain.append(op)
        value = op.tile
    op.operands[0] = total
    if relu:
        op.properties["relu"] = UnitAttr()
    for dead in reversed(chain):
        dead.detach()
        dead.erase()
