"""First half of calibration, in one process: extremes and histograms of its shard of the pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cvicast_remote.failures import NotCovered
from cvicast_remote.forward import Forward
from cvicast_remote.graph import Graph
from cvicast_remote.histogram import Extent, Histogram, extent_of
from cvicast_remote.segments import Segment
from cvicast_remote.shared import Board, wait_until
from cvicast_remote.toolchain import Floats


def extent_on(board: Board, index: int, name: str) -> Extent:
    """The extent of an operation, once every process has posted it. NaN and infinity go to stock."""
    lows, highs = board.extremes[:, index]
    if not (np.isfinite(lows).all() and np.isfinite(highs).all()):
        raise NotCovered(f"operator {name} gives values that are not finite")
    return extent_of(lows, highs)


@dataclass(frozen=True)
class _Waiting:
    index: int
    outputs: list[Floats]
    bytes: int


class Collector:
    """Walks the segments; see segments.py for why. `ahead_bytes`: how much more it may keep instead of waiting."""

    def __init__(
        self, graph: Graph, forward: Forward, board: Board, process: int, shard: range, bins: int, ahead_bytes: int
    ) -> None:
        self._graph = graph
        self._forward = forward
        self._board = board
        self._process = process
        self._shard = shard
        self._histogram = Histogram(bins)
        self._ahead_bytes = ahead_bytes
        self._waiting: list[_Waiting] = []
        self._live: list[dict[int, Floats]] = [{} for _ in shard]

    def run(self, segments: Sequence[Segment]) -> None:
        """Leaves the extremes and this process's counts of all operations on the board."""
        for segment in segments:
            if segment.twice:
                self._drain(0)
                self._twice(segment)
            else:
                self._keep(segment.first)
        self._drain(0)

    def _keep(self, index: int) -> None:
        outputs: list[Floats] = []
        gone = self._graph.freed_after[index]
        for number, live in zip(self._shard, self._live, strict=True):
            out = self._forward.run(index, live, number)
            self._note(index, number, out)
            outputs.append(out)
            live[index] = out
            for i in gone:
                live.pop(i, None)
        self._work(index, len(self._shard))
        self._board.posted[self._process] = index + 1
        self._waiting.append(_Waiting(index, outputs, sum(out.nbytes for out in outputs)))
        del outputs
        self._drain(self._ahead_bytes)

    def _drain(self, ahead_bytes: int) -> None:
        """Counts what all have posted; waits only while more than `ahead_bytes` are kept for counting."""
        while self._waiting:
            first = self._waiting[0]
            if not self._posted(first.index):
                if sum(w.bytes for w in self._waiting) <= ahead_bytes:
                    return
                wait_until(lambda index=first.index: self._posted(index))  # type: ignore[misc]
            self._waiting.pop(0)
            largest = self._extent(first.index).largest
            counts = self._board.counts[self._process, first.index]
            freed_as_counted = (first.outputs.pop() for _ in range(len(first.outputs)))
            self._histogram.add(freed_as_counted, largest, counts)

    def _twice(self, segment: Segment) -> None:
        for number, live in zip(self._shard, self._live, strict=True):
            tensors = dict(live)
            for index in range(segment.first, segment.end):
                tensors[index] = self._forward.run(index, tensors, number)
                self._note(index, number, tensors[index])
                self._free(index, tensors)
                self._work(index, 1)
        self._board.posted[self._process] = segment.end
        wait_until(lambda: self._posted(segment.end - 1))
        largest = [self._extent(index).largest for index in range(segment.first, segment.end)]
        for number, tensors in zip(self._shard, self._live, strict=True):
            for index in range(segment.first, segment.end):
                tensors[index] = self._forward.run(index, tensors, number)
                counts = self._board.counts[self._process, index]
                self._histogram.add([tensors[index]], largest[index - segment.first], counts)
                self._free(index, tensors)
                self._work(index, 1)

    def _free(self, index: int, tensors: dict[int, Floats]) -> None:
        for i in self._graph.freed_after[index]:
            tensors.pop(i, None)

    def _note(self, index: int, number: int, out: Floats) -> None:
        self._board.at[self._process] = index
        flat = out.reshape(-1)
        self._board.extremes[0, index, number] = np.minimum.reduce(flat)
        self._board.extremes[1, index, number] = np.maximum.reduce(flat)

    def _work(self, index: int, pictures: int) -> None:
        self._board.work[0, self._process] += self._graph.ops[index].size * pictures

    def _posted(self, index: int) -> bool:
        return bool((self._board.posted > index).all())

    def _extent(self, index: int) -> Extent:
        return extent_on(self._board, index, self._graph.ops[index].name)
