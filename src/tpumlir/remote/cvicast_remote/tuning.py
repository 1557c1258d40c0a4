"""Second half of calibration: for each operation, is a larger threshold of its input better? (stock's SimpleTuner)

Stock tries 21 thresholds between the first one and the largest value, twice; the second time cannot win. Which input
is tuned for which operation follows from the graph alone, and each trial starts from the first thresholds, so the
trials are independent jobs, and their results are merged by the larger threshold.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cvicast_remote.forms import Form
from cvicast_remote.forward import Forward
from cvicast_remote.graph import INPUT, Graph, Op
from cvicast_remote.levels import LEVELS, Quantiser, by_arithmetic, values_of
from cvicast_remote.toolchain import Floats, Module

STEPS = 20
PICTURES = 5
"""Stock's --tune_num."""
LEAST_RANGE = 0.01
NO_LIMIT = float("nan")
"""No number reaches it."""

ONE_BY_ONE = frozenset({"top.SiLU", "top.Sigmoid", "top.MulConst"})
"""Operators that map each number on its own: 256 levels in, 256 levels out. Proven in every job."""

BLIND_TO_ZERO_SIGN = ONE_BY_ONE | {"top.Conv", "top.Add", "top.MaxPool", "top.MatMul", "top.Softmax"}
"""Operators for which -0.0 instead of 0.0 can change nothing but the sign of a zero, which no norm sees."""

Output = Callable[[Mapping[int, Floats], int], Floats]
"""The output for the tensors of a picture and the number of a threshold; valid until the next call."""


@dataclass(frozen=True)
class Job:
    """Tune the threshold of `tuned` by what quantising the inputs of `evaluated` does to its output."""

    evaluated: int
    tuned: int


def jobs_of(graph: Graph) -> list[Job]:
    """The jobs in the order of the graph, as stock picks them."""
    done: set[int] = set()
    jobs: list[Job] = []
    for op in graph.ops:
        if op.kind == INPUT:
            continue
        if all(i in done for i in op.inputs):
            jobs.append(Job(op.index, op.inputs[0]))
            continue
        for i in op.inputs:
            if i not in done:
                jobs.append(Job(op.index, i))
                done.add(i)
    return jobs


def candidates(first: float, largest: float) -> list[float]:
    """The thresholds to try, smallest first; empty when there is nothing to tune. In doubles, as in stock."""
    difference = abs(largest - first)
    step = (largest - first) / STEPS
    if not (step > 0 and difference > LEAST_RANGE):
        return []
    return [first + step * i for i in range(STEPS + 1)]


def first_least(tries: int, pictures: int, distance: Callable[[int, int], float]) -> int:
    """The try with the least mean of distance(try, picture); the first of equals; the first when its mean is NaN.

    Summed in stock's order and types. No picture makes a sum smaller, so a try whose sum is too large is given up.
    """

    def mean(number: int, limit: float) -> float:
        total = 0.0
        for picture in range(pictures):
            total += distance(number, picture)
            if total / pictures >= limit:
                return limit
        return total / pictures

    least, best = mean(0, NO_LIMIT), 0
    for number in range(1, tries):
        found = mean(number, least)
        if found < least:
            least, best = found, number
    return best


class Tuner:
    """Does jobs in the order of the graph (any subset of them) for the tuning pictures."""

    def __init__(
        self, graph: Graph, forward: Forward, quantised: Module, forms: Mapping[int, Form], pictures: int
    ) -> None:
        self._graph = graph
        self._forward = forward
        self._module = quantised
        self._forms = forms
        self._live: list[dict[int, Floats]] = [{} for _ in range(min(pictures, PICTURES))]
        self._next = 0
        largest = max(op.size for op in graph.ops)
        self._difference = np.empty(largest, np.float32)
        self._quantiser = Quantiser(largest)

    def best(self, job: Job, first: float, largest: float) -> float:
        """The threshold with the least distance; the first one when none is better."""
        tries = candidates(first, largest)
        if not tries:
            return first
        self._advance(job.evaluated)
        return tries[self._least(self._graph.ops[job.evaluated], tries)]

    def _advance(self, index: int) -> None:
        """Makes the float tensors up to operation `index`; drops those that nobody reads from it on."""
        while self._next <= index:
            for number, live in enumerate(self._live):
                if self._next > 0:
                    for i in self._graph.freed_after[self._next - 1]:
                        live.pop(i, None)
                live[self._next] = self._forward.run(self._next, live, number)
            self._next += 1

    def _least(self, op: Op, tries: Sequence[float]) -> int:
        """Which threshold has the least distance: the mean over the pictures of |float - quantised|₂ / |float|₁."""
        output = self._outputs(op, tries)
        references = [live[op.index].reshape(-1) for live in self._live]
        with np.errstate(divide="ignore", invalid="ignore"):
            sizes = [np.linalg.norm(reference, ord=1) for reference in references]

            def distance(number: int, picture: int) -> float:
                quantised = output(self._live[picture], number).reshape(-1)
                return float(self._norm(references[picture], quantised) / sizes[picture])

            return first_least(len(tries), len(self._live), distance)

    def _norm(self, reference: Floats, output: Floats) -> np.float32:
        """What np.linalg.norm(reference - output) gives, without its preliminaries; NaN counts as zero, as in stock."""
        difference = self._difference[: reference.size]
        np.subtract(reference, output, out=difference)
        norm: np.float32 = np.sqrt(difference.dot(difference))
        if norm != norm:  # NaN
            output[np.isnan(output)] = 0.0
            np.subtract(reference, output, out=difference)
            norm = np.sqrt(difference.dot(difference))
        return norm

    def _outputs(self, op: Op, tries: Sequence[float]) -> Output:
        """What makes the operation's output for the tensors of a picture and the number of a threshold."""
        if op.index in self._forms:
            return lambda live, number: self._quantiser.there_and_back(live[op.index], tries[number])
        if op.kind in ONE_BY_ONE and len(op.inputs) == 1:
            tables = self._tables(op, tries)

            def looked_up(live: Mapping[int, Floats], number: int) -> Floats:
                return self._quantiser.look_up(
                    self._quantiser.levels(live[op.inputs[0]], tries[number]), tables[number]
                )

            live = self._live[0]
            if np.array_equal(self._invoke(op, live, tries[0]).reshape(-1), looked_up(live, 0).reshape(-1)):
                return looked_up
        return lambda live, number: self._invoke(op, live, tries[number])

    def _invoke(self, op: Op, live: Mapping[int, Floats], threshold: float) -> Floats:
        for i in dict.fromkeys(op.inputs):
            if op.kind in BLIND_TO_ZERO_SIGN:
                value = self._quantiser.there_and_back(live[i], threshold)
            else:
                value = by_arithmetic(live[i], threshold, np.empty_like(live[i]))
            self._module.set_tensor(self._graph.ops[i].name, value)
        return self._module.invoke_at(op.name)

    def _tables(self, op: Op, tries: Sequence[float]) -> list[Floats]:
        """What the module makes of every level, a threshold; in the order of the levels as unsigned bytes."""
        numbers = np.concatenate([values_of(threshold) for threshold in tries])
        source = self._graph.ops[op.inputs[0]]
        results: list[Floats] = []
        for start in range(0, numbers.size, op.size):
            part = numbers[start : start + op.size]
            padded = np.zeros(op.size, np.float32)
            padded[: part.size] = part
            self._module.set_tensor(source.name, padded.reshape(source.shape))
            results.append(self._module.invoke_at(op.name).reshape(-1)[: part.size])
        return list(np.concatenate(results).reshape(len(tries), LEVELS))
