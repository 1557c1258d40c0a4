"""One thread only where the bytes are those of stock's four."""

import numpy as np
import pytest
from graphs import graph_of
from runs import Toolchain

from cvicast_remote.graph import INPUT, Graph
from cvicast_remote.threads import Thrifty, alone
from cvicast_remote.toolchain import STOCK_THREADS, Floats

SHAPE = (1, 4, 8, 8)
SHAKY = 2
"""The operation whose sums depend on the threads."""


class Fake:
    """Adds its inputs and one; the shaky operation in another order when it has one thread."""

    input_names = ("op0",)

    def __init__(self, graph: Graph) -> None:
        self.threads = 0
        self.ran: list[tuple[str, int]] = []
        self._graph = graph
        self._tensors: dict[str, Floats] = {}

    def set_threads(self, threads: int) -> None:
        self.threads = threads

    def set_tensor(self, name: str, data: Floats, /) -> None:
        self._tensors[name] = data

    def invoke_at(self, name: str, /) -> Floats:
        self.ran.append((name, self.threads))
        op = next(op for op in self._graph.ops if op.name == name)
        data = self._tensors[self._graph.ops[op.inputs[0]].name].reshape(-1)
        one_way = np.float32(0.1) + (np.float32(0.2) + data)
        other_way = (np.float32(0.1) + np.float32(0.2)) + data
        out: Floats = other_way if op.index == SHAKY and self.threads == 1 else one_way
        return np.resize(out, op.shape)


@pytest.fixture
def graph() -> Graph:
    kinds = [("top.Conv", SHAPE), ("top.Conv", SHAPE), ("top.Reshape", SHAPE), ("top.MatMul", (1, 4, 2, 2))]
    return graph_of((INPUT, SHAPE, ()), *((kind, shape, (i,)) for i, (kind, shape) in enumerate(kinds)))


def test_those_with_other_bytes_few_numbers_or_a_form_are_left_out(graph: Graph) -> None:
    fake = Fake(graph)
    moved = 3
    assert alone(graph, fake, {moved}, fake.set_threads) == {graph.ops[1].name}
    assert (graph.ops[moved].name, 1) not in fake.ran


def test_the_others_keep_stocks_threads(graph: Graph) -> None:
    fake = Fake(graph)
    names = [op.name for op in graph.ops]
    module = Thrifty(fake, frozenset({names[1]}), fake.set_threads)
    module.set_tensor(names[0], np.zeros(SHAPE, np.float32))
    module.set_tensor(names[1], np.zeros(SHAPE, np.float32))
    for name in (names[2], names[1], names[2]):
        module.invoke_at(name)
    assert fake.ran == [(names[2], STOCK_THREADS), (names[1], 1), (names[2], STOCK_THREADS)]


def test_the_toolchains_own_threads_are_set(toolchain: Toolchain) -> None:
    script = (
        "import ctypes, pymlir; from cvicast_remote.threads import setter; "
        "ctypes.CDLL('libomp.so.5').omp_get_max_threads(); setter()(3); "
        "print('threads', ctypes.CDLL('libomp.so.5').omp_get_max_threads())"
    )
    inside = f"import os, sys; from pathlib import Path; from cvicast_remote import toolchain as t; \
os.execve(sys.executable, [sys.executable, '-c', {script!r}], t.environment(t.package_folder()))"
    ran = toolchain.run([str(toolchain.python), "-c", inside])
    assert "threads 3" in ran.out, ran.out + ran.err
