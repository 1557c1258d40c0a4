"""The histogram, extremes and their folding against stock's own code, copied here as the reference."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from cvicast_remote.histogram import CHUNK, Histogram, bin_width, extent_of

BINS = 2048
Floats = NDArray[np.float32]


def stock_histogram(array: Floats, largest: object) -> NDArray[np.int32]:
    t = np.abs(array.flatten())
    t = t[t != 0]
    width = largest / (BINS - 1)  # type: ignore[operator]
    if t.size == 0:
        return np.zeros(BINS, np.int32)
    hist, _ = np.histogram(np.floor(t / width + 0.5), bins=BINS, range=(0, BINS - 1), density=False)
    return hist.astype(np.int32)


def arrays() -> Iterator[tuple[str, Floats]]:
    random = np.random.default_rng(8)
    for size in (1, 7, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5):
        yield f"normal-{size}", random.normal(0, 3, size).astype(np.float32)
    yield "uniform", random.random(50_000, np.float32)
    yield "laplace", random.laplace(0, 1, 50_000).astype(np.float32)
    yield "tiny", (random.normal(0, 1, 10_000) * 1e-5 + 2e-5).astype(np.float32)
    yield "huge", (random.normal(0, 1, 10_000) * 1e37).astype(np.float32)
    yield "wide", (10.0 ** random.uniform(-38, 38, 20_000)).astype(np.float32)
    denormal = (random.normal(0, 1, 1000) * 1e-40).astype(np.float32)
    yield "denormal", denormal
    yield "denormal-and-one", np.append(denormal, np.float32(1))
    yield "zeros", np.zeros(1000, np.float32)
    yield "negative-zeros", np.append(np.full(1000, -0.0, np.float32), np.float32(3))
    yield "constant", np.full(5000, 0.3, np.float32)
    yield "negative-constant", np.full(5000, -7.7, np.float32)
    yield "few-levels", random.integers(-3, 4, 30_000).astype(np.float32)
    halves = (np.arange(0, 2 * BINS - 1) / 2).astype(np.float32)
    yield "edges-of-bins", halves
    yield "around-edges", np.concatenate([np.nextafter(halves, np.float32(s)) for s in (0, 1e9)])[:-1]


@pytest.mark.parametrize(("name", "array"), [pytest.param(n, a, id=n) for n, a in arrays()])
def test_counts_as_stock(name: str, array: Floats) -> None:
    extent = extent_of(array.min()[None], array.max()[None])
    mine = np.zeros(BINS, np.int32)
    with np.errstate(over="ignore"):
        Histogram(BINS).add([array], extent.largest, mine)
        theirs = stock_histogram(array, extent.largest)
    np.testing.assert_array_equal(mine, theirs)


def test_counts_add_up() -> None:
    random = np.random.default_rng(9)
    pictures = [random.normal(0, 1 + i, 3000 + i * CHUNK // 2).astype(np.float32) for i in range(4)]
    largest = max(np.abs(p).max() for p in pictures)
    mine = np.zeros(BINS, np.int32)
    Histogram(BINS).add(pictures[:3], largest, mine)
    Histogram(BINS).add(iter(pictures[3:]), largest, mine)
    np.testing.assert_array_equal(mine, sum(stock_histogram(p, largest) for p in pictures))


def test_the_width_is_a_double() -> None:
    assert isinstance(bin_width(np.float32(1.5), BINS), np.float64)


@pytest.mark.parametrize(
    "values", [[0.0, -0.0], [-0.0, 0.0], [-0.0, -0.0], [1, -0.0, 0.0], [-1, 0.0, -0.0], [-2, 3, 3]]
)
def test_folds_as_stock(values: list[float]) -> None:
    column = np.array(values, np.float32)
    low: object = float("inf")
    high: object = -float("inf")
    for value in column:
        low, high = min(value, low), max(value, high)  # type: ignore[type-var]
    extent = extent_of(column, column)
    if extent.all_zero:
        assert (extent.low, extent.high, extent.largest) == (-1e-5 if low < 0 else 0, 1e-5, 1e-5)  # type: ignore[operator]
    else:
        assert f"{extent.low:.7f} {extent.high:.7f}" == f"{low:.7f} {high:.7f}"


def test_nearly_zero_is_made_small_but_not_zero() -> None:
    extent = extent_of(np.array([-1e-6], np.float32), np.array([1e-7], np.float32))
    assert (extent.low, extent.high, extent.largest, extent.all_zero) == (-1e-5, 1e-5, 1e-5, True)
