"""Small graphs for tests, without a toolchain."""

from cvicast_remote.graph import Graph, Op


def graph_of(*ops: tuple[str, tuple[int, ...], tuple[int, ...]]) -> Graph:
    """A graph of (kind, shape, inputs); operations are called o0, o1, …."""
    made = tuple(Op(i, f"o{i}", kind, shape, inputs, {}) for i, (kind, shape, inputs) in enumerate(ops))
    return Graph.of(made)


def branchy() -> Graph:
    """An input, a wide beginning, a skip connection, two outputs."""
    return graph_of(
        ("top.Input", (1, 3, 8, 8), ()),
        ("top.Conv", (1, 16, 8, 8), (0,)),
        ("top.SiLU", (1, 16, 8, 8), (1,)),
        ("top.Conv", (1, 8, 4, 4), (2,)),
        ("top.SiLU", (1, 8, 4, 4), (3,)),
        ("top.Conv", (1, 8, 4, 4), (4,)),
        ("top.Add", (1, 8, 4, 4), (4, 5)),
        ("top.Concat", (1, 16, 4, 4), (6, 4)),
        ("top.Conv", (1, 4, 4, 4), (7,)),
        ("top.Conv", (1, 2, 4, 4), (7,)),
    )
