"""The calibration table: written beside its name and renamed when it is whole; compared but for the time line."""

import datetime
import os
import tempfile
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path

import numpy as np

from cvicast_remote.failures import Refused

Number = float | np.float32 | np.float64
Row = tuple[str, Number, Number, Number]
"""Name, threshold, smallest, largest value."""

TIME_LINE = "# genetated time: "


def render(rows: Iterable[Row], bins: int, pictures: int, tune_number: int) -> str:
    """The text of the table (the misspelt time line is the tool's own)."""
    lines = [
        f"{TIME_LINE}{datetime.datetime.now()}",
        f"# histogram number: {bins}",
        f"# sample number: {pictures}",
        f"# tune number: {tune_number}",
        "###",
        "# op_name    threshold    min    max",
        *(f"{name} {threshold:.7f} {low:.7f} {high:.7f}" for name, threshold, low, high in rows),
    ]
    return "\n".join(lines) + "\n"


def write(text: str, path: Path) -> None:
    """Puts the table under its final name, whole or not at all. Raises Refused("table-not-written")."""
    beside: Path | None = None
    try:
        fd, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        beside = Path(name)
        with open(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(fd)
        beside.chmod(0o644)
        beside.rename(path)
    except OSError as error:
        if beside is not None:
            beside.unlink(missing_ok=True)
        raise Refused("table-not-written", f"{path}: {error.strerror}") from error


def first_difference(a: str, b: str) -> tuple[int, str, str] | None:
    """Line number (from 1) and both lines where two tables first differ; None when only the time does."""
    for number, (left, right) in enumerate(zip_longest(a.split("\n"), b.split("\n"), fillvalue="(missing)"), 1):
        if left != right and not (number == 1 and left.startswith(TIME_LINE) and right.startswith(TIME_LINE)):
            return number, left, right
    return None
