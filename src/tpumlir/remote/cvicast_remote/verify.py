"""`python -m cvicast_remote.verify`: does the finished model run, and how near is it to the float model?

Takes what the chip's simulator makes of the test picture with this very file (as deploy has run it, else from
model_runner), and compares each output with the float reference that model_transform left. One JSON line on stdout
tells the numbers; exit 1 when the model is not for the processor, does not run, or gives an output that is no number.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvicast_remote import simulation

Tensor = NDArray[np.float64]
MEBIBYTE = 1024 * 1024
UNITS = {"B": 1, "KB": 1024, "MB": MEBIBYTE, "GB": 1024 * MEBIBYTE}


def say(event: dict[str, Any]) -> None:
    """One line for the client. NaN is no JSON: the client would drop the whole line."""
    print(json.dumps(event, allow_nan=False))


def run(argv: list[str]) -> str:
    """A tool's whole output; a failure ends the program with it."""
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout)
        say({"type": "verify-failed", "why": f"{argv[0]} ended with {done.returncode}"})
        sys.exit(1)
    return done.stdout


def simulated(model: str, picture: str) -> Path:
    """The file of outputs that the simulator makes of a picture."""
    result = Path("verify_outputs.npz")
    run(["model_runner.py", "--input", picture, "--model", model, "--output", str(result)])
    return result


def information(text: str) -> dict[str, Any]:
    """What model_tool --info says: chip, versions, memory."""
    chip = re.search(r"^For (\w+) chip", text, re.MULTILINE)
    mlir = re.search(r"^Mlir Version: (\S+)", text, re.MULTILINE)
    version = re.search(r"^Cvimodel Version: (\S+)", text, re.MULTILINE)
    memory = re.search(r"ION Memory Size: \(([\d.]+) (B|KB|MB|GB)\)", text)
    return {
        "chip": chip and chip[1].lower(),
        "mlirVersion": mlir and mlir[1],
        "cvimodelVersion": version and version[1],
        "ionBytes": memory and round(float(memory[1]) * UNITS[memory[2]]),
    }


def output_names(text: str) -> list[str]:
    """The program's outputs in their order; model_runner's file holds intermediate tensors and the input too."""
    line = re.search(r"^ +outputs +: (.+)$", text, re.MULTILINE)
    return line[1].strip().split(",") if line else []


def similarity(actual: Tensor, reference: Tensor) -> dict[str, float | None]:
    """Cosine, euclidean similarity and SQNR (dB, None where undefined) as the tools' own comparison defines them."""
    if np.array_equal(actual, reference):
        return {"cosine": 1.0, "euclidean": 1.0, "sqnr": None}
    norms = float(np.linalg.norm(actual) * np.linalg.norm(reference))
    half = float(np.linalg.norm(actual + reference)) / 2
    noise = reference - actual
    signal, disturbance = float(np.sum((reference - reference.mean()) ** 2)), float(np.sum((noise - noise.mean()) ** 2))
    return {
        "cosine": float(actual @ reference) / norms if norms > 0 else 0.0,
        "euclidean": 1 - float(np.linalg.norm(noise)) / half if half > 0 else 0.0,
        "sqnr": 10 * float(np.log10(signal / disturbance)) if signal > 0 and disturbance > 0 else None,
    }


def reference_of(name: str, size: int, references: dict[str, Tensor]) -> str | None:
    """The float tensor that an output of the quantised model stands for: deploy appends the type it casts to."""
    plain = re.sub(r"_(f32|bf16|f16|si8|ui8)$", "", name)
    return next((n for n in (name, plain) if n in references and references[n].size == size), None)


@dataclass
class Comparison:
    """What there is to say of the outputs."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    unmatched: list[str] = field(default_factory=list)
    """Nothing to compare with: no tensor of the float model goes with it, or one that is no number itself."""
    not_finite: list[str] = field(default_factory=list)
    """Hold NaN or infinity."""


def compare(names: Sequence[str], actual: Mapping[str, NDArray[Any]], references: dict[str, Tensor]) -> Comparison:
    """Each output of the finished model against the float tensor that it stands for."""
    found = Comparison()
    for name in names:
        shape = list(actual[name].shape)
        flat = np.asarray(actual[name], dtype=np.float64).ravel()
        reference = reference_of(name, flat.size, references)
        if not np.isfinite(flat).all():
            found.not_finite.append(name)
        elif reference is None or not np.isfinite(references[reference]).all():
            found.unmatched.append(name)
        else:
            figures = similarity(flat, references[reference])
            found.outputs.append({"name": name, "shape": shape, "finite": True, **figures})
    return found


def main() -> int:
    """Prints the verdict as one JSON line."""
    parser = argparse.ArgumentParser()
    for name in ("--model", "--input", "--reference", "--processor"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    text = run(["model_tool", "--info", args.model])
    facts = information(text)
    if facts["chip"] != args.processor:
        why = f"the model is for {facts['chip']}, not for {args.processor}"
        say({"type": "verify-failed", "why": why, **facts})
        return 1
    result = simulation.kept_of(Path(args.model)) or simulated(args.model, args.input)
    with np.load(args.reference) as stored:
        references = {n: np.asarray(stored[n], dtype=np.float64).ravel() for n in stored.files}
    with np.load(result) as stored:
        found = compare(output_names(text), stored, references)
    result.unlink()
    if found.not_finite:
        say({"type": "verify-failed", "why": f"not finite: {', '.join(found.not_finite)}", **facts})
        return 1
    least = min((o["cosine"] for o in found.outputs), default=None)
    say({"type": "verified", **facts, "minCosine": least, "outputs": found.outputs, "unmatched": found.unmatched})
    return 0


if __name__ == "__main__":
    sys.exit(main())
