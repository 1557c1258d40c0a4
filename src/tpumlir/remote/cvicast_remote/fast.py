"""The fast calibration from model and pictures to the text of the table."""

import gc
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import cv2

from cvicast_remote import toolchain
from cvicast_remote.collect import Collector, extent_on
from cvicast_remote.events import Events
from cvicast_remote.failures import NotCovered, Refused
from cvicast_remote.forms import Form, prove
from cvicast_remote.forward import Forward
from cvicast_remote.graph import Graph, read_graph
from cvicast_remote.memory import Need, available_bytes, own_bytes, proportional_bytes
from cvicast_remote.pictures import Pictures, choose, shards
from cvicast_remote.plan import Asked, Plan, decide
from cvicast_remote.progress import Progress
from cvicast_remote.segments import FLOAT_BYTES, Footprint, footprint, needed
from cvicast_remote.shared import Board, wait_until
from cvicast_remote.table import Row, render
from cvicast_remote.threads import thrifty
from cvicast_remote.thresholds import Divergence, as_written
from cvicast_remote.toolchain import Floats, Module
from cvicast_remote.tuning import PICTURES, Job, Tuner, jobs_of
from cvicast_remote.workers import Workers

BINS = 2048
"""Stock's --histogram_bin_num."""
AHEAD_SHARE = 0.1
"""Of its kept activations, how much more a worker may keep instead of waiting for the others."""


@dataclass(frozen=True)
class Request:
    """What is asked. `memory_limit`: bytes, None for what the machine has."""

    model: str
    dataset: str
    pictures: int
    mode: Asked
    processes: int | None
    memory_limit: int | None


@dataclass(frozen=True)
class Outcome:
    """The table and what it took."""

    table: str
    plan: Plan
    peak: int
    unproven: Sequence[str]
    """Operations that the module did because their numpy form could not be proven."""


@dataclass(frozen=True)
class _Loaded:
    graph: Graph
    pictures: Pictures
    module: Module
    quantised: Module
    forms: dict[int, Form]
    unproven: Sequence[str]


def calibrate(request: Request, events: Events) -> Outcome:
    """Raises NotCovered where stock must do it, Refused where nobody can."""
    try:
        loaded = _load(request)
    except (NotCovered, Refused, MemoryError):
        raise
    except Exception as error:
        raise NotCovered(f"the model was not understood: {type(error).__name__}: {error}") from error
    costs = _costs(loaded)
    prints = footprint(loaded.graph, loaded.forms)
    jobs = jobs_of(loaded.graph)
    plan = _decide(request, loaded, prints, costs)
    board = Board(len(loaded.pictures), len(loaded.graph.ops), plan.processes, BINS, len(jobs))
    progress = Progress(events, board, loaded.graph, plan, len(loaded.pictures), jobs, costs)
    workers = Workers()
    try:
        queue = _queue(len(jobs))
        gc.collect()
        gc.freeze()
        run = _Run(loaded, plan, prints, board, jobs, queue)
        workers.start(plan.processes, run.work)
        os.close(queue)
        names = [op.name for op in loaded.graph.ops]
        peak = _Peak(workers)
        workers.watch(lambda: progress.look(peak.look()), lambda number: names[int(board.at[number])])
    finally:
        workers.end()
    rows = _rows(loaded.graph, board, jobs)
    return Outcome(render(rows, BINS, len(loaded.pictures), PICTURES), plan, peak.highest, loaded.unproven)


def _load(request: Request) -> _Loaded:
    found = toolchain.version()
    if found != toolchain.COVERED_VERSION:
        raise NotCovered(f"tpu_mlir is {found or 'not installed'}, not {toolchain.COVERED_VERSION}")
    from utils.mlir_parser import MlirParser

    cv2.setNumThreads(1)  # a fork would lose the threads of its pool
    parser = MlirParser(request.model)
    graph = read_graph(parser)
    if not os.path.isfile(parser.module_weight_file):
        raise Refused("no-weights", f"{parser.module_weight_file}, the model's weights, is not in this folder")
    pictures = Pictures(choose(request.dataset, request.pictures), parser.get_input_op_by_idx(0))
    module = toolchain.load_module(request.model, quantised_weights=False)
    if list(module.input_names) != [graph.ops[0].name]:
        raise NotCovered(f"the module's inputs are {list(module.input_names)}")
    quantised = toolchain.load_module(request.model, quantised_weights=True)
    forms, unproven = prove(graph, module)
    return _Loaded(graph, pictures, thrifty(graph, module, forms), thrifty(graph, quantised, forms), forms, unproven)


def _costs(loaded: _Loaded) -> list[float]:
    """Seconds an operation, from the first picture; also the proof that every operation gives one float tensor."""
    forward = Forward(loaded.graph, loaded.module, loaded.forms, loaded.pictures.tensor)
    tensors: dict[int, Floats] = {}
    costs: list[float] = []
    for op in loaded.graph.ops:
        start = time.perf_counter()
        tensors[op.index] = forward.run(op.index, tensors, 0)
        costs.append(time.perf_counter() - start)
        for i in loaded.graph.freed_after[op.index]:
            tensors.pop(i, None)
    return costs


