"""The first threshold of an operator: least Kullback-Leibler divergence, by the toolchain's own library."""

import ctypes
from pathlib import Path

import numpy as np

from cvicast_remote.histogram import Counts, Extent, bin_width

LEVELS = 128
"""Levels of a quantised tensor. (Stock also tries 8 levels, for int4, and throws the result away.)"""


class Divergence:
    """kl_diversity_hist of the toolchain's calibration_math.so, called as stock calls it."""

    def __init__(self, tpu_mlir: Path) -> None:
        library = ctypes.CDLL(str(tpu_mlir / "lib/calibration_math.so"))
        self._call = library.kl_diversity_hist
        self._call.restype = ctypes.c_float

    def threshold(self, counts: Counts, extent: Extent) -> float | np.float32:
        """The threshold, never over the operator's largest value."""
        contiguous = np.ascontiguousarray(counts, np.int32)
        width = bin_width(extent.largest, contiguous.size)
        found: float = self._call(
            contiguous.ctypes.data_as(ctypes.POINTER(ctypes.c_int)),
            ctypes.c_float(float(width)),
            ctypes.c_longlong(contiguous.size),
            ctypes.c_longlong(LEVELS),
        )
        return extent.largest if found > extent.largest else found


def as_written(threshold: float | np.float32) -> float:
    """The threshold with seven digits: stock writes it to a file and reads it back before it tunes."""
    return float(f"{threshold:.7f}")
