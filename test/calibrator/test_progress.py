"""What the client is told: the stage, how much of it, never more often than it is shown."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from graphs import branchy

from cvicast_remote import progress
from cvicast_remote.plan import Plan
from cvicast_remote.segments import Segment, keep_all
from cvicast_remote.shared import Board
from cvicast_remote.tuning import jobs_of

GRAPH = branchy()
COUNT = 10
JOBS = jobs_of(GRAPH)
ONE = sum(op.size for op in GRAPH.ops)
COSTS = [0.1] * len(GRAPH.ops)


class Watch:
    """Progress with a clock of its own; `said` are the events."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, segments: list[Segment]) -> None:
        self.now = 100.0
        self.said: list[dict[str, Any]] = []
        self.board = Board(COUNT, len(GRAPH.ops), 2, 16, len(JOBS))
        monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: self.now))
        events = SimpleNamespace(emit=lambda kind, **fields: self.said.append({"type": kind, **fields}))
        plan = Plan("op", 2, segments, 0, "")
        self._progress = progress.Progress(events, self.board, GRAPH, plan, COUNT, JOBS, COSTS)  # type: ignore[arg-type]

    def after(self, seconds: float) -> dict[str, Any]:
        """The last event, once that much time has gone by."""
        self.now += seconds
        self._progress.look(7)
        return self.said[-1]


def test_one_stage_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(monkeypatch, keep_all(GRAPH))
    first = watch.after(0)
    assert (first["type"], first["stage"], first["done"], first["total"]) == ("progress", "activations", 0, COUNT)
    assert first["memoryBytes"] == 7
    watch.board.work[0] = (ONE * 2, ONE * 3)
    half = watch.after(5)
    assert (half["stage"], half["done"]) == ("activations", COUNT // 2)
    watch.board.work[0] = (ONE * 5, ONE * 5)
    watch.board.phase[:] = (1, 0)
    assert watch.after(5)["stage"] == "activations"
    watch.board.phase[:] = (1, 1)
    tuning = watch.after(5)
    assert (tuning["stage"], tuning["done"], tuning["total"]) == ("tuning", 0, len(JOBS))
    watch.board.work[1, 0] = sum(GRAPH.ops[job.evaluated].size for job in JOBS)
    end = watch.after(5)
    assert (end["done"], end["secondsLeft"]) == (len(JOBS), 0)


def test_what_runs_twice_is_twice_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(monkeypatch, [Segment(0, len(GRAPH.ops), True)])
    watch.board.work[0, 0] = ONE * COUNT
    assert watch.after(1)["done"] == COUNT // 2


def test_the_time_left_follows_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(monkeypatch, keep_all(GRAPH))
    watch.after(0)
    watch.board.work[0] = np.full(2, ONE * 2)
    left = watch.after(20)["secondsLeft"]
    assert left > 0
    assert watch.after(20)["secondsLeft"] == pytest.approx(2 * left, abs=1)


def test_at_most_an_event_every_half_second(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch(monkeypatch, keep_all(GRAPH))
    for _ in range(10):
        watch.after(0.1)
    assert len(watch.said) == 2