def _decide(request: Request, loaded: _Loaded, prints: Footprint, costs: Sequence[float]) -> Plan:
    count = len(loaded.pictures)
    wanted = min(count, request.processes or len(os.sched_getaffinity(0)))
    operations = len(loaded.graph.ops)
    need = Need(
        base=proportional_bytes(os.getpid()),
        board=operations * (8 * count + 4 * BINS * wanted),
        picture=0,
        working=prints.working,
        largest=max(op.size for op in loaded.graph.ops) * FLOAT_BYTES,
        pictures=count,
        tuning_pictures=min(count, PICTURES),
        processes=wanted,
    )
    room = available_bytes() + need.base
    if request.memory_limit is not None:
        room = min(room, request.memory_limit)
    return decide(loaded.graph, prints, costs, need, request.mode, room)


def _queue(jobs: int) -> int:
    """The reading end of a pipe that holds every job's number once: each read takes the next one."""
    reading, writing = os.pipe()
    numbers = b"".join(number.to_bytes(4, "little") for number in range(jobs))
    os.set_blocking(writing, False)
    if os.write(writing, numbers) != len(numbers):
        raise NotCovered(f"the graph has {jobs} tuning jobs")
    os.close(writing)
    return reading


class _Peak:
    """The memory of all processes together. The kernel walks all their pages for it, so that is asked now and then;
    what they have taken for themselves since then costs nothing to ask, and is added at every look."""

    EVERY_SECONDS = 0.25
    REST = 50
    """It rests for this many times the CPU time that an exact look took."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._next = 0.0
        self._exact = 0
        self._own_then = 0
        self.highest = 0

    def look(self) -> int:
        pids = [os.getpid(), *self._workers.pids()]
        own = sum(map(own_bytes, pids))
        if time.monotonic() >= self._next:
            start = time.process_time()
            self._exact, self._own_then = sum(map(proportional_bytes, pids)), own
            rest = self.REST * (time.process_time() - start)
            self._next = time.monotonic() + max(self.EVERY_SECONDS, rest)
        now = self._exact + own - self._own_then
        self.highest = max(self.highest, now)
        return now


@dataclass(frozen=True)
class _Run:
    """What one worker does, from its shard of the pictures to its share of the tuning."""

    loaded: _Loaded
    plan: Plan
    prints: Footprint
    board: Board
    jobs: Sequence[Job]
    queue: int

    def work(self, number: int) -> None:
        graph, board = self.loaded.graph, self.board
        forward = Forward(graph, self.loaded.module, self.loaded.forms, self.loaded.pictures.tensor)
        shard = shards(len(self.loaded.pictures), self.plan.processes)[number]
        ahead = int(AHEAD_SHARE * len(shard) * needed(self.plan.segments, self.prints))
        Collector(graph, forward, board, number, shard, BINS, ahead).run(self.plan.segments)
        self._phase_done(number, 1)
        self._first_thresholds(number)
        self._phase_done(number, 2)
        self._tune(number, forward)

    def _phase_done(self, number: int, phase: int) -> None:
        self.board.phase[number] = phase
        wait_until(lambda: bool((self.board.phase >= phase).all()))

    def _first_thresholds(self, number: int) -> None:
        folder = toolchain.package_folder()
        assert folder is not None
        divergence = Divergence(folder)
        for op in self.loaded.graph.ops[number :: self.plan.processes]:
            counts = self.board.counts[:, op.index].sum(axis=0, dtype="int32")
            self.board.thresholds[op.index] = divergence.threshold(counts, extent_on(self.board, op.index, op.name))

    def _tune(self, number: int, forward: Forward) -> None:
        graph, board = self.loaded.graph, self.board
        tuner = Tuner(graph, forward, self.loaded.quantised, self.loaded.forms, len(self.loaded.pictures))
        while taken := os.read(self.queue, 4):
            job_number = int.from_bytes(taken, "little")
            job = self.jobs[job_number]
            board.at[number] = job.evaluated
            largest = float(extent_on(board, job.tuned, graph.ops[job.tuned].name).largest)
            first = as_written(float(board.thresholds[job.tuned]))
            board.best[job_number] = tuner.best(job, first, largest)
            board.work[1, number] += graph.ops[job.evaluated].size


def _rows(graph: Graph, board: Board, jobs: Sequence[Job]) -> list[Row]:
    """Each operation's first threshold, or the largest that tuning found; extents; a warning where all is zero."""
    thresholds = [as_written(float(threshold)) for threshold in board.thresholds]
    for job, best in zip(jobs, board.best, strict=True):
        thresholds[job.tuned] = max(thresholds[job.tuned], float(best))
    rows: list[Row] = []
    for op, threshold in zip(graph.ops, thresholds, strict=True):
        extent = extent_on(board, op.index, op.name)
        if extent.all_zero:
            print(f"WARNING: layer {op.name} is all zeros. Please check the input data correctness.", file=sys.stderr)
        rows.append((op.name, threshold, extent.low, extent.high))
    return rows
