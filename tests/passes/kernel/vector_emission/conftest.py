"""Kernels of one tile computation: emitted, planned, synchronised, encoded and run, their results for numpy to judge."""

import numpy as np
import pytest
from xdsl.dialects import arith
from xdsl.dialects.builtin import ArrayAttr, DictionaryAttr, IntegerAttr, ModuleOp, StringAttr, TensorType, i64
from xdsl.ir import Block, Region

from dialects.dtypes import DType
from dialects.interned import INDEX, index_attr
from dialects.kernel.copy import DataCopyPadInOp, DataCopyPadOutOp
from dialects.kernel.queue import AllocTensorOp, DequeOp, EnqueOp, FreeTensorOp, InitQueueOp
from dialects.kernel.scalar import GetBlockIdxOp
from dialects.kernel.structure import KernelOp, ProgramOp
from dialects.kernel.types import GlobalType
from passes.analysis.tile_storage import ub_tile_bytes
from passes.kernel.vector_emission.emitter import VectorEmitter
from passes.kernel.vector_emission.operand import Area
from passes.kernel.vector_emission.ub_tile import UBTile
from passes.scope import Scope


class Bench:
    """A kernel of one tile computation: loads its inputs, emits, stores one result."""

    def __init__(self, execute, inputs, result_shape, result_dtype, dynamic=False, turned=False):
        self.execute = execute
        self.inputs, self.result_shape, self.result_dtype = inputs, result_shape, result_dtype
        self.dynamic, self.turned = dynamic, turned
        types = [GlobalType(DType.of_numpy(a.dtype).type) for a in inputs] + [GlobalType(result_dtype.type)]
        self.program = ProgramOp("vector", types)
        self.scope = Scope(self.program.body.block)
        zero = self.scope.add(GetBlockIdxOp.make()).results[0]
        self.zero = zero

    def index(self, value):
        """An extent: the number itself, or one that only the running kernel knows."""
        if not self.dynamic:
            return value
        known = arith.ConstantOp.create(properties={"value": index_attr(value)}, result_types=[INDEX])
        self.scope.add(known)
        add = arith.AddiOp.create(operands=[self.zero, known.results[0]], result_types=[INDEX])
        return self.scope.add(add).results[0]

    def area(self, shape, capacity):
        """The extent of a computation on a tile of at most `capacity`."""
        return Area(*map(self.index, shape), *capacity)

    def run(self, capacity, emit):
        """capacity: largest (rows, cols) by which tiles are laid out; emit(emitter, tiles, dst)."""
        arguments = self.program.body.block.args
        scope = self.scope
        loaded = []
        for array, argument in zip(self.inputs, arguments, strict=False):
            dtype = DType.of_numpy(array.dtype)
            rows, cols = (size if size == 1 else most for size, most in zip(array.shape, capacity, strict=True))
            queue = scope.add(InitQueueOp.make("vecin", 1, ub_tile_bytes(rows, cols, dtype), "MTE2", ["V"])).results[0]
            tensor = scope.add(AllocTensorOp.make(queue)).results[0]
            tile = UBTile.of(tensor, rows, cols, dtype)
            scope.add(DataCopyPadInOp.make([tensor, argument], bursts(array.shape, tile, dtype, False)))
            scope.add(EnqueOp.make(queue, tensor))
            loaded.append((queue, tile, dtype))
        tiles = []
        for queue, tile, dtype in loaded:
            tensor = scope.add(DequeOp.make(queue, "V")).results[0]
            tiles.append((queue, tile.at(tensor, dtype)))
        most_out = capacity[::-1] if self.turned else capacity
        rows, cols = (size if size == 1 else most for size, most in zip(self.result_shape, most_out, strict=True))
        size = ub_tile_bytes(rows, cols, self.result_dtype)
        queue = scope.add(InitQueueOp.make("vecout", 1, size, "V", ["MTE3"])).results[0]
        out = scope.add(AllocTensorOp.make(queue)).results[0]
        dst = UBTile.of(out, rows, cols, self.result_dtype)
        emit(VectorEmitter(scope), [tile for _, tile in tiles], dst)
        for input_queue, tile in tiles:
            scope.add(FreeTensorOp.make(input_queue, tile.local, "V"))
        scope.add(EnqueOp.make(queue, out))
        out = scope.add(DequeOp.make(queue, "MTE3")).results[0]
        fields = {**bursts(self.result_shape, dst, self.result_dtype, True), "type": self.result_dtype.name}
        scope.add(DataCopyPadOutOp.make([arguments[-1], out], fields))
        scope.add(FreeTensorOp.make(queue, out, "MTE3"))
        return self._execute()

    def _execute(self):
        arrays = [*self.inputs, np.zeros(self.result_shape, self.result_dtype.numpy)]
        names = [f"a{i}" for i in range(len(arrays))]
        directions = ["in"] * len(self.inputs) + ["out"]
        entries = [
            DictionaryAttr(
                {
                    "name": StringAttr(name),
                    "type": TensorType(DType.of_numpy(array.dtype).type, array.shape),
                    "direction": StringAttr(direction),
                }
            )
            for name, array, direction in zip(names, arrays, directions, strict=True)
        ]
        kernel = KernelOp.create(
            properties={
                "sym_name": StringAttr("k"),
                "kind": StringAttr("vector"),
                "blocks": IntegerAttr(1, i64),
                "arguments": ArrayAttr(entries),
            },
            regions=[Region(Block([self.program]))],
        )
        self.kernel = self.execute(ModuleOp([kernel]), arrays)
        return arrays[-1]

    def vector_instructions(self):
        """The mnemonics of what the vector unit computes, in order."""
        ops = self.kernel.programs()["vector"].instructions()
        return [op.mnemonic for op in ops if op.queue == "V" and op.mnemonic != "barrier"]


def bursts(shape, tile, dtype, out):
    rows, cols = shape
    if tile.extent == "full":
        local, memory = tile.pitch * dtype.size, cols * dtype.size
    else:
        rows, cols = 1, rows * cols
        local = memory = -(-cols * dtype.size // 32) * 32
    src, dst = (local, memory) if out else (memory, local)
    return {"bursts": rows, "burst_bytes": cols * dtype.size, "src_stride": src, "dst_stride": dst}


@pytest.fixture(scope="session")
def make_bench(lower_module, run_lowered):
    """A bench whose kernels run on the simulator: ``make_bench(inputs, result_shape, result_dtype, ...)``."""

    def execute(module, arrays):
        kernel = lower_module(module)
        run_lowered(kernel, arrays)
        return kernel

    return lambda *arguments, **options: Bench(execute, *arguments, **options)


@pytest.fixture(scope="session")
def numbers():
    """Seeded numbers of a type: ``numbers(shape, dtype, seed, low, high)``."""

    def make(shape, dtype, seed=0, low=-4, high=4):
        generator = np.random.default_rng(seed)
        if dtype.is_float:
            return generator.uniform(low, high, shape).astype(dtype.numpy)
        return generator.integers(low, high, shape).astype(dtype.numpy)

    return make
