"""The real thing in the real toolchain: the same table as stock's, and what happens when something breaks."""

import json
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs import Toolchain, pictures, shapes_320

from cvicast_remote.table import first_difference

COUNT = 5
PREDICTION = 0.25
"""How far the predicted memory may be off."""


@pytest.fixture(scope="module")
def model(toolchain: Toolchain) -> Path:
    mlir = toolchain.transform(*shapes_320())
    assert mlir is not None
    return mlir


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Path]:
    """Where the table goes; nothing else may be left there."""
    folder = tmp_path / "result"
    folder.mkdir()
    yield folder / "table"
    assert set(os.listdir(folder)) <= {"table"}


@pytest.mark.parametrize(
    ("options", "mode", "processes"),
    [((), "op", len(os.sched_getaffinity(0))), (("--mode", "stream", "--processes", "3"), "stream", 3)],
    ids=["default", "stream-3"],
)
def test_same_table(
    toolchain: Toolchain, model: Path, table: Path, options: tuple[str, ...], mode: str, processes: int
) -> None:
    ran = toolchain.calibrate(model, pictures(), COUNT, table, *options)
    assert ran.code == 0, ran.out + ran.err
    assert ran.last["type"] == "done"
    assert ran.last["calibrator"] == "fast", ran.last
    assert (ran.last["mode"], ran.last["processes"]) == (mode, min(processes, COUNT)), ran.last
    assert ran.last["unprovenForms"] == []
    assert abs(float(str(ran.last["predictedBytes"])) / float(str(ran.last["peakBytes"])) - 1) <= PREDICTION, ran.last
    progress = [event for event in ran.events if event["type"] == "progress"]
    assert {str(event["stage"]) for event in progress} <= {"activations", "tuning"}
    assert all({"done", "total", "secondsLeft", "memoryBytes"} <= event.keys() for event in progress)
    assert first_difference(toolchain.stock_table(model, pictures(), COUNT), table.read_text()) is None


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _started(toolchain: Toolchain, model: Path, table: Path) -> tuple["subprocess.Popen[str]", list[int]]:
    """A calibration that has begun to work, and its workers."""
    command = toolchain.command(model, pictures(), COUNT, table, "--processes", "2")
    process = subprocess.Popen(
        command, cwd=model.parent, env=toolchain.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["type"] == "progress"
    workers = _children(process.pid)
    assert len(workers) == 2
    for pid in (process.pid, *workers):
        assert "/dev/shm" not in Path(f"/proc/{pid}/maps").read_text()
    return process, workers


def _ended(process: "subprocess.Popen[str]", workers: list[int]) -> list[str]:
    out, _ = process.communicate()
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    return out.splitlines()


def test_a_killed_worker_fails_the_run(toolchain: Toolchain, model: Path, table: Path) -> None:
    process, workers = _started(toolchain, model, table)
    os.kill(workers[1], signal.SIGKILL)
    last = json.loads(_ended(process, workers)[-1])
    assert process.returncode == 1
    assert (last["type"], last["code"]) == ("error", "worker-killed")
    assert "worker 2 was killed by SIGKILL at" in last["message"]
    assert not table.exists()


def test_sigterm_ends_all(toolchain: Toolchain, model: Path, table: Path) -> None:
    process, workers = _started(toolchain, model, table)
    process.terminate()
    _ended(process, workers)
    assert process.returncode == 128 + signal.SIGTERM
    assert not table.exists()


def _refused(toolchain: Toolchain, model: Path, dataset: Path, table: Path, *options: str) -> dict[str, object]:
    ran = toolchain.calibrate(model, dataset, COUNT, table, *options)
    assert ran.code == 1, ran.out + ran.err
    assert ran.last["type"] == "error"
    assert not table.exists()
    return ran.last


def test_a_picture_that_is_gone(toolchain: Toolchain, model: Path, table: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "pictures"
    dataset.mkdir()
    for source in sorted(pictures().glob("*.jpg"))[:3]:
        shutil.copy(source, dataset)
    (dataset / "gone.jpg").symlink_to("nowhere.jpg")
    error = _refused(toolchain, model, dataset, table)
    assert error["code"] == "picture-gone"
    assert "gone.jpg" in str(error["message"])


def test_a_picture_that_is_none(toolchain: Toolchain, model: Path, table: Path, tmp_path: Path) -> None:
    dataset = tmp_path / "pictures"
    dataset.mkdir()
    (dataset / "a.jpg").write_text("not a picture")
    error = _refused(toolchain, model, dataset, table)
    assert error["code"] == "picture-unreadable"
    assert "a.jpg" in str(error["message"])


def test_no_weights(toolchain: Toolchain, model: Path, table: Path, tmp_path: Path) -> None:
    shutil.copy(model, tmp_path / "model.mlir")
    error = _refused(toolchain, tmp_path / "model.mlir", pictures(), table)
    assert error["code"] == "no-weights"


def test_no_pictures(toolchain: Toolchain, model: Path, table: Path, tmp_path: Path) -> None:
    assert _refused(toolchain, model, tmp_path, table)["code"] == "no-pictures"


def test_too_little_memory(toolchain: Toolchain, model: Path, table: Path) -> None:
    error = _refused(toolchain, model, pictures(), table, "--memory-limit", "100000000")
    assert error["code"] == "memory"
    assert "100 MB" in str(error["message"])


def test_memory_that_runs_out(toolchain: Toolchain, model: Path, table: Path) -> None:
    def little_memory() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (400_000 << 10, 400_000 << 10))

    command = toolchain.command(model, pictures(), COUNT, table)
    done = subprocess.run(
        command, cwd=model.parent, env=toolchain.env, capture_output=True, text=True, preexec_fn=little_memory
    )
    # Where no thread can be had any more, the OpenMP library itself ends the process; the client knows its words.
    if done.returncode != -signal.SIGABRT or "allocate necessary resources for OMP thread" not in done.stderr:
        assert done.returncode == 1, done.stderr
        assert json.loads(done.stdout.splitlines()[-1])["type"] == "error"
    assert not table.exists()


def test_a_disk_that_is_full(toolchain: Toolchain, model: Path, table: Path) -> None:
    def no_large_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    command = toolchain.command(model, pictures(), 1, table)
    done = subprocess.run(
        command, cwd=model.parent, env=toolchain.env, capture_output=True, text=True, preexec_fn=no_large_files
    )
    assert done.returncode == 1, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert (last["type"], last["code"]) == ("error", "table-not-written")
    assert not table.exists()
