"""One operation of one picture: through its numpy form, or through the module."""

from collections.abc import Callable, Mapping

import numpy as np

from cvicast_remote.failures import NotCovered
from cvicast_remote.forms import Form
from cvicast_remote.graph import Graph
from cvicast_remote.toolchain import Floats, Module

Picture = Callable[[int], Floats]
"""The input tensor of a picture, by its number."""


class Forward:
    """Runs operations in float. Tensors are given and taken by operation index; nothing is kept."""

    def __init__(self, graph: Graph, module: Module, forms: Mapping[int, Form], picture: Picture) -> None:
        self._graph = graph
        self._module = module
        self._forms = forms
        self._picture = picture

    def run(self, index: int, tensors: Mapping[int, Floats], number: int) -> Floats:
        """The output of operation `index` for picture `number`. The array is its own memory or a view of its input."""
        op = self._graph.ops[index]
        if not op.inputs:
            return self._picture(number)
        form = self._forms.get(index)
        if form is not None:
            return form.move([tensors[i] for i in op.inputs])
        for i in op.inputs:
            self._module.set_tensor(self._graph.ops[i].name, tensors[i])
        out = self._module.invoke_at(op.name)
        if out.dtype != np.float32 or out.size != op.size:
            raise NotCovered(f"operator {op.name} ({op.kind}) gives {out.dtype} {out.shape}")
        return out
