"""Quantising against stock's own code, copied here as the reference."""

import numpy as np
import pytest
from numpy.typing import NDArray

from cvicast_remote.levels import Quantiser, by_arithmetic, values_of


def stock(value: NDArray[np.float32], threshold: float) -> NDArray[np.float32]:
    scale = np.float64(127) / threshold
    value = np.round(value * scale)
    value[value > 127] = 127
    value[value < -128] = -128
    value /= scale
    return value


@pytest.mark.parametrize("threshold", [1e-5, 0.0031, 0.5, 1.0000080, 7.654321, 12345.678])
@pytest.mark.parametrize("spread", [0.01, 0.5, 3.0])
def test_as_stock(threshold: float, spread: float) -> None:
    random = np.random.default_rng(3)
    halves = (np.arange(-300, 300) + 0.5) * threshold / 127
    tensor = np.concatenate([random.normal(0, spread * threshold, 20_000), halves]).astype(np.float32)
    expected = stock(tensor.copy(), threshold)
    assert by_arithmetic(tensor, threshold, np.empty_like(tensor)).tobytes() == expected.tobytes()
    np.testing.assert_array_equal(Quantiser(tensor.size).there_and_back(tensor, threshold), expected)


def test_without_the_fast_way() -> None:
    tensor = np.random.default_rng(4).normal(0, 2, 5000).astype(np.float32)
    quantiser = Quantiser(tensor.size)
    assert quantiser._fast
    quantiser._fast = False
    np.testing.assert_array_equal(quantiser.there_and_back(tensor, 1.25), stock(tensor.copy(), 1.25))


def test_values_are_in_the_order_of_unsigned_bytes() -> None:
    values = values_of(127.0)
    assert (values[0], values[127], values[128], values[255]) == (0.0, 127.0, -128.0, -1.0)
