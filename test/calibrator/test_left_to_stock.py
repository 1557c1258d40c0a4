"""What the fast way does not cover: it is recognised, and stock run_calibration does it, said in one line."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from graphs import graph_of
from runs import REMOTE

from cvicast_remote import fast, toolchain
from cvicast_remote.collect import extent_on
from cvicast_remote.failures import NotCovered
from cvicast_remote.forward import Forward
from cvicast_remote.graph import INPUT, read_graph
from cvicast_remote.pictures import choose

SHAPE = [1, 3, 4, 4]


def _op(name: str, kind: str = "top.Conv", reads: tuple[str, ...] = (), **changed: Any) -> SimpleNamespace:
    attributes = {"pixel_format": '"rgb"'} if kind == INPUT else {}
    facts = {"name": name, "type": kind, "outputs": [name], "shape": SHAPE, "opds": list(reads), "attrs": attributes}
    return SimpleNamespace(**{**facts, **changed})


IN, CONV = _op("in", INPUT), _op("conv", reads=("in", "its weight"))


@dataclass
class Parser:
    """The part of the tool's MlirParser that the graph is read from."""

    ops: list[SimpleNamespace] = field(default_factory=lambda: [IN, CONV])
    inputs: int = 1
    batch: int = 1

    def get_input_num(self) -> int:
        return self.inputs

    def get_batch_size(self) -> int:
        return self.batch

    def get_op_output_name_list(self) -> list[str]:
        return [op.name for op in self.ops]


def test_a_plain_graph_is_covered() -> None:
    assert [(op.name, op.inputs) for op in read_graph(Parser()).ops] == [("in", ()), ("conv", (0,))]


@pytest.mark.parametrize(
    ("parser", "why"),
    [
        (Parser(inputs=2), "the model has 2 inputs"),
        (Parser(batch=4), "the model's batch is 4"),
        (Parser([IN, _op("split", "top.Split", ("in",), outputs=["split", "more"])]), "more than one output"),
        (Parser([IN, _op("none", "top.None", ("in",), outputs=None)]), "more than one output"),
        (Parser([IN, CONV, CONV]), "two operators are called conv"),
        (Parser([IN, _op("free", reads=("in",), shape=[])]), "operator free has no fixed shape"),
        (Parser([IN, _op("free", reads=("in",), shape=[1, -1, 4, 4])]), "operator free has no fixed shape"),
        (Parser([IN, _op("late", INPUT)]), "the input is not the first operator"),
        (Parser([IN, _op("early", reads=("late",)), _op("late", reads=("in",))]), "reads what comes after it"),
        (Parser([IN, _op("constant", "top.Weight")]), "reads no tensor"),
        (Parser([_op("in", INPUT, attrs={})]), "the input is not a picture"),
        (Parser([]), "the input is not the first operator"),
    ],
)
def test_graphs(parser: Parser, why: str) -> None:
    with pytest.raises(NotCovered, match=why):
        read_graph(parser)


@pytest.mark.parametrize(
    ("found", "why"), [("1.8", "tpu_mlir is 1.8, not 1.7"), ("", "tpu_mlir is not installed, not 1.7")]
)
def test_another_version(found: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "version", lambda: found)
    with pytest.raises(NotCovered, match=why):
        fast.calibrate(SimpleNamespace(), SimpleNamespace())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("names", "all_pictures", "why"),
    [
        (["a.npz"], False, "the data set is not of pictures"),
        (["a,b.jpg"], True, "'a,b.jpg' as something else"),
        ([" a.jpg"], True, "' a.jpg' as something else"),
    ],
)
def test_data_sets(names: list[str], all_pictures: bool, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    selector = ModuleType("calibration.data_selector")
    chosen = SimpleNamespace(all_image=all_pictures, data_list=names)
    selector.DataSelector = lambda _dataset, _count, _list: chosen  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "calibration.data_selector", selector)
    with pytest.raises(NotCovered, match=why):
        choose("pictures", 1)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite(value: float) -> None:
    extremes = np.zeros((2, 1, 3), np.float32)
    extremes[1, 0, 2] = value
    with pytest.raises(NotCovered, match="operator conv gives values that are not finite"):
        extent_on(SimpleNamespace(extremes=extremes), 0, "conv")  # type: ignore[arg-type]


