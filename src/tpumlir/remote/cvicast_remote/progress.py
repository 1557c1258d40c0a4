"""What the client is told while it waits: stage, how much of it, seconds left, memory."""

import time
from collections.abc import Sequence

from cvicast_remote.events import Events
from cvicast_remote.graph import Graph
from cvicast_remote.plan import Plan
from cvicast_remote.segments import twice_share
from cvicast_remote.shared import Board
from cvicast_remote.tuning import PICTURES, STEPS, Job

EVERY_SECONDS = 0.5
COLLECTING = 1.7
"""Collecting a picture costs this many times its run through the module (extremes and histograms on top). Measured."""
TUNING = 0.6
"""Trying one threshold on one picture costs this share of its run. Measured."""


class Progress:
    """Turns the board's counters into events, at most one every half second."""

    def __init__(
        self,
        events: Events,
        board: Board,
        graph: Graph,
        plan: Plan,
        pictures: int,
        jobs: Sequence[Job],
        costs: Sequence[float],
    ) -> None:
        self._events = events
        self._board = board
        self._pictures = pictures
        self._jobs = len(jobs)
        one = sum(op.size for op in graph.ops)
        doubled = sum(op.size for s in plan.segments if s.twice for op in graph.ops[s.first : s.end])
        self._collecting = (one + doubled) * pictures
        self._tuning = sum(graph.ops[job.evaluated].size for job in jobs)
        run = sum(costs)
        again = twice_share(plan.segments, costs)
        self._seconds = (
            run * pictures * (COLLECTING + again) / plan.processes,
            run * min(pictures, PICTURES) * (STEPS + 1) * TUNING / plan.processes,
        )
        self._started = time.monotonic()
        self._next = 0.0

    def look(self, memory: int) -> None:
        """Emits an event when it is time for one."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + EVERY_SECONDS
        collected = min(1.0, float(self._board.work[0].sum()) / self._collecting)
        tuned = min(1.0, float(self._board.work[1].sum()) / self._tuning)
        collecting = int(self._board.phase.min()) < 1
        self._events.emit(
            "progress",
            stage="activations" if collecting else "tuning",
            done=round(collected * self._pictures) if collecting else round(tuned * self._jobs),
            total=self._pictures if collecting else self._jobs,
            secondsLeft=self._left(collected, tuned, now - self._started),
            memoryBytes=memory,
        )

    def _left(self, collected: float, tuned: float, elapsed: float) -> int:
        """The first guess, corrected by how fast it has gone so far."""
        expected = self._seconds[0] * collected + self._seconds[1] * tuned
        rest = sum(self._seconds) - expected
        pace = elapsed / expected if expected > 0.5 else 1.0
        return max(0, round(rest * pace))
