"""Facts of the graph that stock looks up again and again: predecessors, last uses, shapes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from cvicast_remote.failures import NotCovered

INPUT = "top.Input"


@dataclass(frozen=True)
class Op:
    """One operation with one output; `inputs` are the operations whose outputs it reads, in its order."""

    index: int
    name: str
    kind: str
    shape: tuple[int, ...]
    inputs: tuple[int, ...]
    attributes: Mapping[str, str]

    @property
    def size(self) -> int:
        """Elements of its output."""
        return prod(self.shape)


@dataclass(frozen=True)
class Graph:
    """Operations in the order in which the tool runs them."""

    ops: tuple[Op, ...]
    last_use: tuple[int, ...]
    """The last reader of each (itself if none)."""
    freed_after: tuple[tuple[int, ...], ...]
    """For each operation, those whose outputs nobody reads after it."""

    @classmethod
    def of(cls, ops: Sequence[Op]) -> "Graph":
        """The graph of these operations."""
        last_use = list(range(len(ops)))
        for op in ops:
            for i in op.inputs:
                last_use[i] = op.index
        freed = (tuple(i for i in dict.fromkeys((*op.inputs, op.index)) if last_use[i] == op.index) for op in ops)
        return cls(tuple(ops), tuple(last_use), tuple(freed))


def read_graph(parser: Any) -> Graph:
    """The graph of a parsed model (the tool's own MlirParser). Raises NotCovered for what we leave to stock."""
    if parser.get_input_num() != 1:
        raise NotCovered(f"the model has {parser.get_input_num()} inputs")
    if parser.get_batch_size() != 1:
        raise NotCovered(f"the model's batch is {parser.get_batch_size()}")
    outputs = set(parser.get_op_output_name_list())
    index_of: dict[str, int] = {}
    ops: list[Op] = []
    for parsed in parser.ops:
        if parsed.name is None or parsed.outputs is None or list(parsed.outputs) != [parsed.name]:
            raise NotCovered(f"operator {parsed.name} ({parsed.type}) has more than one output")
        if parsed.name in index_of:
            raise NotCovered(f"two operators are called {parsed.name}")
        if not parsed.shape or min(parsed.shape) < 1:
            raise NotCovered(f"operator {parsed.name} has no fixed shape")
        if parsed.type == INPUT and ops:
            raise NotCovered("the input is not the first operator")
        read = [name for name in parsed.opds if name in outputs]
        if not index_of.keys() >= set(read):
            raise NotCovered(f"operator {parsed.name} reads what comes after it")
        inputs = tuple(index_of[name] for name in read)
        if not inputs and parsed.type != INPUT:
            raise NotCovered(f"operator {parsed.name} ({parsed.type}) reads no tensor")
        index_of[parsed.name] = len(ops)
        ops.append(Op(len(ops), parsed.name, parsed.type, tuple(parsed.shape), inputs, dict(parsed.attrs)))
    if not ops or ops[0].kind != INPUT:
        raise NotCovered("the input is not the first operator")
    if "pixel_format" not in ops[0].attributes:
        raise NotCovered("the input is not a picture")
    return Graph.of(ops)
