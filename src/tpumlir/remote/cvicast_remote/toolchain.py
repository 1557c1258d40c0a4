"""Where the toolchain is, which version, and the environment its libraries want."""

import importlib.metadata
import importlib.util
import os
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

COVERED_VERSION = "1.7"
"""The calibration of this tpu_mlir is the one that was read and compared; any other goes to stock."""

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")

STOCK_THREADS = 4
"""OpenMP threads that tpu_mlir sets for itself, whatever the cores. They are part of the result: on an AMD EPYC
without AVX-512, where oneDNN 3.1 computes convolutions with its gemm, one thread gave other last digits than four
(2026-11-28). threads.py finds the operators that do not mind."""


class Module(Protocol):
    """The part of pymlir.module that calibration uses."""

    input_names: list[str]

    def set_tensor(self, name: str, data: Floats, /) -> None: ...
    def invoke_at(self, name: str, /) -> Floats: ...


def package_folder() -> Path | None:
    """The folder of tpu_mlir, found without importing it (that starts shells); None where it is not installed."""
    spec = importlib.util.find_spec("tpu_mlir")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent


def version() -> str:
    """The installed version; empty when there is none."""
    try:
        return importlib.metadata.version("tpu_mlir")
    except importlib.metadata.PackageNotFoundError:
        return ""


def environment(folder: Path) -> dict[str, str]:
    """What tpu_mlir's own entry points set before they start a tool.

    As many threads as there, but they sleep while they wait: four that spin on few cores only keep each other waiting.
    """
    ours = str(Path(__file__).resolve().parent.parent)
    libraries = [folder / "lib", folder / "lib/capi", folder / "lib/third_party"]
    modules = [folder, folder / "python", folder / "customlayer/python"]
    env = dict(os.environ)
    env["LD_LIBRARY_PATH"] = ":".join(map(str, libraries))
    env["PYTHONPATH"] = ":".join([ours, *map(str, modules)])
    env["TPUC_ROOT"] = str(folder)
    env["TPUKERNEL_CUSTOM_FIRMWARE_PATH"] = str(folder / "lib/libcmodel_custom.so")
    env["OMP_NUM_THREADS"] = str(STOCK_THREADS)
    env["OMP_WAIT_POLICY"] = "passive"
    for name in ONE_THREAD:
        env[name] = "1"
    return env


def load_module(path: str, quantised_weights: bool) -> Module:
    """A model ready to invoke; with quantised_weights the one that tuning measures."""
    import pymlir

    module: Any = pymlir.module()
    module.load(path)
    if quantised_weights:
        module.fake_quant_weight()
    loaded: Module = module
    return loaded