@pytest.mark.parametrize("out", [np.zeros((1, 3, 4, 4), np.int8), np.zeros((2, 3, 4, 4), np.float32)])
def test_operators_that_do_not_give_one_float_tensor(out: Any) -> None:
    module = SimpleNamespace(set_tensor=lambda _name, _data: None, invoke_at=lambda _name: out)
    graph = graph_of((INPUT, (1, 3, 4, 4), ()), ("top.Conv", (1, 3, 4, 4), (0,)))
    with pytest.raises(NotCovered, match="operator o1"):
        Forward(graph, module, {}, lambda _number: out).run(1, {0: out}, 0)  # type: ignore[arg-type]


STAND_IN = """
import sys
print("stock was called")
open(sys.argv[-1], "w").write(" ".join(sys.argv[1:-2]))
"""
"""Of run_calibration.py: its table is how it was called."""

WITHOUT_TOOLCHAIN = """
import os, sys
from pathlib import Path
from cvicast_remote import calibrate, toolchain
toolchain.package_folder = lambda: Path(sys.argv[1])
toolchain.version = lambda: "1.7"
toolchain.COVERED_VERSION = sys.argv[2]
os.environ[calibrate.READY] = str(os.getpid())
sys.exit(calibrate.main(sys.argv[3:]))
"""


def _left_to_stock(folder: Path, stand_in: str, covered: str, arguments: list[str]) -> "subprocess.Popen[str]":
    """A calibration in that folder with this run_calibration.py."""
    tools = folder / "toolchain/python/tools"
    tools.mkdir(parents=True)
    (tools / "run_calibration.py").write_text(stand_in)
    (folder / "m.mlir").touch()
    command = [sys.executable, "-c", WITHOUT_TOOLCHAIN, str(folder / "toolchain"), covered, *arguments]
    env = {"PYTHONPATH": str(REMOTE)}
    return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(
    ("covered", "options", "why"),
    [
        ("1.6", [], "tpu_mlir is 1.7, not 1.6"),
        ("1.7", ["--tune_num", "9", "--debug_cmd", "a"], "--tune_num 9 --debug_cmd a was asked for"),
    ],
)
def test_stock_does_it(tmp_path: Path, covered: str, options: list[str], why: str) -> None:
    arguments = ["m.mlir", "--dataset", "pictures", "--input_num", "7", *options, "-o", "table"]
    process = _left_to_stock(tmp_path, STAND_IN, covered, arguments)
    out, said = process.communicate()
    assert process.returncode == 0, said
    assert said.splitlines() == [f"calibrating with stock run_calibration: {why}", "stock was called"]
    last = json.loads(out.splitlines()[-1])
    assert (last["type"], last["calibrator"], last["why"]) == ("done", "stock", why)
    assert (tmp_path / "table").read_text().split() == arguments[:-2]


WAITS = """
import os, signal, sys
open(sys.argv[-1] + ".1", "w").write("half")
print("stock is", os.getpid(), flush=True)
signal.pause()
"""


def test_sigterm_ends_stock_too(tmp_path: Path) -> None:
    process = _left_to_stock(tmp_path, WAITS, "1.6", ["m.mlir", "--dataset", "pictures", "-o", "table"])
    assert process.stderr is not None
    stock = next(int(line.split()[-1]) for line in process.stderr if line.startswith("stock is"))
    process.terminate()
    code, left = process.wait(), Path(f"/proc/{stock}").exists()
    if left:
        os.kill(stock, signal.SIGKILL)
    process.communicate()
    assert (code, left) == (128 + signal.SIGTERM, False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.mlir", "toolchain"]
