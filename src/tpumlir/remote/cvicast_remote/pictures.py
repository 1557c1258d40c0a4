"""The calibration pictures: the same ones in the same order as stock picks, read by stock's own preprocessing."""

import itertools
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from cvicast_remote.failures import NotCovered, Refused
from cvicast_remote.toolchain import Floats


def choose(dataset: str, count: int) -> list[str]:
    """Paths of the pictures, in stock's (seeded, shuffled) order. count 0: all of them."""
    from calibration.data_selector import DataSelector

    try:
        selector = DataSelector(dataset, count, None)
    except RuntimeError as error:
        raise Refused("no-pictures", f"{dataset}: {error}") from error
    if not selector.all_image:
        raise NotCovered("the data set is not of pictures")
    names: list[str] = selector.data_list
    for name in names:
        if "," in name or name != name.strip():
            raise NotCovered(f"stock reads the picture name {name!r} as something else")
    return names


def shards(count: int, processes: int) -> list[range]:
    """Contiguous runs of picture numbers, one a process, as even as can be."""
    edges = [count * i // processes for i in range(processes + 1)]
    return [range(a, b) for a, b in itertools.pairwise(edges)]


class Pictures:
    """Input tensors by picture number; nothing is kept."""

    def __init__(self, names: Sequence[str], input_op: Any) -> None:
        from utils.preprocess import preprocess

        self._names = names
        self._preprocess = preprocess()
        self._preprocess.load_config(input_op)

    def __len__(self) -> int:
        return len(self._names)

    def tensor(self, number: int) -> Floats:
        """The input tensor of a picture. Raises Refused("picture-gone" | "picture-unreadable")."""
        name = self._names[number]
        if not os.path.exists(name):
            raise Refused("picture-gone", f"{name} was listed, but is gone now")
        try:
            tensor: Floats = self._preprocess.run(name)
        except (Exception, SystemExit) as error:
            raise Refused("picture-unreadable", f"{name} cannot be read: {type(error).__name__}: {error}") from error
        if tensor.dtype != np.float32:
            raise NotCovered(f"the input tensor is {tensor.dtype}")
        return tensor
