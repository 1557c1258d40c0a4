"""The tools' own comparison of tensors (`npz_tool.py compare`), in a process a core instead of one a tensor.

tpu_mlir 1.7 forks its whole Python for each of up to 400 tensors, which takes more time than all the comparing: of a
transform of 10.6 s, 7 (2 cores, 231 tensors, 2026-11-30). The functions that compare and print stay the tools' own, so
every figure and every line does too. Other versions of tpu_mlir, and the other verbs, run as they are.
"""

import multiprocessing
import os
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from cvicast_remote import simulation, toolchain

Compare = Callable[..., Any]
MOST_WORKERS = 8
"""Of tpu_mlir itself."""

compare_in_worker: Callable[[str], Any] | None = None
"""What a worker does with the name of a tensor."""


def prepare(compare: Compare, arguments: tuple[Any, ...]) -> None:
    """In a worker, which was forked with tpu_mlir's compare_one_array and its arguments for the first tensor."""
    global compare_in_worker
    rule, one, other, _name, verbose, _lock, _results, *rest = arguments
    # A file that was opened before the fork has one position for all workers.
    one, other = (np.load(opened.zip.filename) for opened in (one, other))
    compare_in_worker = lambda name: compare(rule, one, other, name, verbose, threading.Lock(), {}, *rest)  # noqa: E731


def compare_one(name: str) -> Any:
    """In a worker: the result for that tensor; None where the comparison fell over, which it tells on stderr."""
    assert compare_in_worker is not None
    try:
        return compare_in_worker(name)
    except BaseException:
        traceback.print_exc()
        return None


class Workers:
    """Has what npz_compare takes from the module `multiprocessing`, under those names, and takes its place there."""

    Lock = staticmethod(multiprocessing.Lock)
    cpu_count = staticmethod(multiprocessing.cpu_count)

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None

    def Manager(self) -> "Workers":
        """The results are here, not in a process of their own."""
        return self

    def dict(self) -> dict[str, Any]:
        """For the results."""
        return {}

    def Process(self, target: Compare, args: tuple[Any, ...]) -> "Comparison":
        """One of the workers does it, when it is started."""
        if self._pool is None:
            forking = multiprocessing.get_context("fork")
            size = min(multiprocessing.cpu_count(), MOST_WORKERS)
            self._pool = ProcessPoolExecutor(size, forking, initializer=prepare, initargs=(target, args))
        return Comparison(self._pool, args)


class Comparison:
    """One tensor's comparison, with the face of a process."""

    def __init__(self, pool: ProcessPoolExecutor, arguments: tuple[Any, ...]) -> None:
        self._pool = pool
        _rule, _one, _other, self._name, _verbose, _lock, self._results, *_rest = arguments
        self._answer: Future[Any] | None = None

    def start(self) -> None:
        """Goes on beside this."""
        self._answer = self._pool.submit(compare_one, self._name)

    def join(self) -> None:
        """Waits for the result; one that fell over has none, as with a process."""
        assert self._answer is not None
        result = self._answer.result()
        if result is not None:
            self._results[self._name] = result


def as_it_is(folder: Path, arguments: list[str]) -> None:
    """In place of this process, the tools' own npz_tool.py."""
    tool = str(folder / "python/tools/npz_tool.py")
    os.execv(sys.executable, [sys.executable, tool, *arguments])


def main(arguments: list[str]) -> None:
    """`npz_tool.py` with those arguments."""
    folder = toolchain.package_folder()
    if folder is None:
        sys.exit("npz_tool.py: tpu_mlir is not installed")
    if arguments[:1] != ["compare"] or toolchain.version() != toolchain.COVERED_VERSION:
        as_it_is(folder, arguments)
    for outputs in arguments[1:2]:
        simulation.keep(Path(outputs))
    import numpy_helper  # noqa: F401  The package hides the module behind its function of that name.

    stock: Any = sys.modules["numpy_helper.npz_compare"]
    stock.multiprocessing = Workers()
    # It sweeps after every few tensors, for the processes that are no more: half of what then remains of the time.
    stock.gc = SimpleNamespace(collect=lambda: 0)
    try:
        stock.npz_compare(arguments[1:])
    except BrokenProcessPool:
        # A worker was killed. Nothing is printed before the last tensor is compared.
        as_it_is(folder, arguments)
