"""Numpy forms: those that give the module's bytes are used, one that is a single bit off is not."""

import numpy as np
import pytest
from graphs import graph_of

from cvicast_remote.forms import Form, prove
from cvicast_remote.forward import Forward
from cvicast_remote.graph import INPUT, Graph
from cvicast_remote.toolchain import Floats

RESHAPES = graph_of(
    (INPUT, (1, 3, 4, 4), ()),
    ("top.Reshape", (1, 48, 1, 1), (0,)),
    ("top.Reshape", (1, 1, 3, 16), (1,)),
)
CHANGED = 2


class Fake:
    """Reshapes; the operation CHANGED turns over the last bit of its last number."""

    input_names = ("o0",)

    def __init__(self, graph: Graph, changes: bool) -> None:
        self.ran: list[str] = []
        self._graph = graph
        self._changes = changes
        self._tensors: dict[str, Floats] = {}

    def set_tensor(self, name: str, data: Floats, /) -> None:
        self._tensors[name] = data

    def invoke_at(self, name: str, /) -> Floats:
        self.ran.append(name)
        op = next(op for op in self._graph.ops if op.name == name)
        out = self._tensors[self._graph.ops[op.inputs[0]].name].reshape(op.shape).copy()
        if self._changes and op.index == CHANGED:
            out.view(np.uint32).reshape(-1)[-1] ^= 1
        return out


def test_a_form_with_the_modules_bytes_is_used() -> None:
    forms, unproven = prove(RESHAPES, Fake(RESHAPES, changes=False))
    assert (set(forms), unproven) == ({1, 2}, [])


def test_a_form_that_is_one_bit_off_is_left_to_the_module() -> None:
    fake = Fake(RESHAPES, changes=True)
    forms, unproven = prove(RESHAPES, fake)
    assert (set(forms), unproven) == ({1}, ["o2"])
    fake.ran.clear()
    picture = np.random.default_rng(1).standard_normal((1, 3, 4, 4), np.float32)
    forward = Forward(RESHAPES, fake, forms, lambda _number: picture)
    made: dict[int, Floats] = {}
    for op in RESHAPES.ops:
        made[op.index] = forward.run(op.index, made, 0)
    assert fake.ran == ["o2"]
    fake.set_tensor("o1", picture.reshape(1, 48, 1, 1))
    assert made[CHANGED].tobytes() == fake.invoke_at("o2").tobytes() != picture.tobytes()


@pytest.mark.parametrize("inputs", [(0, 0), (0, 1)], ids=["the same input twice", "too many numbers to tell apart"])
def test_a_form_that_cannot_be_tried_is_left_to_the_module(
    inputs: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    if inputs == (0, 1):
        monkeypatch.setattr("cvicast_remote.forms.MAX_EXACT", 96)
    graph = graph_of(
        *((INPUT, (1, 3, 4, 4), ()), ("top.SiLU", (1, 3, 4, 4), (0,)), ("top.Concat", (1, 6, 4, 4), inputs)),
    )
    graph.ops[2].attributes["axis"] = "1 : si32"  # type: ignore[index]
    fake = Fake(graph, changes=False)
    forms: dict[int, Form]
    forms, unproven = prove(graph, fake)
    assert (forms, unproven, fake.ran) == ({}, ["o2"], [])
