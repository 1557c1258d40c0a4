"""Which input is tuned for which operation, and by which thresholds, against stock's own loops."""

import numpy as np
import pytest
from graphs import branchy, graph_of
from numpy.typing import NDArray

from cvicast_remote.graph import INPUT, Graph
from cvicast_remote.tuning import Job, candidates, first_least, jobs_of


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


def stock_least(distances: NDArray[np.float64]) -> int:
    sums = [0.0] * len(distances)
    for picture in range(distances.shape[1]):
        for number in range(len(distances)):
            sums[number] += float(distances[number, picture])
    means = [total / distances.shape[1] for total in sums]
    best = 0
    for number in range(1, len(means)):
        if means[number] < means[best]:
            best = number
    return best


@pytest.mark.parametrize("seed", range(300))
def test_giving_up_early_changes_no_choice(seed: int) -> None:
    random = np.random.default_rng(seed)
    # Few different values make equal means; the odd ones come from pictures that are all zero.
    distances = random.integers(0, 4, (21, int(random.integers(1, 6)))) / 7
    for odd in (np.nan, np.inf):
        distances[random.random(distances.shape) < random.choice([0.0, 0.02, 0.5])] = odd
    asked = 0

    def distance(number: int, picture: int) -> float:
        nonlocal asked
        asked += 1
        return float(distances[number, picture])

    assert first_least(*distances.shape, distance) == stock_least(distances)
    assert asked <= distances.size


def test_candidates() -> None:
    assert candidates(2.0, 1.0) == []
    assert candidates(1.0, 1.009) == []
    tries = candidates(1.2345678, float(np.float32(9.87)))
    assert len(tries) == 21
    step = (np.float32(9.87) - 1.2345678) / 20
    assert tries == [1.2345678 + step * i for i in range(21)]
