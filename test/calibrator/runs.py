"""Runs of the toolchain and of our calibrator for tests, proof and bench. Stock's tables are kept in .cache."""

import gzip
import hashlib
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
REMOTE = ROOT / "src/tpumlir/remote"
CACHE = ROOT / ".cache/calibrator"
FIXTURES = (ROOT / "examples", ROOT / "test/_fixtures")
PREPROCESSING = (
    *("--mean", "0.0,0.0,0.0", "--scale", "0.0039216,0.0039216,0.0039216"),
    *("--keep_aspect_ratio", "--pixel_format", "rgb"),
)


def fixture(name: str) -> Path:
    """A file or folder of that name in the examples or the tests' fixtures."""
    for folder in (*FIXTURES, *map(Path, filter(None, os.environ.get("CVICAST_FIXTURES", "").split(":")))):
        for found in sorted(folder.rglob(name)):
            return found
    raise FileNotFoundError(name)


def pictures() -> Path:
    """The folder of 100 calibration pictures."""
    return fixture("calibration")


def digest(*parts: bytes) -> str:
    """One short name for all these bytes."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(len(part).to_bytes(8, "little"))
        whole.update(part)
    return whole.hexdigest()[:24]


def machine() -> bytes:
    """The processor: its kernels round in their own way, so tables of another one prove nothing here."""
    return next((line for line in Path("/proc/cpuinfo").read_bytes().splitlines() if b"model name" in line), b"")


@dataclass(frozen=True)
class Ran:
    """A finished process: wall and CPU seconds (its children's included), stdout, stderr."""

    code: int
    wall: float
    cpu: float
    out: str
    err: str
    peak: int
    """Most memory of any one process of it, bytes."""

    @property
    def events(self) -> list[dict[str, object]]:
        """The JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def last(self) -> dict[str, object]:
        """The last event."""
        return self.events[-1]


class Toolchain:
    """A folder with bin/python and tpu_mlir in it."""

    def __init__(self, folder: str) -> None:
        self.python = Path(folder) / "bin/python"
        self.env = {**os.environ, "PATH": f"{self.python.parent}:{os.environ['PATH']}", "PYTHONPATH": str(REMOTE)}
        # Modules are compiled once, as on a real machine, not in every process.
        self.env.pop("PYTHONDONTWRITEBYTECODE", None)

    def run(self, argv: Sequence[str], folder: Path | None = None, env: Mapping[str, str] | None = None) -> Ran:
        """Runs to the end, whatever the end."""
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            start = time.monotonic()
            process = subprocess.Popen(argv, cwd=folder, env={**self.env, **(env or {})}, stdout=out, stderr=err)
            _, status, used = os.wait4(process.pid, 0)
            wall = time.monotonic() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            texts = [self._text(file) for file in (out, err)]
        return Ran(process.returncode, wall, used.ru_utime + used.ru_stime, *texts, used.ru_maxrss << 10)

    @staticmethod
    def _text(file: IO[str]) -> str:
        file.seek(0)
        return file.read()

    def calibrate(self, model: Path, dataset: Path, count: int, table: Path, *options: str) -> Ran:
        """Our calibrator, as the client calls it."""
        return self.run(self.command(model, dataset, count, table, *options), model.parent)

    def command(self, model: Path, dataset: Path, count: int, table: Path, *options: str) -> list[str]:
        """The command line of our calibrator."""
        arguments = [str(model), "--dataset", str(dataset), "--input_num", str(count), "-o", str(table), *options]
        return [str(self.python), "-m", "cvicast_remote.calibrate", *arguments]

    def stock(self, model: Path, dataset: Path, count: int, table: Path, env: Mapping[str, str] | None = None) -> Ran:
        """Stock run_calibration, as people call it."""
        tool = self.python.parent / "run_calibration.py"
        arguments = [model.name, "--dataset", str(dataset), "--input_num", str(count), "-o", str(table)]
        return self.run([str(tool), *arguments], model.parent, env)

    def stock_table(self, model: Path, dataset: Path, count: int) -> str:
        """Stock's table for these pictures on this processor; from .cache when it was made before.

        Its threads sleep instead of spin while they wait: the same table, and bearable on a busy machine.
        """
        names = sorted(p for p in dataset.rglob("*") if p.is_file())
        key = digest(model.parent.name.encode(), machine(), str(count).encode(), *(p.read_bytes() for p in names))
        kept = CACHE / "tables" / key
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            beside = kept.with_suffix(f".{os.getpid()}")
            ran = self.stock(model, dataset, count, beside, {"OMP_WAIT_POLICY": "passive"})
            if ran.code != 0:
                raise RuntimeError(f"stock run_calibration failed\n{ran.err[-2000:]}")
            beside.rename(kept)
        return kept.read_text()

    def transform(self, onnx: bytes, shape: str, outputs: str) -> Path | None:
        """The .mlir of a model, from .cache when it was made before; None when the tool cannot import it."""
        folder = CACHE / "models" / digest(onnx, shape.encode(), outputs.encode())
        model = folder / "model.mlir"
        if not (folder / "done").exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "model.onnx").write_bytes(onnx)
            tool = [
                str(self.python.parent / "model_transform.py"),
                "--model_name",
                "model",
                "--model_def",
                "model.onnx",
            ]
            wanted = ["--output_names", outputs] if outputs else []
            ran = self.run([*tool, "--input_shapes", shape, *PREPROCESSING, *wanted, "--mlir", model.name], folder)
            (folder / "log").write_text(ran.out + ran.err)
            (folder / "done").touch()
        return model if model.exists() else None


HEADS = re.compile(r"/(cv[234])\.(\d)/\1\.\2\.2/Conv_output_0$")


def shapes_320() -> tuple[bytes, str, str]:
    """The trained model at 320: bytes, shape, outputs to cut at (as transform() takes them)."""
    heads = [f"/model.23/cv{branch}.{i}/cv{branch}.{i}.2/Conv_output_0" for i in range(3) for branch in (2, 3)]
    return fixture("shapes-yolo11n-320.onnx").read_bytes(), "[[1,3,320,320]]", ",".join(heads)


def unpacked(path: Path) -> bytes:
    """The bytes of a file that may be packed."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
