"""Operators that only move data, done in numpy: no copy into the module, no slow loop there, often no copy at all.

Each form is proven at start on this very graph: the same numbers go through the module and must come back the same,
byte for byte. A form that does not compare is not used: the module does that operator, as in stock; the run says which.
"""

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from cvicast_remote.graph import Graph, Op
from cvicast_remote.toolchain import Floats, Module

Move = Callable[[Sequence[Floats]], Floats]

MAX_EXACT = 1 << 24
"""float32 holds every integer below this: more elements could not be told apart in the proof."""


@dataclass(frozen=True)
class Form:
    """A proven numpy form. `is_view`: its output shares the memory of its (single) input."""

    move: Move
    is_view: bool


def _integers(text: str) -> list[int]:
    value = ast.literal_eval(text.split(" : ")[0])
    return [int(v) for v in value] if isinstance(value, list) else [int(value)]


def _slice(op: Op) -> Move:
    offsets, steps = _integers(op.attributes["offset"]), _integers(op.attributes["steps"])
    window = tuple(
        slice(offset, offset + step * extent, step)
        for offset, step, extent in zip(offsets, steps, op.shape, strict=True)
    )
    return lambda tensors: np.ascontiguousarray(tensors[0][window])


def _concat(op: Op) -> Move:
    axis = _integers(op.attributes["axis"])[0]
    return lambda tensors: np.concatenate(tensors, axis=axis)


def _permute(op: Op) -> Move:
    order = _integers(op.attributes["order"])
    return lambda tensors: np.ascontiguousarray(tensors[0].transpose(order))


def _reshape(op: Op) -> Move:
    return lambda tensors: tensors[0].reshape(op.shape)


def _upsample(op: Op) -> Move:
    down, right = _integers(op.attributes["scale_h"])[0], _integers(op.attributes["scale_w"])[0]

    def move(tensors: Sequence[Floats]) -> Floats:
        batch, channels, height, width = tensors[0].shape
        repeated = np.empty((batch, channels, height, down, width, right), np.float32)
        repeated[...] = tensors[0][:, :, :, None, :, None]
        return repeated.reshape(batch, channels, height * down, width * right)

    return move


FORMS: dict[str, Callable[[Op], Move]] = {
    "top.Slice": _slice,
    "top.Concat": _concat,
    "top.Permute": _permute,
    "top.Reshape": _reshape,
    "top.Upsample": _upsample,
}


def _candidate(op: Op) -> Move | None:
    if op.kind not in FORMS or op.attributes.get("do_relu", "false") != "false":
        return None
    try:
        return FORMS[op.kind](op)
    except (KeyError, ValueError, SyntaxError, IndexError):
        return None


def _same_bytes(a: Floats, b: Floats) -> bool:
    return a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()


def prove(graph: Graph, module: Module) -> tuple[dict[int, Form], list[str]]:
    """The forms that gave the module's own bytes, by operation, and the names of the operations whose form did not or
    could not be tried. Equal operators on equal shapes are proven once."""
    proven: dict[int, Form] = {}
    unproven: list[str] = []
    seen: dict[object, bool] = {}
    for op in graph.ops:
        move = _candidate(op)
        if move is None:
            continue
        sources = [graph.ops[i] for i in op.inputs]
        key = (op.kind, op.shape, tuple(s.shape for s in sources), tuple(sorted(op.attributes.items())))
        told_apart = len(set(op.inputs)) == len(op.inputs) and sum(s.size for s in sources) < MAX_EXACT
        if told_apart and key not in seen:
            seen[key] = _holds(op, sources, move, module)
        if not (told_apart and seen[key]):
            unproven.append(op.name)
            continue
        tensors = [np.empty(s.shape, np.float32) for s in sources]
        proven[op.index] = Form(move, np.shares_memory(move(tensors), tensors[0]))
    return proven, unproven


def _holds(op: Op, sources: list[Op], move: Move, module: Module) -> bool:
    tensors: list[Floats] = []
    start = 1
    for source in sources:
        numbers = np.arange(start, start + source.size, dtype=np.float32).reshape(source.shape)
        start += source.size
        tensors.append(numbers)
        module.set_tensor(source.name, numbers)
    try:
        mine = move(tensors)
    except (ValueError, TypeError, IndexError):
        return False
    return _same_bytes(mine, module.invoke_at(op.name))
