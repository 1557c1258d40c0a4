"""The whole proof of identity: our table against stock's, byte for byte but for the time line.

Prints one line a run, and the first differing line with both values where a table differs. Exit code 1 on any
difference, any run that should have been fast and was not, had other processes than asked for, or took a memory that
was predicted more than a quarter wrong.

Every size, count, kind of picture, number of processes, mode and graph is in it; all pairs of mode and processes are
tried with the odd pictures. `--all` tries them with every count too, all odd pictures with every graph, 37 pictures at
640, and at the end the largest: 1,000 pictures at 640 within 4 GiB. Stock would need four times as much there, so only
ours runs.
"""

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from threading import Lock

import samples
from runs import REMOTE, Ran, Toolchain, pictures
from samples import Model

sys.path.insert(0, str(REMOTE))
from cvicast_remote.table import first_difference

PREDICTION = 0.25
EVERY_PROCESSES = (1, 2, 3, 5)
LARGEST_COUNT = 1000
LARGEST_ROOM = 4 << 30


@dataclass(frozen=True)
class Case:
    """One model with some pictures, and the runs to compare with stock's: (mode, processes)."""

    model: Model
    dataset: Path
    set_name: str
    count: int
    runs: tuple[tuple[str, int], ...]


def cases(everything: bool) -> Iterator[Case]:
    """What is proven; the cases of one model follow each other, the longest comes first."""
    trained, large, folder, odd = samples.trained_320(), samples.at_640(), pictures(), samples.odd_pictures()
    both = tuple((mode, processes) for mode in ("op", "stream") for processes in EVERY_PROCESSES)
    few, others = (("op", 2), ("stream", 3)), (("op", 1), ("stream", 5))
    for count in (1, 3, 37, 100) if everything else (1, 3, 100):
        yield Case(large, folder, "calibration", count, (*few, *others) if everything and count > 3 else few)
    yield Case(trained, odd, "odd", 13, both)
    yield Case(trained, samples.black_pictures(), "black", 2, few)
    for count, runs in ((1, few), (3, others), (37, others), (100, few)):
        yield Case(trained, folder, "calibration", count, both if everything else runs)
    for model in samples.graphs():
        # Three of the odd ones: stock tries its thresholds on five pictures, and most of its time goes there.
        yield Case(model, odd, "odd", 13 if everything else 3, few)


class Proof:
    """Does cases and counts what failed."""

    def __init__(self, toolchain: Toolchain, scratch: Path) -> None:
        self._toolchain = toolchain
        self._scratch = scratch
        self._saying = Lock()
        self.runs = 0
        self.failed = 0

    def prove(self, case: Case) -> None:
        """One model with one set of pictures."""
        title = f"{case.model.name:32} {case.set_name:11} {case.count:4}"
        mlir = self._toolchain.transform(case.model.onnx, case.model.shape, case.model.outputs)
        expected = case.model.name.removesuffix("-whole") not in samples.NOT_IMPORTED
        if mlir is None or not expected:
            known = (mlir is None) == (not expected)
            self._say(title, "not imported by the tool" if mlir is None else "imported, though known not to be", known)
            return
        stock = self._toolchain.stock_table(mlir, case.dataset, case.count)
        for mode, processes in case.runs:
            options = ("--mode", mode, "--processes", str(processes))
            self._one(f"{title} {mode:6} {processes}", mlir, case, stock, min(processes, case.count), options)

    def prove_room(self, model: Model) -> None:
        """Very many pictures at the larger size, with the memory of a small machine."""
        mlir = self._toolchain.transform(model.onnx, model.shape, model.outputs)
        assert mlir is not None
        title = f"{model.name:32} {'calibration':11} {LARGEST_COUNT:4} auto   2"
        dataset = samples.many_pictures(LARGEST_COUNT)
        options = ("--processes", "2", "--memory-limit", str(LARGEST_ROOM))
        ran = self._fast(title, mlir, dataset, LARGEST_COUNT, self._scratch / "largest", options)
        if ran is not None:
            peak = float(str(ran.last["peakBytes"]))
            off = float(str(ran.last["predictedBytes"])) / peak - 1
            words = (
                f"{ran.wall:6.1f} s  {ran.last['mode']}, {peak / 1e9:.2f} GB at the most, memory predicted {off:+.0%}"
            )
            self._say(title, words, peak <= LARGEST_ROOM and abs(off) <= PREDICTION)

    def _one(self, title: str, mlir: Path, case: Case, stock: str, processes: int, options: tuple[str, ...]) -> None:
        table = self._scratch / case.model.name
        ran = self._fast(title, mlir, case.dataset, case.count, table, options)
        if ran is None:
            return
        off = float(str(ran.last["predictedBytes"])) / float(str(ran.last["peakBytes"])) - 1
        difference = first_difference(stock, table.read_text())
        words = f"{'same' if difference is None else 'DIFFERENT'}  {ran.wall:6.1f} s  memory predicted {off:+.0%}"
        if ran.last["processes"] != processes:
            words += f"  {ran.last['processes']} PROCESSES instead of {processes}"
        if difference is not None:
            words += f"\n    line {difference[0]}\n    stock: {difference[1]}\n    ours:  {difference[2]}"
        good = difference is None and abs(off) <= PREDICTION and ran.last["processes"] == processes
        self._say(title, words, good)

    def _fast(
        self, title: str, mlir: Path, dataset: Path, count: int, table: Path, options: tuple[str, ...]
    ) -> Ran | None:
        """A finished run of ours; None, said aloud, where it failed or was left to stock."""
        table.unlink(missing_ok=True)
        ran = self._toolchain.calibrate(mlir, dataset, count, table, *options)
        if ran.code != 0:
            self._say(title, f"failed: {ran.out[-500:]} {ran.err[-500:]}", False)
            return None
        if ran.last["calibrator"] != "fast":
            self._say(title, f"left to stock: {ran.last['why']}", False)
            return None
        return ran

    def _say(self, title: str, words: str, good: bool) -> None:
        with self._saying:
            self.runs += 1
            self.failed += not good
            print(f"{'ok  ' if good else 'FAIL'} {title} {words}", flush=True)


def main(argv: list[str]) -> int:
    """Optional arguments: `--all`; a regular expression, so that only models whose name it matches are proven."""
    toolchain = Toolchain(os.environ["CVICAST_TOOLCHAIN"])
    everything = "--all" in argv
    wanted = re.compile("".join(word for word in argv if word != "--all"))
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        proof = Proof(toolchain, Path(scratch))
        # Two models at a time: much of a run (imports, the tool's parser, stock's loops) keeps one core busy.
        with ThreadPoolExecutor(max_workers=2) as lanes:
            by_model = [list(group) for _, group in groupby(cases(everything), key=lambda case: case.model.name)]
            asked = [group for group in by_model if wanted.search(group[0].model.name)]
            done = [lanes.submit(lambda group=group: [proof.prove(case) for case in group]) for group in asked]
            for lane in done:
                lane.result()
        if everything and wanted.search(samples.at_640().name):
            proof.prove_room(samples.at_640())
    print(f"{proof.runs} runs, {proof.failed} failed, {time.monotonic() - start:.0f} s")
    return 1 if proof.failed or not proof.runs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
