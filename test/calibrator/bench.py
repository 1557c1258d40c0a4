"""Our calibration against stock's, in pairs within one run: wall, CPU and memory, and whether the goals hold.

Usage: bench.py [PAIRS [SIZE …]] (default 3 pairs, 320 and 640). Exit code 1 when a goal is missed or a table differs.
"""

import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import samples
from runs import REMOTE, Ran, Toolchain, pictures

sys.path.insert(0, str(REMOTE))
from cvicast_remote.table import first_difference

COUNT = 100


@dataclass
class Way:
    """One way to calibrate at one size, its goals (wall and memory against stock's), and what was measured."""

    name: str
    options: tuple[str, ...]
    wall_goal: float | None
    memory_goal: float | None
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def note(self, ran: Ran, stock: Ran) -> None:
        """One pair."""
        self.seconds.append(ran.wall)
        self.wall.append(ran.wall / stock.wall)
        self.cpu.append(ran.cpu / stock.cpu)
        self.memory.append(float(str(ran.last["peakBytes"])) / stock.peak)

    def row(self) -> tuple[str, bool]:
        """A line of the table, and whether the goals hold (the median counts)."""
        wall, memory = statistics.median(self.wall), statistics.median(self.memory)
        good = (self.wall_goal is None or wall <= self.wall_goal) and (
            self.memory_goal is None or memory <= self.memory_goal
        )
        goals = f"{self.wall_goal or '-'} / {self.memory_goal or '-'}"
        numbers = (
            f"{statistics.median(self.seconds):.1f} | {wall:.3f} | {statistics.median(self.cpu):.3f} | {memory:.2f}"
        )
        return f"| {self.name} | {numbers} | {goals} | {'yes' if good else 'NO'} |", good


def ways(size: int) -> list[Way]:
    """The ways with their goals."""
    two, one = (0.16, 0.25) if size == 320 else (0.17, 0.28)
    return [
        Way("op by op, 2 processes", ("--mode", "op", "--processes", "2"), two, 1.0),
        Way("op by op, 1 process", ("--mode", "op", "--processes", "1"), one, 1.0),
        Way(
            "streaming, 2 processes",
            ("--mode", "stream", "--processes", "2"),
            *((None, None) if size == 320 else (0.20, 0.45)),
        ),
    ]


def bench(toolchain: Toolchain, size: int, pairs: int) -> bool:
    """Prints the table of one size."""
    model = samples.trained_320() if size == 320 else samples.at_640()
    mlir = toolchain.transform(model.onnx, model.shape, model.outputs)
    assert mlir is not None
    measured, stocks, same = ways(size), [], True
    with tempfile.TemporaryDirectory() as scratch:
        theirs, ours = Path(scratch) / "stock", Path(scratch) / "ours"
        for _ in range(pairs):
            stock = toolchain.stock(mlir, pictures(), COUNT, theirs)
            stocks.append(stock)
            for way in measured:
                ran = toolchain.calibrate(mlir, pictures(), COUNT, ours, *way.options)
                way.note(ran, stock)
                same = same and first_difference(theirs.read_text(), ours.read_text()) is None
    print(f"\n{model.name}, {COUNT} pictures, {pairs} pairs, medians; load before {os.getloadavg()[0]:.1f}")
    wall, cpu = (statistics.median(values) for values in ([s.wall for s in stocks], [s.cpu for s in stocks]))
    print(f"stock: {wall:.1f} s wall, {cpu:.1f} s CPU, {statistics.median(s.peak for s in stocks) / 1e6:.0f} MB")
    print(f"tables: {'all the same as stock' if same else 'DIFFERENT'}")
    print("| way | wall s | wall ÷ stock | CPU ÷ stock | memory ÷ stock | goals (wall / memory) | holds |")
    print("|---|---|---|---|---|---|---|")
    rows = [way.row() for way in measured]
    print("\n".join(line for line, _ in rows), flush=True)
    return same and all(good for _, good in rows)


def main(argv: Sequence[str]) -> int:
    """See the module's docstring."""
    toolchain = Toolchain(os.environ["CVICAST_TOOLCHAIN"])
    pairs, sizes = int(argv[0]) if argv else 3, [int(a) for a in argv[1:]] or [320, 640]
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    held = [bench(toolchain, size, pairs) for size in sizes]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
