"""Which input is tuned for which operation, and by which thresholds, against stock's own loops."""

import numpy as np
import pytest
from graphs import branchy, graph_of

from cvicast_remote.graph import INPUT, Graph
from cvicast_remote.tuning import Job, candidates, jobs_of


def stock_jobs(graph: Graph) -> list[Job]:
    tuned: list[int] = []
    jobs: list[Job] = []
    for op in graph.ops:
        if op.kind == INPUT:
            continue
        if all(i in tuned for i in op.inputs):
            jobs.append(Job(op.index, op.inputs[0]))
            tuned.append(op.inputs[0])
            continue
        for i in op.inputs:
            if i not in tuned:
                jobs.append(Job(op.index, i))
                tuned.append(i)
    return jobs


def random_graph(seed: int) -> Graph:
    random = np.random.default_rng(seed)
    ops: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = [(INPUT, (1, 3, 4, 4), ())]
    for i in range(1, 40):
        inputs = tuple(int(random.integers(max(0, i - 6), i)) for _ in range(random.integers(1, 4)))
        ops.append(("top.Any", (1, 3, 4, 4), inputs))
    return graph_of(*ops)


@pytest.mark.parametrize("graph", [branchy(), *map(random_graph, range(20))])
def test_jobs_are_stocks(graph: Graph) -> None:
    assert jobs_of(graph) == stock_jobs(graph)


def test_candidates() -> None:
    assert candidates(2.0, 1.0) == []
    assert candidates(1.0, 1.009) == []
    tries = candidates(1.2345678, float(np.float32(9.87)))
    assert len(tries) == 21
    step = (np.float32(9.87) - 1.2345678) / 20
    assert tries == [1.2345678 + step * i for i in range(21)]
