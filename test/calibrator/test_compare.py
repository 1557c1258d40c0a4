"""The comparison in a process a core prints, line for line, what the tools' own prints, and ends as it does."""

import re
from pathlib import Path

import numpy as np
import pytest
from runs import REMOTE, Ran, Toolchain

FAST, STOCK = "fast", "stock"


def compared(toolchain: Toolchain, folder: Path, *arguments: str) -> dict[str, Ran]:
    """The same command line by both, in the environment that the tools that ask have set."""
    package = next((toolchain.python.parent.parent / "lib").glob("python3*/site-packages/tpu_mlir"))
    tools = {FAST: REMOTE / "bin/npz_tool.py", STOCK: package / "python/tools/npz_tool.py"}
    env = {"PYTHONPATH": f"{package}/:{package}/python/:", "TPUC_ROOT": str(package)}
    return {
        name: toolchain.run([str(toolchain.python), str(tool), *arguments], folder, env) for name, tool in tools.items()
    }


def some_tensors(folder: Path, noise: float) -> None:
    random = np.random.default_rng(3)
    exact = {f"t{i}": random.standard_normal((1, 4, 5, i + 1)).astype(np.float32) for i in range(21)}
    near = {n: t + noise * random.standard_normal(t.shape).astype(np.float32) for n, t in exact.items()}
    near["t3"] = near["t3"].ravel()
    near["t4"] = near["t4"] * np.float32(np.nan)
    near["t5"] = near["t5"][:, :1]
    near["t6"], exact["t6"] = np.arange(8, dtype=np.int8), np.arange(8, dtype=np.float32)
    np.savez(folder / "one.npz", **near)
    np.savez(folder / "other.npz", **exact)


def without_progress(text: str) -> str:
    """Without tqdm's bar, which tells the time."""
    return re.sub(r"^.*\|.*$", "", text.replace("\r", "\n"), flags=re.MULTILINE)


@pytest.mark.parametrize("noise", [1e-4, 1.0])
def test_prints_and_ends_like_the_tools_own(toolchain: Toolchain, tmp_path: Path, noise: float) -> None:
    some_tensors(tmp_path, noise)
    words = ("compare", "one.npz", "other.npz", "--tolerance", "0.9,0.8", "--except", "-", "-vv")
    ran = compared(toolchain, tmp_path, *words)
    assert "t20" in ran[FAST].out
    assert ran[FAST].out == ran[STOCK].out
    assert ran[FAST].code == ran[STOCK].code


def test_passes_and_says_so(toolchain: Toolchain, tmp_path: Path) -> None:
    for name in ("one.npz", "other.npz"):
        np.savez(tmp_path / name, a=np.ones(9, np.float32), b=np.arange(9, dtype=np.float32))
    ran = compared(toolchain, tmp_path, "compare", "one.npz", "other.npz", "-vv")
    assert "2 compared" in ran[FAST].out
    assert "npz compare PASSED." in ran[FAST].out
    assert (ran[FAST].out, ran[FAST].code) == (ran[STOCK].out, 0)


def test_a_comparison_that_falls_over_is_left_out_by_both(toolchain: Toolchain, tmp_path: Path) -> None:
    # Pickled, which numpy refuses to read. Alone: the tools' own would leave their lock locked for the next tensor.
    for name in ("one.npz", "other.npz"):
        np.savez(tmp_path / name, odd=np.array({}, dtype=object))
    ran = compared(toolchain, tmp_path, "compare", "one.npz", "other.npz", "-vv")
    assert "Object arrays cannot be loaded" in ran[FAST].err
    assert "0 compared" in ran[FAST].out
    assert (ran[FAST].out, ran[FAST].code) == (ran[STOCK].out, ran[STOCK].code)


@pytest.mark.parametrize("words", [("get_shape", "one.npz", "t1"), ("nothing",), ()])
def test_other_verbs_are_the_tools_own(toolchain: Toolchain, tmp_path: Path, words: tuple[str, ...]) -> None:
    some_tensors(tmp_path, 0)
    ran = compared(toolchain, tmp_path, *words)
    assert (ran[FAST].out, ran[FAST].code) == (ran[STOCK].out, ran[STOCK].code)
    assert without_progress(ran[FAST].err) == without_progress(ran[STOCK].err)


DIES = """
import gc, multiprocessing, os, signal
import numpy as np

def die(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)

def npz_compare(arguments):
    one, results = np.load(arguments[0]), multiprocessing.Manager().dict()
    process = multiprocessing.Process(target=die, args=(None, one, one, "a", 2, multiprocessing.Lock(), results))
    process.start()
    process.join()
"""


def test_a_worker_that_is_killed_leaves_the_comparison_to_the_tools_own(toolchain: Toolchain, tmp_path: Path) -> None:
    files = {
        "numpy_helper/__init__.py": "from .npz_compare import npz_compare",
        "numpy_helper/npz_compare.py": DIES,
        "tpu_mlir/__init__.py": "",
        "tpu_mlir/python/tools/npz_tool.py": "import sys; print('as it is', *sys.argv[1:])",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    np.savez(tmp_path / "one.npz", a=np.ones(9, np.float32))
    tool = [str(toolchain.python), str(REMOTE / "bin/npz_tool.py"), "compare", "one.npz", "one.npz"]
    ran = toolchain.run(tool, tmp_path, {"PYTHONPATH": str(tmp_path)})
    assert (ran.out, ran.code) == ("as it is compare one.npz one.npz\n", 0)
