"""Which activations to keep: the trade of memory for a second run.

A histogram can be counted only when the largest value over all pictures is known. So either the outputs of all
pictures are kept until then ("kept" operations, one by one), or a segment of several operations is run twice, picture
by picture: once for the extremes, once for the histograms. A segment needs only what is live at its two ends. Keeping
every operation is the quickest and needs the most memory; one segment over the whole graph needs next to none and runs
everything twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cvicast_remote.forms import Form
from cvicast_remote.graph import Graph

FLOAT_BYTES = 4


@dataclass(frozen=True)
class Segment:
    """Operations first … end-1; `twice`: run twice, otherwise it is one operation whose outputs are kept."""

    first: int
    end: int
    twice: bool


@dataclass(frozen=True)
class Footprint:
    """Bytes of activations for one picture. A view has no bytes of its own: it keeps its source alive."""

    boundary: tuple[int, ...]
    """Live before operation i (what was made before and is read from i on); one more for the end."""
    kept: tuple[int, ...]
    """Live after operation i with its own output, even when nobody reads it."""
    working: int
    """The most that is live while one picture runs through."""


def footprint(graph: Graph, forms: Mapping[int, Form]) -> Footprint:
    """The activations of one picture, from the graph."""
    root = list(range(len(graph.ops)))
    for op in graph.ops:
        if op.index in forms and forms[op.index].is_view:
            root[op.index] = root[op.inputs[0]]
    last = list(range(len(graph.ops)))
    for i in range(len(graph.ops)):
        last[root[i]] = max(last[root[i]], graph.last_use[i])
    live: dict[int, int] = {}
    boundary, kept, working = [0], [], 0
    for op in graph.ops:
        if root[op.index] == op.index:
            live[op.index] = op.size * FLOAT_BYTES
        working = max(working, sum(live.values()))
        own = root[op.index]
        live = {i: size for i, size in live.items() if last[i] > op.index or i == own}
        kept.append(sum(live.values()))
        if last[own] <= op.index:
            live.pop(own, None)
        boundary.append(sum(live.values()))
    return Footprint(tuple(boundary), tuple(kept), working)


def keep_all(graph: Graph) -> list[Segment]:
    """Every operation kept: nothing runs twice."""
    return [Segment(i, i + 1, False) for i in range(len(graph.ops))]


def needed(segments: Sequence[Segment], prints: Footprint) -> int:
    """Bytes a picture that the segments need kept at their worst moment."""
    return max(_bytes(s.first, s.end, s.twice, prints) for s in segments)


def _bytes(first: int, end: int, twice: bool, prints: Footprint) -> int:
    if twice:
        return max(prints.boundary[first], prints.boundary[end])
    return max(prints.boundary[first], prints.kept[first])


def least_work(costs: Sequence[float], prints: Footprint, limit: int) -> list[Segment]:
    """The segments that need at most `limit` bytes a picture and run the least (by `costs`, one an operation) twice.

    There is always an answer: the whole graph as one segment keeps nothing.
    """
    count = len(costs)
    best = [0.0] + [float("inf")] * count
    came: list[Segment | None] = [None] * (count + 1)
    for end in range(1, count + 1):
        again = 0.0
        for first in range(end - 1, -1, -1):
            again += costs[first]
            if first == end - 1 and _bytes(first, end, False, prints) <= limit and best[first] < best[end]:
                best[end], came[end] = best[first], Segment(first, end, False)
            if _bytes(first, end, True, prints) <= limit and best[first] + again < best[end]:
                best[end], came[end] = best[first] + again, Segment(first, end, True)
    segments: list[Segment] = []
    end = count
    while end > 0:
        segment = came[end]
        if segment is None:
            return [Segment(0, count, True)]
        segments.append(segment)
        end = segment.first
    return segments[::-1]


def twice_share(segments: Sequence[Segment], costs: Sequence[float]) -> float:
    """Which share of the forward work runs twice, 0…1."""
    total = sum(costs)
    return sum(sum(costs[s.first : s.end]) for s in segments if s.twice) / total if total else 0.0
