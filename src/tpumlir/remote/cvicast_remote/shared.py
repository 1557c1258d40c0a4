"""What the processes tell each other: numbers in anonymous shared memory (nothing in /dev/shm, nothing left behind).

Every cell has one writer. A writer fills its cells first and posts a counter after; x86 keeps that order.
"""

import mmap
import time
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

POLL_SECONDS = 0.0005


def shared_array(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Zeros that stay shared over a fork."""
    size = max(1, prod(shape)) * np.dtype(dtype).itemsize
    memory = mmap.mmap(-1, size)
    return np.frombuffer(memory, dtype, prod(shape)).reshape(shape)


class Board:
    """Everything the processes share in one run."""

    def __init__(self, pictures: int, operations: int, processes: int, bins: int, jobs: int) -> None:
        self.extremes: NDArray[np.float32] = shared_array((2, operations, pictures), np.float32)
        """[0] smallest, [1] largest value of an operation's output for a picture."""
        self.posted: NDArray[np.int64] = shared_array((processes,), np.int64)
        """Operations whose extremes a process has written for all its pictures."""
        self.counts: NDArray[np.int32] = shared_array((processes, operations, bins), np.int32)
        self.thresholds: NDArray[np.float64] = shared_array((operations,), np.float64)
        self.best: NDArray[np.float64] = shared_array((jobs,), np.float64)
        self.phase: NDArray[np.int64] = shared_array((processes,), np.int64)
        """Phases a process has finished."""
        self.at: NDArray[np.int64] = shared_array((processes,), np.int64)
        """The operation a process is at; for its last words."""
        self.work: NDArray[np.float64] = shared_array((2, processes), np.float64)
        """Work done: [0] operations of collecting a picture, [1] tuning jobs, both weighed by their size."""


def wait_until(ready: Callable[[], bool]) -> None:
    """Waits for the other processes. A process that dies is the parent's business: it ends the rest."""
    while not ready():
        time.sleep(POLL_SECONDS)
