"""Which mode, how many processes: from the graph, the pictures and the memory there is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from cvicast_remote.failures import Refused
from cvicast_remote.graph import Graph
from cvicast_remote.memory import KEPT_OVERHEAD, MARGIN, Need
from cvicast_remote.segments import Footprint, Segment, keep_all, least_work, needed

Mode = Literal["op", "stream"]
Asked = Literal["auto", "op", "stream"]

STREAM_SHARE = 0.5
"""Streaming that is asked for by name aims at this share of what keeping every activation would need."""


@dataclass(frozen=True)
class Plan:
    """How the run goes. `predicted`: bytes of all processes at the peak."""

    mode: Mode
    processes: int
    segments: Sequence[Segment]
    predicted: int
    why: str


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"


def decide(
    graph: Graph,
    prints: Footprint,
    costs: Sequence[float],
    need: Need,
    asked: Asked,
    room: int,
) -> Plan:
    """The plan that fits into `room` bytes with as many of `need.processes` as can be. Raises Refused("memory")."""
    kept = keep_all(graph)
    for processes in range(need.processes, 0, -1):
        with_these = replace(need, processes=processes)
        if asked != "stream":
            plan = _plan("op", kept, prints, with_these, room)
            if plan.predicted <= room * MARGIN:
                return plan
        if asked != "op":
            fixed = replace(with_these, picture=0).total()
            limit = room * MARGIN
            if asked == "stream":
                everything = need.base + need.pictures * prints.working
                limit = min(limit, max(fixed, everything * STREAM_SHARE))
            if fixed <= limit:
                segments = _streaming(costs, prints, with_these, int(limit))
                return _plan("stream", segments, prints, with_these, room)
    least = _plan("stream", [Segment(0, len(graph.ops), True)], prints, replace(need, processes=1), room)
    raise Refused(
        "memory",
        f"{_megabytes(room)} of memory are available, and one process needs {_megabytes(least.predicted)}"
        + (" or more, op by op" if asked == "op" else ""),
    )


def _streaming(costs: Sequence[float], prints: Footprint, need: Need, limit: int) -> list[Segment]:
    beside_pictures = need.base + need.board + replace(need, base=0, board=0, picture=0, tuning_pictures=1).total()
    return least_work(costs, prints, int((limit - beside_pictures) / KEPT_OVERHEAD) // need.pictures)


def _plan(mode: Mode, segments: Sequence[Segment], prints: Footprint, need: Need, room: int) -> Plan:
    predicted = replace(need, picture=needed(segments, prints)).total()
    why = f"{mode} with {need.processes} processes: {_megabytes(predicted)} predicted, {_megabytes(room)} available"
    return Plan(mode, need.processes, segments, predicted, why)
