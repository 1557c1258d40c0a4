"""Quantising to 256 levels and back, as stock does it: multiply, round half to even, clamp, divide."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from cvicast_remote.toolchain import Floats

LEVELS = 256
SIGNED_BYTES = 1
"""OpenCV's CV_8S."""
PROOF_SIZE = 1 << 14


def scale_of(threshold: float) -> np.float32:
    """What a tensor is multiplied with; stock computes it in double and multiplies in float."""
    return np.float32(127 / threshold)


def by_arithmetic(tensor: Floats, threshold: float, out: Floats) -> Floats:
    """To 8 bits and back, into `out`, step by step as stock."""
    scale = scale_of(threshold)
    np.multiply(tensor, scale, out=out)
    np.rint(out, out=out)
    np.minimum(out, np.float32(127), out=out)
    np.maximum(out, np.float32(-128), out=out)
    np.divide(out, scale, out=out)
    return out


@lru_cache(maxsize=32)
def values_of(threshold: float) -> Floats:
    """The float of each level, in the order of the levels as unsigned bytes (0 … 127, -128 … -1)."""
    levels = np.arange(LEVELS).astype(np.uint8).view(np.int8).astype(np.float32)
    values: Floats = levels / scale_of(threshold)
    return values


class Quantiser:
    """The same numbers by OpenCV in two passes instead of five: to signed bytes, then a look-up.

    Only zeros may differ, in their sign (a byte has one zero). Proven at the start against the arithmetic; if this
    OpenCV rounds otherwise, the arithmetic is used.
    """

    def __init__(self, largest: int) -> None:
        self._bytes: NDArray[np.int8] = np.empty((1, largest), np.int8)
        self._floats: Floats = np.empty((1, largest), np.float32)
        self._fast = self._proof()

    def levels(self, tensor: Floats, threshold: float) -> NDArray[np.uint8]:
        """The level of each element as an unsigned byte, shape (1, elements); valid until the next call."""
        found = self._bytes[:, : tensor.size]
        flat = tensor.reshape(1, -1)
        if self._fast:
            cv2.addWeighted(flat, float(scale_of(threshold)), flat, 0.0, 0.0, dst=found, dtype=SIGNED_BYTES)
        else:
            steps = self._floats[:, : tensor.size]
            np.multiply(flat, scale_of(threshold), out=steps)
            np.rint(steps, out=steps)
            np.minimum(steps, np.float32(127), out=steps)
            np.maximum(steps, np.float32(-128), out=steps)
            found[...] = steps
        return found.view(np.uint8)

    def there_and_back(self, tensor: Floats, threshold: float) -> Floats:
        """The quantised tensor; valid until the next call."""
        return self.look_up(self.levels(tensor, threshold), values_of(threshold)).reshape(tensor.shape)

    def look_up(self, levels: NDArray[np.uint8], table: Floats) -> Floats:
        """The table's value for each level; valid until the next call."""
        found = self._floats[:, : levels.size]
        cv2.LUT(levels, table, dst=found)
        return found

    def _proof(self) -> bool:
        random = np.random.default_rng(1684)
        size = min(PROOF_SIZE, self._bytes.size)
        self._fast = True
        for spread, threshold in ((1.0, 0.7), (30.0, 11.3), (1e-4, 3e-5)):
            tensor = random.normal(0, spread, size).astype(np.float32)
            halves = (np.arange(size) % 300 - 150.5).astype(np.float32) / scale_of(threshold)
            for numbers in (tensor, halves):
                exact = by_arithmetic(numbers, threshold, np.empty_like(numbers))
                if not np.array_equal(exact, self.there_and_back(numbers, threshold)):
                    return False
        return True
