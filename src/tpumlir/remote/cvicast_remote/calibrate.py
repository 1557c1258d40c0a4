"""`python -m cvicast_remote.calibrate MODEL.mlir --dataset DIR --input_num N -o TABLE`: the calibration table.

Events are JSON lines on stdout, the last one {"type":"done"} with exit code 0 or {"type":"error"} with another.
"""

import argparse
import os
import signal
import sys
import traceback
from pathlib import Path
from types import FrameType
from typing import NoReturn

from cvicast_remote import toolchain
from cvicast_remote.events import Events
from cvicast_remote.failures import NotCovered, Refused

READY = "CVICAST_REMOTE_READY"
"""Set in the process that has the toolchain's environment: libraries and thread counts are read before main()."""

FAILED, NO_TOOLCHAIN = 1, 2

STOCKS_OWN = ("--tune_list", "--tune_num", "--histogram_bin_num", "--debug_cmd")
"""Options of run_calibration that change its table; a run with one of them is left to it."""


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cvicast_remote.calibrate")
    parser.add_argument("model", help="the .mlir file of model_transform")
    parser.add_argument("--dataset", required=True, help="folder of the pictures")
    parser.add_argument("--input_num", type=int, default=0, help="how many of them; 0: all")
    parser.add_argument("-o", "--calibration_table", type=Path, required=True, help="the table to write")
    parser.add_argument("--mode", choices=["auto", "op", "stream"], default="auto")
    parser.add_argument("--processes", type=int, help="default: the cores; never more than pictures")
    parser.add_argument("--memory-limit", type=int, help="bytes for all processes together")
    for option in STOCKS_OWN:
        parser.add_argument(option, help="of stock run_calibration, which then makes the table")
    return parser.parse_args(argv)


def _with_environment(argv: list[str], folder: Path) -> NoReturn:
    env = {**toolchain.environment(folder), READY: str(os.getpid())}
    os.execve(sys.executable, [sys.executable, "-m", "cvicast_remote.calibrate", *argv], env)


def _on_signal(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _stocks_own(arguments: argparse.Namespace) -> list[str]:
    """The options among the given ones that only stock has, with their values."""
    given = ((option, vars(arguments)[option.removeprefix("--")]) for option in STOCKS_OWN)
    return [word for option, value in given if value is not None for word in (option, value)]


def _calibrate(arguments: argparse.Namespace, folder: Path, events: Events) -> None:
    from cvicast_remote.fast import Request, calibrate
    from cvicast_remote.table import write

    table: Path = arguments.calibration_table
    request = Request(
        model=arguments.model,
        dataset=arguments.dataset,
        pictures=arguments.input_num,
        mode=arguments.mode,
        processes=arguments.processes,
        memory_limit=arguments.memory_limit,
    )
    try:
        if asked := _stocks_own(arguments):
            raise NotCovered(f"{' '.join(asked)} was asked for")
        outcome = calibrate(request, events)
    except NotCovered as reason:
        _stock(arguments, folder, events, str(reason))
        return
    write(outcome.table, table)
    plan = outcome.plan
    events.emit(
        "done",
        calibrator="fast",
        mode=plan.mode,
        processes=plan.processes,
        predictedBytes=plan.predicted,
        peakBytes=outcome.peak,
        why=plan.why,
        unprovenForms=outcome.unproven,
    )


def _stock(arguments: argparse.Namespace, folder: Path, events: Events, why: str) -> None:
    from cvicast_remote import stock

    print(f"calibrating with stock run_calibration: {why}", file=sys.stderr)
    events.emit("progress", stage="stock", done=0, total=1, secondsLeft=None, memoryBytes=0)
    peak = stock.run(
        folder,
        arguments.model,
        arguments.dataset,
        arguments.input_num,
        arguments.calibration_table,
        _stocks_own(arguments),
    )
    events.emit("done", calibrator="stock", mode=None, processes=1, predictedBytes=None, peakBytes=peak, why=why)


def main(argv: list[str]) -> int:
    """Runs the calibration; see the module's docstring."""
    arguments = _arguments(argv)
    folder = toolchain.package_folder()
    if folder is not None and os.environ.get(READY) != str(os.getpid()):
        _with_environment(argv, folder)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, _on_signal)
    events = Events()
    if folder is None:
        events.emit("error", code="no-toolchain", message="tpu_mlir is not installed in this Python")
        return NO_TOOLCHAIN
    try:
        if not os.path.isfile(arguments.model):
            raise Refused("no-model", f"{arguments.model} is not a file")
        _calibrate(arguments, folder, events)
    except Refused as failure:
        events.emit("error", code=failure.code, message=failure.message)
        return FAILED
    except MemoryError:
        events.emit("error", code="memory", message="not enough memory")
        return FAILED
    except Exception as error:
        traceback.print_exc()
        events.emit("error", code="internal", message=f"{type(error).__name__}: {error}")
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
