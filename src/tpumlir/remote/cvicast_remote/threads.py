"""How many OpenMP threads an operator runs with: one, where that gives the bytes of stock's four.

The threads of a team cost more than they bring when every core has a process of its own. But their number can be part
of the arithmetic (oneDNN's gemm sums in another order), so each operator is tried at start, on this very processor.
"""

import ctypes
from collections.abc import Callable, Container, Mapping
from pathlib import Path

import numpy as np

from cvicast_remote.graph import Graph
from cvicast_remote.toolchain import STOCK_THREADS, Floats, Module

SetThreads = Callable[[int], object]
"""Sets the number of threads of the next invocations, in this process. A fork forgets it."""

TELLING = 256
"""Fewer numbers than this could be the same by chance, though summed in another order."""


def setter() -> SetThreads | None:
    """Of the OpenMP library that the toolchain has loaded; None where there is none."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    loaded = {line.split(maxsplit=5)[-1] for line in lines if "/libomp.so" in line}
    if len(loaded) != 1:
        return None
    set_threads: SetThreads = ctypes.CDLL(loaded.pop()).omp_set_num_threads
    return set_threads


def alone(graph: Graph, module: Module, skipped: Container[int], set_threads: SetThreads) -> frozenset[str]:
    """The operators, by name, that give the same bytes with one thread as with stock's, on random numbers.

    Random, not a picture: sums of a black picture's zeros are the same in any order. `skipped`: operations that the
    module does not do.
    """
    found: set[str] = set()
    noise = np.random.default_rng(7).standard_normal(max(op.size for op in graph.ops), np.float32)
    for op in graph.ops:
        if not op.inputs or op.index in skipped or op.size < TELLING:
            continue
        results: list[bytes] = []
        for threads in (STOCK_THREADS, 1):
            set_threads(threads)
            for i in op.inputs:
                source = graph.ops[i]
                module.set_tensor(source.name, noise[: source.size].reshape(source.shape))
            results.append(module.invoke_at(op.name).tobytes())
        if results[0] == results[1]:
            found.add(op.name)
    return frozenset(found)


class Thrifty:
    """A module that runs these operators with one thread, all others with stock's."""

    def __init__(self, module: Module, alone: frozenset[str], set_threads: SetThreads) -> None:
        self.input_names = module.input_names
        self._module = module
        self._alone = alone
        self._set_threads = set_threads

    def set_tensor(self, name: str, data: Floats, /) -> None:
        self._module.set_tensor(name, data)

    def invoke_at(self, name: str, /) -> Floats:
        self._set_threads(1 if name in self._alone else STOCK_THREADS)
        return self._module.invoke_at(name)


def thrifty(graph: Graph, module: Module, forms: Mapping[int, object]) -> Module:
    """The module with as few threads as the bytes allow."""
    set_threads = setter()
    if set_threads is None:
        return module
    return Thrifty(module, alone(graph, module, forms, set_threads), set_threads)
