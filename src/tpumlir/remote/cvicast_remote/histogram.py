"""Histograms of absolute values, and the smallest and largest value, as stock counts them."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cvicast_remote.toolchain import Floats

Counts = NDArray[np.int32]

CHUNK = 1 << 16
"""Elements worked on at once: the buffer (256 KiB) stays in a core's cache."""

NEARLY_ZERO = 1e-5
"""Stock takes this for the largest absolute value of an operator whose outputs are all (close to) zero."""


@dataclass(frozen=True)
class Extent:
    """What one operator's outputs reach over all pictures; types as in stock, since they decide how numbers round."""

    low: float | np.float32
    high: float | np.float32
    largest: float | np.float32
    all_zero: bool


def extent_of(lows: Floats, highs: Floats) -> Extent:
    """Folds smallest and largest values of the pictures, in their order.

    Stock folds with Python's min(new, old), which keeps the new one of two equals: 0.0 and -0.0 are equal and print
    differently, so the last picture that has the extreme decides.
    """
    low = lows[np.flatnonzero(lows == lows.min())[-1]]
    high = highs[np.flatnonzero(highs == highs.max())[-1]]
    largest: np.float32 = max(abs(low), abs(high))
    if largest <= NEARLY_ZERO:
        return Extent(-NEARLY_ZERO if low < 0 else 0, NEARLY_ZERO, NEARLY_ZERO, True)
    return Extent(low, high, largest, False)


def bin_width(largest: float | np.float32, bins: int) -> float | np.float64:
    """The width of a bin; a double, like stock's (float32 divided by a Python integer gives a double)."""
    width: float | np.float64 = largest / (bins - 1)
    return width


class Histogram:
    """Counts |x| into `bins` bins around multiples of the width; exact zeros are not counted."""

    def __init__(self, bins: int) -> None:
        self._bins = bins
        self._buffer = np.empty(CHUNK, np.float32)

    def add(self, tensors: Iterable[Floats], largest: float | np.float32, counts: Counts) -> None:
        """Adds the counts of tensors (contiguous; all finite, none over `largest`) to `counts`, int32[bins].

        Small ones share a pass: for them the calls would cost more than the counting.
        """
        width = np.float32(bin_width(largest, self._bins))
        filled = 0
        for tensor in tensors:
            flat = tensor.reshape(-1)
            start = 0
            while start < flat.size:
                part = flat[start : start + CHUNK - filled]
                np.abs(part, out=self._buffer[filled : filled + part.size])
                start += part.size
                filled += part.size
                if filled == CHUNK:
                    self._count(filled, width, counts)
                    filled = 0
        if filled:
            self._count(filled, width, counts)

    def _count(self, filled: int, width: np.float32, counts: Counts) -> None:
        """Counts the first `filled` numbers of the buffer."""
        scaled = self._buffer[:filled]
        row = scaled.reshape(1, -1)
        zeros = 0 if scaled.min() > 0 else filled - cv2.countNonZero(row)
        np.divide(scaled, width, out=scaled)
        np.add(scaled, np.float32(0.5), out=scaled)
        found = cv2.calcHist([row], [0], None, [self._bins], [0, self._bins])
        counts += found.reshape(-1).astype(np.int32)
        counts[0] -= zeros
