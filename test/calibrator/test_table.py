"""The table: its text, its writing, its comparison."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from cvicast_remote import compare_tables
from cvicast_remote.failures import Refused
from cvicast_remote.table import first_difference, render, write

ROWS = [("images", 1.0000080, np.float32(0), np.float32(1.000008)), ("a", 2.5, np.float32(-0.0), 1e-5)]


def test_text() -> None:
    lines = render(ROWS, 2048, 100, 5).splitlines()
    assert lines[0].startswith("# genetated time: ")
    assert lines[1:] == [
        "# histogram number: 2048",
        "# sample number: 100",
        "# tune number: 5",
        "###",
        "# op_name    threshold    min    max",
        "images 1.0000080 0.0000000 1.0000080",
        "a 2.5000000 -0.0000000 0.0000100",
    ]


def test_only_the_time_may_differ() -> None:
    text = render(ROWS, 2048, 100, 5)
    assert first_difference(text, "# genetated time: then\n" + text.split("\n", 1)[1]) is None
    assert first_difference(text, text.replace("2.5000000", "2.5000001")) == (
        *(8, "a 2.5000000 -0.0000000 0.0000100", "a 2.5000001 -0.0000000 0.0000100"),
    )
    assert first_difference(text, text + "b 1 2 3\n") is not None


def test_compare_prints_the_first_difference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_text(render(ROWS, 2048, 100, 5))
    b.write_text(a.read_text().replace("2.5", "2.6"))
    assert compare_tables.main([str(a), str(a)]) == 0
    assert compare_tables.main([str(a), str(b)]) == 1
    out = capsys.readouterr().out
    left, right = "a 2.5000000 -0.0000000 0.0000100", "a 2.6000000 -0.0000000 0.0000100"
    assert out == f'line 8 differs: "{left}" in {a}, "{right}" in {b}\n'
    assert compare_tables.main([str(a), str(tmp_path / "none")]) == 2


def test_written_whole(tmp_path: Path) -> None:
    write("text\n", tmp_path / "table")
    assert (tmp_path / "table").read_text() == "text\n"
    assert os.listdir(tmp_path) == ["table"]


def test_a_full_disk_leaves_the_old_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "table").write_text("old\n")

    def full(_fd: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Refused, match="No space left") as refused:
        write("text\n", tmp_path / "table")
    assert refused.value.code == "table-not-written"
    assert os.listdir(tmp_path) == ["table"]
    assert (tmp_path / "table").read_text() == "old\n"


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="No such file"):
        write("text\n", tmp_path / "none/table")
