"""The way to stock: a stand-in of run_calibration.py does as the real one, or fails as it does."""

import os
from pathlib import Path

import pytest

from cvicast_remote import stock
from cvicast_remote.failures import Refused

WRITES = """
import sys
assert sys.argv[1:6] == ["m.mlir", "--dataset", "pictures", "--input_num", "7"], sys.argv
for ending in ("", ".1"):
    open(sys.argv[-1] + ending, "w").write("table" + ending)
print("on stdout")
"""
FAILS = "import sys\nopen(sys.argv[-1] + '.1', 'w').write('half')\nsys.exit(1)\n"


def _run(folder: Path, program: str) -> int:
    tools = folder / "toolchain/python/tools"
    tools.mkdir(parents=True)
    (tools / "run_calibration.py").write_text(program)
    return stock.run(folder / "toolchain", "m.mlir", "pictures", 7, folder / "table")


def test_leaves_the_table_alone(tmp_path: Path) -> None:
    _run(tmp_path, WRITES)
    assert (tmp_path / "table").read_text() == "table"
    assert sorted(os.listdir(tmp_path)) == ["table", "toolchain"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="exit code 1") as refused:
        _run(tmp_path, FAILS)
    assert refused.value.code == "stock-failed"
    assert os.listdir(tmp_path) == ["toolchain"]
