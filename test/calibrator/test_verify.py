"""The trial of the finished model: which outputs are compared, and what is said of one that is no number."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cvicast_remote import simulation, verify

ONES: NDArray[np.float64] = np.array([1.0, 2.0])


def compared(actual: Mapping[str, Any], reference: Mapping[str, Any]) -> verify.Comparison:
    references = {name: np.asarray(value, np.float64) for name, value in reference.items()}
    return verify.compare(list(actual), {n: np.asarray(v, np.float32) for n, v in actual.items()}, references)


def test_an_output_is_compared_with_the_tensor_of_its_name_without_the_type() -> None:
    found = compared({"a": ONES, "b_f32": ONES, "c_si8": ONES}, {"a": ONES, "b": ONES, "c": ONES})
    assert [(o["name"], o["cosine"]) for o in found.outputs] == [("a", 1.0), ("b_f32", 1.0), ("c_si8", 1.0)]
    assert (found.unmatched, found.not_finite) == ([], [])


@pytest.mark.parametrize("reference", [{}, {"a": [1.0, 2.0, 3.0]}, {"a": [1.0, np.nan]}])
def test_an_output_without_numbers_to_compare_with_is_named(reference: dict[str, Any]) -> None:
    found = compared({"a": ONES}, reference)
    assert (found.outputs, found.unmatched, found.not_finite) == ([], ["a"], [])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_output_that_is_no_number_is_named(bad: float) -> None:
    found = compared({"a": [1.0, bad], "b": ONES}, {"a": ONES, "b": ONES})
    assert (len(found.outputs), found.unmatched, found.not_finite) == (1, [], ["a"])


@pytest.mark.parametrize("actual", [[0.0, 0.0], [1.0, 2.0], [5.0, 5.0], [-1.0, -2.0]])
@pytest.mark.parametrize("reference", [[0.0, 0.0], [1.0, 2.0], [5.0, 5.0]])
def test_every_figure_is_json(actual: list[float], reference: list[float]) -> None:
    json.dumps(compared({"a": actual}, {"a": reference}).outputs, allow_nan=False)


def test_what_is_no_json_is_not_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="JSON"):
        verify.say({"type": "verified", "minCosine": float("nan")})
    assert capsys.readouterr().out == ""


def verdict(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """What verify says of a model `m.cvimodel` in this folder, and its exit code."""
    Path("m.cvimodel").write_bytes(b"CviModel")
    np.savez("reference.npz", a=ONES)
    words = ["verify", "--model", "m.cvimodel", "--input", "i", "--reference", "reference.npz", "--processor", "cv181x"]
    monkeypatch.setattr("sys.argv", words)
    return verify.main(), json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("outputs", "status", "event"),
    [
        ([1.0, 2.0], 0, {"type": "verified", "minCosine": 1.0, "unmatched": []}),
        ([1.0, np.nan], 1, {"type": "verify-failed", "why": "not finite: a_f32"}),
    ],
)
def test_the_verdict(
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    outputs: list[float],
    status: int,
    event: dict[str, Any],
) -> None:
    def tool(argv: list[str]) -> str:
        if argv[0] == "model_runner.py":
            np.savez(argv[argv.index("--output") + 1], a_f32=np.array(outputs, np.float32))
        return "For CV181X chip\n    outputs : a_f32\n"

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(verify, "run", tool)
    code, said = verdict(monkeypatch, capsys)
    assert code == status
    assert {name: said[name] for name in event} == event
    assert said["chip"] == "cv181x"


def test_what_deploy_has_simulated_is_not_simulated_again_but_for_another_file(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def tool(argv: list[str]) -> str:
        asked.append(argv[0])
        if argv[0] == "model_runner.py":
            np.savez(argv[argv.index("--output") + 1], a_f32=-ONES)
        return "For CV181X chip\n    outputs : a_f32\n"

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(verify, "run", tool)
    for content, cosine, ran in ((b"CviModel", 1.0, []), (b"another", -1.0, ["model_runner.py"])):
        Path("m.cvimodel").write_bytes(content)
        np.savez("a_cv181x_int8_sym_model_outputs.npz", a_f32=ONES)
        simulation.keep(Path("a_cv181x_int8_sym_model_outputs.npz"))
        # Deploy deletes its own.
        Path("a_cv181x_int8_sym_model_outputs.npz").unlink()
        asked.clear()
        code, said = verdict(monkeypatch, capsys)
        assert (code, round(said["minCosine"], 6), asked) == (0, cosine, ["model_tool", *ran])


@pytest.mark.parametrize(("outputs", "models"), [("a_tpu_outputs.npz", 1), ("a_model_outputs.npz", 2)])
def test_what_is_not_clearly_of_one_model_is_not_kept(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, outputs: str, models: int
) -> None:
    monkeypatch.chdir(tmp_path)
    for number in range(models):
        Path(f"{number}.cvimodel").write_bytes(b"CviModel")
    np.savez(outputs, a=ONES)
    simulation.keep(Path(outputs))
    assert simulation.kept_of(Path("0.cvimodel")) is None


def test_what_cannot_be_kept_stops_nothing(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.cvimodel").write_bytes(b"CviModel")
    simulation.keep(Path("a_model_outputs.npz"))
    assert simulation.kept_of(Path("m.cvimodel")) is None
