"""Stock run_calibration, for what the fast way does not cover: same arguments, same environment as its entry point."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from cvicast_remote import toolchain
from cvicast_remote.failures import Refused
from cvicast_remote.memory import proportional_bytes

LOOK_SECONDS = 0.5


def run(folder: Path, model: str, dataset: str, pictures: int, table: Path, options: Sequence[str] = ()) -> int:
    """Leaves stock's table under `table`, whole or not at all; returns its highest memory, bytes.

    What stock prints goes to stderr. Raises Refused("stock-failed").
    """
    beside = table.parent / f".{table.name}.{os.getpid()}"
    tool = folder / "python/tools/run_calibration.py"
    arguments = [model, "--dataset", dataset, "--input_num", str(pictures), *options, "-o", str(beside)]
    command = [sys.executable, str(tool), *arguments]
    env = {**toolchain.environment(folder), **dict.fromkeys(toolchain.ONE_THREAD, str(toolchain.STOCK_THREADS))}
    process = subprocess.Popen(command, env=env, stdout=2)
    highest = 0
    try:
        while True:
            try:
                code = process.wait(LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                highest = max(highest, proportional_bytes(process.pid))
        if code != 0 or not beside.exists():
            raise Refused("stock-failed", f"stock run_calibration ended with exit code {code}")
        beside.rename(table)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for left in (beside, beside.with_name(beside.name + ".1")):
            left.unlink(missing_ok=True)
    return highest
