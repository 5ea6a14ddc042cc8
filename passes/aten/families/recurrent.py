"""Recurrent layers and their cells, unrolled over the sequence; what their gates get of the input is one product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

from xdsl.ir import SSAValue

from dialects.graph import AddOp, MulOp, ReluOp, SigmoidOp, SubOp, TanhOp
from dialects.graph.types import element_of, shape_of
from passes.aten.builder import GraphBuilder
from passes.aten.call import Call
from passes.aten.families.matmul import affine
from passes.aten.registry import handles

State = tuple[SSAValue, ...]
"""What a cell carries from step to step, its output first, each (batch, features)."""

Step = Callable[[GraphBuilder, SSAValue, SSAValue, State], State]
"""The next state from what the gates get of the input, what they get of the last output, and the last state."""


def _gates(build: GraphBuilder, value: SSAValue, count: int) -> list[SSAValue]:
    """Cut the columns of a matrix into ``count`` equal parts."""
    size = shape_of(value)[1] // count
    return [build.slice(value, 1, start, start + size) for start in range(0, count * size, size)]


def _lstm(build: GraphBuilder, given: SSAValue, last: SSAValue, state: State) -> State:
    """c' = f c + i g and h' = o tanh(c'), the gates i, f and o through the logistic function, g through tanh."""
    forgets, keeps, news, shows = _gates(build, build.combine(AddOp, given, last), 4)
    keep, forget, show = (build.apply(SigmoidOp, gate) for gate in (keeps, forgets, shows))
    new = build.combine(MulOp, forget, build.apply(TanhOp, news))
    cell = build.combine(AddOp, build.combine(MulOp, keep, build.cast(state[1], element_of(new))), new)
    return build.combine(MulOp, show, build.apply(TanhOp, cell)), cell


def _gru(build: GraphBuilder, given: SSAValue, last: SSAValue, state: State) -> State:
    """h' = n + z (h - n) with n = tanh(x_n + r h_n)."""
    x_reset, x_update, x_new = _gates(build, given, 3)
    h_reset, h_update, h_new = _gates(build, last, 3)
    reset = build.apply(SigmoidOp, build.combine(AddOp, x_reset, h_reset))
    update = build.apply(SigmoidOp, build.combine(AddOp, x_update, h_update))
    new = build.apply(TanhOp, build.combine(AddOp, x_new, build.combine(MulOp, reset, h_new)))
    gap = build.combine(SubOp, build.cast(state[0], element_of(new)), new)
    return (build.combine(AddOp, new, build.combine(MulOp, update, gap)),)


def _tanh(build: GraphBuilder, given: SSAValue, last: SSAValue, state: State) -> State:
    """h' = tanh(x + h)."""
    del state
    return (build.apply(TanhOp, build.combine(AddOp, given, last)),)


def _relu(build: GraphBuilder, given: SSAValue, last: SSAValue, state: State) -> State:
    """h' = max(x + h, 0)."""
    del state
    return (build.apply(ReluOp, build.combine(AddOp, given, last)),)


_STEPS: dict[str, Step] = {"lstm": _lstm, "gru": _gru, "rnn_tanh": _tanh, "rnn_relu": _relu}


def _step_of(call: Call) -> Step:
    return _STEPS[call.op.overload.data.split(".")[1].removesuffix("_cell")]


@dataclass(frozen=True)
class _Layer:
    """The weights of one direction of a layer; ``project`` makes a smaller output of an LSTM's."""

    input: SSAValue
    hidden: SSAValue
    input_bias: SSAValue | None = None
    hidden_bias: SSAValue | None = None
    project: SSAValue | None = None

    def given(self, build: GraphBuilder, rows: SSAValue) -> SSAValue:
        """Return what the gates get of rows of input."""
        return build.widen(affine(build, rows, self.input, self.input_bias))

    def step(self, build: GraphBuilder, cell: Step, given: SSAValue, state: State) -> State:
        """Return the state after a step, rounded to the type of the one before."""
        last = build.widen(affine(build, state[0], self.hidden, self.hidden_bias))
        after = [build.cast(value, element_of(state[0])) for value in cell(build, given, last, state)]
        if self.project is not None:
            after[0] = affine(build, after[0], self.project)
        return tuple(after)


@handles("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")
def cell(call: Call) -> Sequence[SSAValue]:
    """One step of a recurrent layer."""
    build, state = call.build, _states(call)
    layer = _Layer(call.tensor("w_ih"), call.tensor("w_hh"), call.optional_tensor("b_ih"), call.optional_tensor("b_hh"))
    return layer.step(build, _step_of(call), layer.given(build, call.tensor("input")), state)


def _states(call: Call) -> State:
    """Return the argument ``hx``: a list of an LSTM's two, or a tensor."""
    return tuple(call.tensors("hx")) if ".lstm" in call.op.overload.data else (call.tensor("hx"),)


@handles("lstm.input", "gru.input", "rnn_tanh.input", "rnn_relu.input")
def recurrent(call: Call) -> list[SSAValue]:
    """Layers one on top of the other, each walking the sequence forwards, and backwards beside it if asked."""
    build, layers, step = call.build, call.integer("num_layers"), _step_of(call)
    if call.flag("train") and layers > 1 and float(call.number("dropout")) > 0:
        call.unsupported("dropout while training draws random numbers: export the model in eval mode")
    directions = 2 if call.flag("bidirectional") else 1
    first = call.flag("batch_first")
    value = build.swap(call.tensor("input"), 0, 1) if first else call.tensor("input")
    starts = _states(call)
    weights = _weights(call, layers * directions)
    finals: list[State] = []
    for number in range(0, layers * directions, directions):
        outputs: list[SSAValue] = []
        for place in range(number, number + directions):
            state = tuple(_at(build, start, place) for start in starts)
            output, state = _walk(build, value, state, weights[place], step, backwards=place != number)
            outputs.append(output)
            finals.append(state)
        value = build.concat(outputs, 2)
    value = build.swap(value, 0, 1) if first else value
    return [value, *(_stacked(build, [state[i] for state in finals]) for i in range(len(starts)))]


def _weights(call: Call, count: int) -> list[_Layer]:
    """Return the weights of each direction of each layer: two matrices, two biases if there are any, a projection."""
    tensors = call.tensors("params")
    each = len(tensors) // count
    groups = [tensors[start : start + each] for start in range(0, len(tensors), each)]
    if call.flag("has_biases"):
        return [_Layer(group[0], group[1], group[2], group[3], *group[4:]) for group in groups]
    return [_Layer(group[0], group[1], None, None, *group[2:]) for group in groups]


def _walk(
    build: GraphBuilder, value: SSAValue, state: State, layer: _Layer, step: Step, *, backwards: bool
) -> tuple[SSAValue, State]:
    """Walk a sequence (time, batch, features) in one direction; return the outputs and the last state."""
    length, batch, _ = shape_of(value)
    rows = layer.given(build, build.reshape(value, (length * batch, shape_of(value)[2])))
    given = build.reshape(rows, (length, batch, prod(shape_of(rows)) // (length * batch)))
    outputs: list[SSAValue] = []
    for time in reversed(range(length)) if backwards else range(length):
        state = layer.step(build, step, _at(build, given, time), state)
        outputs.append(state[0])
    return _stacked(build, outputs[::-1] if backwards else outputs), state


def _at(build: GraphBuilder, value: SSAValue, place: int) -> SSAValue:
    """Return one place of the first axis."""
    return build.reshape(build.slice(value, 0, place, place + 1), shape_of(value)[1:])


def _stacked(build: GraphBuilder, values: Sequence[SSAValue]) -> SSAValue:
    """Return the values along a new first axis."""
    return build.concat([build.reshape(value, (1, *shape_of(value))) for value in values], 0)
